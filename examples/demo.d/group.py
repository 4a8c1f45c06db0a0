"""A primary, its secondary and three sentinels on loopback, each a process of its own."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from resp import Connection, ReplyError, info

GROUP = 'demo'
DOWN_AFTER = 1000  # milliseconds of silence after which a sentinel calls the primary down
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def free_ports(count):
    """Ports that nobody has now; the kernel seldom gives one out again at once."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(('127.0.0.1', 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def die_with_parent():
    """In the child: end when the demo ends, however that happens."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Node:
    """One server or sentinel: its folder, its port, its process while it has one."""

    def __init__(self, name, command, folder, port):
        self.name, self.command, self.folder, self.port = name, command, folder, port
        self.process = None

    @property
    def address(self):
        return '127.0.0.1', self.port

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        log = open(os.path.join(self.folder, 'log'), 'ab')
        with log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent, start_new_session=True)

    def kill(self):
        if self.alive:
            self.process.kill()
            self.process.wait()

    def stop(self):
        if not self.alive:
            return
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.kill()

    def ask(self, *command, timeout=0.3):
        with Connection(self.address, timeout) as connection:
            return connection(*command)

    def info(self, *sections, timeout=0.3):
        with Connection(self.address, timeout) as connection:
            return info(connection, *sections)

    def log_tail(self, lines=15):
        with open(os.path.join(self.folder, 'log'), 'rb') as log:
            return log.read()[-4000:].decode('utf-8', 'replace').splitlines()[-lines:]


class Group:
    """Starts everything in a temporary folder; `close` ends it and leaves nothing behind."""

    def __init__(self, servers, sentinels, keep=False, down_after=DOWN_AFTER):
        """Two commands for the servers, three for the sentinels, each a list of words."""
        self.keep = keep
        self.folder = tempfile.mkdtemp(prefix='tandem-demo-')
        ports = free_ports(5)
        self.servers = [
            self.make('server 1', servers[0], ports[0], self.server_lines(ports[0])),
            self.make('server 2', servers[1], ports[1],
                      self.server_lines(ports[1]) + [f'replicaof 127.0.0.1 {ports[0]}']),
        ]
        self.sentinels = [
            self.make(f'sentinel {number}', sentinels[number - 1], port, [
                f'port {port}', 'bind 127.0.0.1',
                f'sentinel monitor {GROUP} 127.0.0.1 {ports[0]} 2',
                f'sentinel down-after-milliseconds {GROUP} {down_after}',
                f'sentinel failover-timeout {GROUP} 6000'])
            for number, port in enumerate(ports[2:], 1)]
        self.sentinel_addresses = [node.address for node in self.sentinels]

    def server_lines(self, port):
        return [f'port {port}', 'bind 127.0.0.1', 'save ""', 'repl-diskless-sync-delay 0']

    def make(self, name, command, port, lines):
        folder = os.path.join(self.folder, name.replace(' ', '-'))
        os.mkdir(folder)
        configuration = os.path.join(folder, 'configuration')
        with open(configuration, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines + [f'dir {folder}']) + '\n')
        return Node(name, [command[0], configuration] + command[1:], folder, port)

    @property
    def nodes(self):
        return self.servers + self.sentinels

    def start(self):
        for node in self.servers:
            node.start()
        for node in self.servers:
            wait_for(f'{node.name} answers', lambda n=node: n.ask('PING') == 'PONG', node=node)
        for node in self.sentinels:
            node.start()
        wait_for('the sentinels know each other and both servers', self.discovered, 30,
                 node=self.sentinels[0])

    def discovered(self):
        return all(
            view.get('num-other-sentinels') == '2' and view.get('num-slaves') == '1'
            and view.get('flags') == 'master' for view in map(self.view, self.sentinels)
        ) and self.in_sync()

    def view(self, sentinel):
        """What a sentinel says of the group, field by field."""
        reply = sentinel.ask('SENTINEL', 'MASTER', GROUP)
        return {k.decode(): v.decode() for k, v in zip(reply[::2], reply[1::2])}

    def said_primary(self, sentinel):
        """The port of the primary by this sentinel, or None."""
        try:
            found = sentinel.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', GROUP)
            return int(found[1]) if found else None
        except (OSError, ReplyError):
            return None

    def primary(self):
        """The server that calls itself primary and that most sentinels name."""
        ports = [self.said_primary(sentinel) for sentinel in self.sentinels]
        for node in self.servers:
            if ports.count(node.port) * 2 > len(ports) and node.alive:
                return node
        return None

    def agreed(self, port):
        return all(self.said_primary(sentinel) == port for sentinel in self.sentinels)

    def in_sync(self):
        """Whether one server is primary and the other follows it."""
        roles = [node.ask('ROLE') for node in self.servers if node.alive]
        followers = [role for role in roles if role[0] == b'slave']
        return (len(roles) == 2 and len(followers) == 1
                and followers[0][3] == b'connected'
                and [role for role in roles if role[0] == b'master'])

    def close(self):
        for node in self.sentinels + self.servers:
            node.stop()
        if self.keep:
            print(f'kept: {self.folder}')
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


class TookTooLong(Exception):
    """Something did not come about in time."""


def wait_for(what, condition, seconds=15, node=None):
    """Returns how many seconds it took until the condition held."""
    begin = time.monotonic()
    reason = ''
    while time.monotonic() - begin < seconds:
        try:
            if condition():
                return time.monotonic() - begin
            reason = ''
        except (OSError, ReplyError) as error:
            reason = f' ({error})'
        if node is not None and not node.alive:
            lines = '\n'.join(node.log_tail())
            raise TookTooLong(f'{node.name} ended with status {node.process.poll()}:\n{lines}')
        time.sleep(0.02)
    raise TookTooLong(f'not within {seconds} s: {what}{reason}')
