"""Short stories on connections of their own, compared as the raw bytes that come back."""
import re

from episodes_waiting import WaitingEpisodes
from grammar import Generator
from wire import Wire, encode

STEPS = 12  # most steps of an episode
CHANNELS = [b'a', b'b', b'c*', b'', b'__keyevent@0__:set', b'\x00']
OWN_ID = re.compile(rb'\$2\r\nid\r\n:\d+')
PATTERNS = [b'*', b'a*', b'?', b'__key*', b'[ab]']


class Episodes(WaitingEpisodes):
    """Each method is one kind; all return nothing and raise AssertionError at a difference."""

    def __init__(self, comparison, generator: Generator):
        self.comparison, self.generator = comparison, generator
        self.random = generator.random
        self.last = b''  # what was sent last

    def any(self):
        kind = self.random.choice([self.subscriber, self.subscriber, self.silent, self.garbage,
                                   self.inline, self.monitor, self.scan, self.waiting])
        try:
            kind()
        except OSError as error:
            raise AssertionError(f'command {self.comparison.sent}, {kind.__name__}: {error}, '
                                 f'after {self.last!r}') from error

    def open(self, protocol=None):
        pair = [Wire(server.port) for server in self.comparison.servers]
        protocol = protocol or self.random.choice([b'2', b'3'])
        for wire in pair:
            wire.ask(b'HELLO', protocol)
        return pair

    def raw(self, pair, data, what, tidy=lambda text: text):
        """Sends bytes, then a mark, and compares everything up to the mark."""
        mark = b'mark-%d' % self.random.randrange(10 ** 9)
        found, self.last = [], data
        for wire in pair:
            wire.send(data + encode([b'PING', mark]))
            found.append(tidy(OWN_ID.sub(b'id', wire.until(mark))))
        self.comparison.sent += 1
        self.judge(what, f'{what}: {data!r}', found)

    def judge(self, what, sent, found):
        """Both must have got the same; `sent` says after what."""
        if found[0] != found[1]:
            self.comparison.differ(what, f', {sent}\n'
                                   f'  ours:  {found[0]!r}\n  Redis: {found[1]!r}')

    def close(self, pair):
        for wire in pair:
            wire.close()

    def others(self, count=4):
        """Commands of another client that a subscriber may hear of."""
        pair = self.comparison.clients[1]
        commands = [self.generator.command() for _ in range(count)]
        self.comparison.batch(commands, pair)
        self.comparison.batch([[b'DISCARD'], [b'PUBLISH', self.random.choice(CHANNELS), b'x'],
                               [b'SPUBLISH', self.random.choice(CHANNELS), b'y']], pair)

    def subscriber(self):
        pair = self.open()
        for _ in range(self.random.randint(2, STEPS)):
            kind = self.random.choice(['', '', 'P', 'S'])
            names = self.random.choices(PATTERNS if kind == 'P' else CHANNELS,
                                        k=self.random.randint(1, 3))
            verb = self.random.choice(['SUBSCRIBE', 'SUBSCRIBE', 'UNSUBSCRIBE'])
            words = [(kind + verb).encode()] + names
            step = self.random.random()
            if step < 0.15:
                words = [(kind + 'UNSUBSCRIBE').encode()]
            elif step < 0.25:
                words = self.random.choice([[b'PING'], [b'PING', b'x', b'y'], [b'RESET'], [b'GET'],
                                            [b'GET', b'k1'], [b'HELLO', b'2'], [b'HELLO', b'3'],
                                            [b'CLIENT', b'GETNAME'], [b'PUBSUB', b'NUMPAT'],
                                            [b'PUBSUB', b'NUMSUB', b'a', b'b'],
                                            [b'PUBSUB', b'SHARDNUMSUB', b'a'], [b'SUBSCRIBE']])
            data = encode(words)
            if step > 0.9:
                data = encode([b'MULTI']) + data + encode([b'EXEC'])
            self.raw(pair, data, 'subscriber', heard)
            if self.random.random() < 0.5:
                self.others()
                self.raw(pair, b'', 'what a subscriber hears', by_pattern)
        self.close(pair)

    def silent(self):
        pair = self.open()
        for _ in range(self.random.randint(1, STEPS)):
            words = [b'CLIENT', b'REPLY', self.random.choice([b'OFF', b'SKIP', b'ON', b'x'])]
            extra = [b''.join(encode(w) for w in self.random.choice([
                [[b'GET', b'k1']], [[b'nosuch']], [[b'MULTI'], [b'GET', b'k1'], [b'EXEC']],
                [[b'SUBSCRIBE', b'a'], [b'UNSUBSCRIBE', b'a']], [[b'GET']]])) for _ in range(2)]
            self.raw(pair, encode(words) + b''.join(extra)
                     + encode([b'CLIENT', b'REPLY', b'ON']), 'silent client')
        self.close(pair)

    def inline(self):
        pair = self.open(b'2')
        pieces = [b'SET', b'k1', b'"a b"', b"'x y'", b'"\\x41\\n"', b'GET', b'PING', b'', b' ',
                  b'ECHO', b'"\\"q\\""', b"'it\\'s'", b'k2', b'\t', b'"\\a\\b\\z"']
        for _ in range(self.random.randint(1, STEPS)):
            line = b' '.join(self.random.choices(pieces, k=self.random.randint(0, 4)))
            line = line if b'PING' not in line else b'PING'
            self.raw(pair, line + self.random.choice([b'\r\n', b'\n']), 'inline request')
        self.close(pair)

    def garbage(self):
        """What breaks the protocol: the last words, then the end of the connection."""
        pair = self.open(b'2')
        data = self.random.choice([
            b'*1\r\n+PING\r\n', b'*x\r\n', b'*1\r\n$x\r\n', b'*1\r\n$-1\r\n', b'*1048577\r\n',
            b'*2147483648\r\n', b'*1\r\n$67108865\r\n', b'*-2147483649\r\n', b'*1\r\n$\r\n',
            b'SET "a\r\n', b"SET 'a'b\r\n", b'*1\r\n$4\r\nPING\r\n*1\r\nx\r\n', b'"\r\n',
            b'*1\r\n$99999999999999999999\r\n', b'*' + b'1' * 70000, b'a' * 70000,
            b'*1\r\n$' + b'1' * 70000, b'*1\r\n:4\r\n', b'*1 \r\n', b'*+1\r\n', b'*01\r\n'])
        before = encode([b'SET', b'k1', b'x']) if self.random.random() < 0.5 else b''
        found, self.last = [], data
        for wire in pair:
            wire.send(before + data)
            wire.finish()
            found.append(wire.rest())
        self.comparison.sent += 1
        self.judge('broken protocol', f'broken protocol: {data[:80]!r}', found)
        self.close(pair)

    def monitor(self):
        pair = self.open()
        for wire in pair:
            wire.ask(b'MONITOR')
        self.others(8)
        self.comparison.batch([[b'ECHO', b'over']], self.comparison.clients[1])
        found = [tidy_monitor(wire.until(b'over"')) for wire in pair]
        self.judge('MONITOR', 'MONITOR:', found)
        self.close(pair)

    def scan(self):
        """A whole iteration finds the same keys; nobody writes meanwhile."""
        pair = self.open()
        options = self.generator.maybe(0.5, [b'MATCH', self.random.choice(
            [b'*', b'k?', b'k[0-3]', b'nosuch', b'*a*'])])
        options += self.generator.maybe(0.3, [b'TYPE', self.random.choice([b'string', b'list'])])
        options += self.generator.maybe(0.5, [b'COUNT', b'%d' % self.random.randint(1, 20)])
        database = self.random.choice([b'0', b'1', b'2'])
        found = []
        for wire in pair:
            wire.ask(b'SELECT', database)
            cursor, keys, rounds = b'0', set(), 0
            while rounds == 0 or cursor != b'0':
                reply = wire.ask(b'SCAN', cursor, *options)
                cursor = reply[1].split(b'\r\n')[1]
                keys.update(reply[2][1:])
                rounds += 1
            found.append(keys)
            self.comparison.sent += 1
        self.judge('SCAN ', f'SCAN {options!r}:', found)
        self.close(pair)


def unordered(text):
    """What UNSUBSCRIBE without names says comes in any order; the counts stay in their places."""
    pattern = re.compile(rb'([*>]3\r\n\$\d+\r\n[ps]?unsubscribe\r\n)\$(\d+)\r\n(.*?)\r\n(:\d+\r\n)',
                         re.S)
    names = sorted(match.group(3) for match in pattern.finditer(text))
    return pattern.sub(rb'\1\4', text), names


def heard(text):
    """The same, and apart from it what came by patterns, which have no order either."""
    pattern = re.compile(rb'[*>]4\r\n\$8\r\npmessage\r\n(?:\$\d+\r\n.*?\r\n){3}', re.S)
    return unordered(pattern.sub(b'', text)), sorted(pattern.findall(text))


def by_pattern(text):
    """What came, and apart from it, in order, what came by patterns: those have none."""
    pattern = re.compile(rb'[*>]4\r\n\$8\r\npmessage(?=\r\n)', re.S)
    pieces = re.split(rb'(?=[*>][234]\r\n\$)', re.sub(rb'\$\d+\r\nMARK\r\n', b'', text))
    return ([piece for piece in pieces if not pattern.match(piece)],
            sorted(piece for piece in pieces if pattern.match(piece)))


def tidy_monitor(text):
    """Lines of MONITOR without the time and the address."""
    lines = re.sub(rb'\+[\d.]+ \[(\d+) [^\]]*\]', rb'[\1]', text).split(b'\r\n')
    # What follows AUTH is redacted here also where Redis finds that it is too much.
    return [re.sub(rb'"\d{9,}"', b'"#"', line) for line in lines
            if not re.match(rb'\[\d+\] "(auth|hello)"', line, re.I)]
