"""Watches the group and draws it as a table in the terminal."""
import shutil
import threading
import time

from group import GROUP
from resp import Connection, ReplyError


class Watcher(threading.Thread):
    """Asks every node a few times a second and keeps what it said."""

    def __init__(self, group):
        super().__init__(daemon=True)
        self.group = group
        self.rows = {}
        self.ended = threading.Event()

    def run(self):
        before = {}
        while not self.ended.is_set():
            offsets = {}
            for node in self.group.servers:
                self.rows[node.name] = self.server_row(node, before, offsets)
            self.add_lag(offsets)
            for node in self.group.sentinels:
                self.rows[node.name] = self.sentinel_row(node)
            self.ended.wait(0.25)

    def server_row(self, node, before, offsets):
        row = {'node': node.name, 'port': node.port}
        if not node.alive:
            return {**row, 'role': 'dead'}
        try:
            fields = node.info()
        except (OSError, ReplyError) as error:
            return {**row, 'role': str(error)[:20]}
        is_primary = fields.get('role') == 'master'
        offset = int(fields.get('master_repl_offset' if is_primary else 'slave_repl_offset', 0))
        offsets[node.name] = (is_primary, offset)
        link = '' if is_primary else fields.get('master_link_status', '')
        now, count = time.monotonic(), int(fields.get('total_commands_processed', 0))
        rate = ''
        if node.name in before and count >= before[node.name][1]:
            rate = f'{(count - before[node.name][1]) / (now - before[node.name][0]):.0f}'
        before[node.name] = (now, count)
        return {**row, 'role': 'primary' if is_primary else f'replica, {link}',
                'offset': offset, 'ops/s': rate, 'memory': fields.get('used_memory_human', '')}

    def add_lag(self, offsets):
        primary = max((offset for is_primary, offset in offsets.values() if is_primary), default=None)
        for name, (is_primary, offset) in offsets.items():
            if not is_primary and primary is not None:
                self.rows[name]['lag'] = max(primary - offset, 0)

    def sentinel_row(self, node):
        row = {'node': node.name, 'port': node.port}
        if not node.alive:
            return {**row, 'role': 'dead'}
        try:
            view = self.group.view(node)
        except (OSError, ReplyError) as error:
            return {**row, 'role': 'sentinel', 'says': str(error)[:30]}
        flags = ','.join(flag for flag in view['flags'].split(',') if flag != 'master')
        return {**row, 'role': 'sentinel',
                'says': f'primary is {self.group_name(view["port"])} {flags}'.strip()}

    def group_name(self, port):
        for node in self.group.servers:
            if node.port == int(port):
                return f'{node.name}:{port}'
        return port

    def stop(self):
        self.ended.set()
        self.join(3)


class EventReader(threading.Thread):
    """Keeps the last event that any of the sentinels published."""

    def __init__(self, sentinel):
        super().__init__(daemon=True)
        self.sentinel = sentinel
        self.last = ''

    def run(self):
        while self.sentinel.alive:
            try:
                with Connection(self.sentinel.address, timeout=None) as connection:
                    connection('PSUBSCRIBE', '*')
                    while True:
                        kind, _, channel, payload = connection.read()
                        if kind == b'pmessage' and b'__sentinel__' not in channel:
                            self.last = f'{channel.decode()} {payload.decode("utf-8", "replace")}'
            except (OSError, ReplyError, TypeError, ValueError):
                time.sleep(0.2)


COLUMNS = [('node', 11), ('port', 6), ('role', 14), ('offset', 11), ('lag', 7), ('ops/s', 7),
           ('memory', 9), ('says', 40)]


def draw(watcher, writers, message, event):
    """The whole screen as text."""
    width = shutil.get_terminal_size((100, 24)).columns
    lines = [f'Tandem: group {GROUP}', '']
    lines.append(''.join(title.ljust(size) for title, size in COLUMNS))
    for node in watcher.group.nodes:
        row = watcher.rows.get(node.name, {'node': node.name})
        lines.append(''.join(str(row.get(title, '')).ljust(size) for title, size in COLUMNS))
    lines.append('')
    for writer in writers:
        now = time.monotonic()
        pause = (now - writer.last_accepted) * 1000 if writer.last_accepted else 0
        lines.append(f'{writer.title:9} writes {len(writer.acknowledged):8}   longest gap '
                     f'{writer.longest_gap * 1000:6.0f} ms   now {pause:6.0f} ms   {writer.state}')
    lines += ['', f'last event: {event}', f'{message}', '',
              'k kill -9 the primary   s switch over   r restart the dead   q quit']
    return '\033[H' + '\n'.join(line[:width] + '\033[K' for line in lines) + '\033[J'
