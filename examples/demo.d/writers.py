"""Clients that write through sentinel discovery and remember what was acknowledged."""
import array
import threading
import time

from resp import ReplyError, connect_primary

PACE = 0.001  # seconds between two writes of one client


class Writer(threading.Thread):
    """Writes key after key, each once. A write counts as acknowledged when the server said OK and,
    for a checked writer, when WAIT then found it on a secondary."""

    def __init__(self, name, sentinels, group, checked):
        super().__init__(daemon=True)
        self.title, self.sentinels, self.group, self.checked = name, sentinels, group, checked
        self.acknowledged = array.array('q')
        self.unconfirmed = 0
        self.longest_gap = 0.0  # seconds between two accepted writes
        self.last_accepted = None
        self.state = 'starting'
        self.ended = threading.Event()
        self.number = 0

    def key(self, number):
        return f'{self.title}:{number}'

    def run(self):
        connection = None
        while not self.ended.is_set():
            try:
                if connection is None:
                    connection = connect_primary(self.sentinels, self.group)
                self.write(connection)
                self.state = 'writing'
                self.ended.wait(PACE)
            except (OSError, ReplyError) as error:
                self.state = str(error)[:60] or type(error).__name__
                if connection is not None:
                    connection.close()
                    connection = None
                self.ended.wait(0.005)
        if connection is not None:
            connection.close()

    def write(self, connection):
        self.number += 1
        number = self.number
        connection('SET', self.key(number), number)
        self.accepted()
        if self.checked and connection('WAIT', 1, 100) < 1:
            self.unconfirmed += 1
            return
        self.acknowledged.append(number)

    def accepted(self):
        now = time.monotonic()
        if self.last_accepted is not None:
            self.longest_gap = max(self.longest_gap, now - self.last_accepted)
        self.last_accepted = now

    def stop(self):
        """Ends the thread; a pause that was still going on counts."""
        if self.last_accepted is not None:
            self.longest_gap = max(self.longest_gap, time.monotonic() - self.last_accepted)
        self.ended.set()
        self.join(5)

    def lost(self, connection):
        """The acknowledged writes that the primary does not have."""
        missing = []
        numbers = list(self.acknowledged)
        for begin in range(0, len(numbers), 500):
            part = numbers[begin:begin + 500]
            values = connection('MGET', *[self.key(number) for number in part])
            missing += [n for n, value in zip(part, values) if value != b'%d' % n]
        return missing

    def summary(self, lost):
        return (f'{self.title} writes: acknowledged {len(self.acknowledged)}, lost {lost}, '
                f'longest gap {self.longest_gap * 1000:.0f} ms')
