"""Pairs of servers that begin alone, data to put into one and the comparison with the other."""
import os
import shutil
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'examples', 'demo.d'))
from group import Node, free_ports, wait_for  # noqa: E402
from resp import Connection  # noqa: E402

KEYS = 20_000


class Pair:
    """Servers that begin alone; gone at the end of the block."""

    def __init__(self, *commands):
        self.folder = tempfile.mkdtemp(prefix='tandem-interop-')
        self.nodes = []
        for number, (command, port) in enumerate(zip(commands, free_ports(len(commands)))):
            folder = os.path.join(self.folder, str(number))
            os.mkdir(folder)
            path = os.path.join(folder, 'configuration')
            with open(path, 'w', encoding='utf-8') as file:
                file.write(f'port {port}\nbind 127.0.0.1\ndir {folder}\nsave ""\n'
                           'repl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n')
            self.nodes.append(Node(f'server {number}', command[:1] + [path] + command[1:], folder,
                                   port))

    def __enter__(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            wait_for('PONG', lambda n=node: n.ask('PING') == 'PONG', node=node)
        return self.nodes

    def __exit__(self, *_):
        for node in self.nodes:
            node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def connect(node):
    return Connection(node.address, 20)


def fill(connection, begin=0, count=KEYS):
    """Strings of many sizes and kinds, some with an expiry far away."""
    for start in range(begin, begin + count, 500):
        commands = []
        for n in range(start, start + 500):
            value = str(n * 7919) if n % 3 == 0 else os.urandom(n % 50) + b'x' * (n % 300)
            command = ['SET', f'key:{n}', value]
            commands.append(command + ['PXAT', 33177117420000 + n] if n % 5 == 0 else command)
        for reply in connection.pipeline(commands):
            assert reply == 'OK', reply
    connection('SELECT', 3)
    connection('SET', f'elsewhere:{begin}', b'\x00\xff' * 40_000)
    connection('SELECT', 0)


def contents(node):
    """Everything in a server, read through ordinary commands."""
    found = {}
    with connect(node) as connection:
        for database in (0, 3):
            connection('SELECT', database)
            cursor = b'0'
            while True:
                cursor, keys = connection('SCAN', cursor, 'COUNT', 1000)
                if keys:
                    values = connection('MGET', *keys)
                    ends = connection.pipeline([['PEXPIRETIME', key] for key in keys])
                    found.update({(database, k): (v, e) for k, v, e in zip(keys, values, ends)})
                if cursor == b'0':
                    break
    return found


def expect_equal(one, two):
    left, right = contents(one), contents(two)
    assert left and left == right, \
        f'{len(left)} and {len(right)} keys, {len(set(left.items()) ^ set(right.items()))} differ'


def in_step(primary, replica):
    """Whether the replica has applied all that the primary has sent."""
    up, down = primary.info('replication'), replica.info('replication')
    return (down.get('master_link_status') == 'up'
            and up['master_repl_offset'] == down['slave_repl_offset'])
