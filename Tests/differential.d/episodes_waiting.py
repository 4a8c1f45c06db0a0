"""Stories about sessions that wait for keys and others that make these ready."""
import re
import select
import time

from wire import encode

KEYS = [b'w0', b'w1', b'w2', b'w3']


class WaitingEpisodes:
    """Waits begin and end in the same order on both servers, because each is looked at before
    anybody goes on."""

    def waiting(self):
        actor = self.open()
        waiters = [self.open() for _ in range(self.random.randint(2, 4))]
        ids = [[wire.ask(b'CLIENT', b'ID')[1:-2] for wire in pair] for pair in waiters]
        self.both(actor, [b'DEL'] + KEYS)
        for _ in range(self.random.randint(5, 30)):
            place = self.random.randrange(len(waiters))
            if self.random.random() < 0.6 and not self.are_waiting(actor, ids[place]):
                self.let_wait(actor, waiters[place], ids[place])
            else:
                self.act(actor, ids)
        for place, pair in enumerate(waiters):
            self.unblock(actor, ids[place], b'TIMEOUT')
            self.raw(pair, b'', 'what a waiter was sent')
            self.close(pair)
        for key in KEYS:
            self.both(actor, [b'LRANGE', key, b'0', b'-1'])
        self.both(actor, [b'DEL'] + KEYS)
        self.close(actor)

    def both(self, pair, words):
        self.last = encode(words)
        found = [wire.ask(*words) for wire in pair]
        self.comparison.sent += 1
        self.judge('beside waiters', repr(words), found)

    def are_waiting(self, actor, ids):
        found = [is_waiting(wire, name) for wire, name in zip(actor, ids)]
        self.judge('CLIENT LIST of a waiter', 'who waits', found)
        return found[0]

    def let_wait(self, actor, pair, ids):
        """Sends what waits; goes on when the session waits or was answered."""
        words = self.request()
        self.comparison.sent += 1
        self.last = encode(words)
        for wire, looker, name in zip(pair, actor, ids):
            wire.send(self.last)
            end = time.monotonic() + 10
            while not is_waiting(looker, name):
                if select.select([wire.socket], [], [], 0)[0]:
                    break
                if time.monotonic() > end:
                    raise AssertionError(f'{words!r} neither waits nor is answered')
        self.judge('waiting', repr(words), [
            bool(select.select([wire.socket], [], [], 0)[0]) for wire in pair])

    def request(self):
        names = self.random.choices(KEYS, k=self.random.randint(1, 3))
        end, other = (self.random.choice([b'LEFT', b'RIGHT']) for _ in range(2))
        count = [b'COUNT', b'%d' % self.random.randint(1, 3)]
        return self.random.choice([
            [b'BLPOP', *names, b'0'], [b'BRPOP', *names, b'0'],
            [b'BLMOVE', names[0], self.random.choice(KEYS), end, other, b'0'],
            [b'BRPOPLPUSH', names[0], self.random.choice(KEYS), b'100'],
            [b'BLMPOP', b'0', b'%d' % len(names), *names, end],
            [b'BLMPOP', b'1000', b'%d' % len(names), *names, end, *count]])

    def change(self):
        key, other = (self.random.choice(KEYS) for _ in range(2))
        values = [b'%d' % self.random.randrange(100) for _ in range(self.random.randint(1, 3))]
        return self.random.choice([
            [b'RPUSH', key, *values], [b'LPUSH', key, *values], [b'RPUSH', key, *values],
            [b'LMOVE', key, other, b'LEFT', b'RIGHT'], [b'RENAME', key, other], [b'DEL', key],
            [b'SET', key, b'x'], [b'COPY', key, other], [b'LPOP', key], [b'LTRIM', key, b'1', b'2'],
            [b'LMPOP', b'2', key, other, b'RIGHT'], [b'DEL', *KEYS], [b'RPUSHX', key, *values],
            [b'SADD', key, *values]])

    def act(self, actor, ids):
        chance = self.random.random()
        if chance < 0.1:
            place = self.random.randrange(len(ids))
            self.unblock(actor, ids[place], self.random.choice([b'TIMEOUT', b'ERROR']))
        elif chance < 0.4:
            self.both(actor, [b'MULTI'])
            for _ in range(self.random.randint(1, 5)):
                self.both(actor, self.random.choice([self.change, self.change, self.request])())
            self.both(actor, [b'EXEC'])
        else:
            self.both(actor, self.change())

    def unblock(self, actor, ids, how):
        self.comparison.sent += 1
        found = [wire.ask(b'CLIENT', b'UNBLOCK', name, how) for wire, name in zip(actor, ids)]
        self.judge('CLIENT UNBLOCK', how, found)


def is_waiting(wire, name):
    lines = wire.ask(b'CLIENT', b'LIST', b'ID', name)
    flags = re.search(rb' flags=(\S*) ', lines)
    return bool(flags) and b'b' in flags.group(1)
