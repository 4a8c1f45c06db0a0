"""Random commands on keys and strings, most of which make sense.

Other families of commands have a file each, grammar_*.py, with a class Family: its methods c_NAME
give the arguments of a command; NAMES are keys that it likes to use. Besides it may say WHOLE
(commands of which no word may be left out or replaced), and of replies UNORDERED (sets), PAIRS
(maps), CHANCE (only how many elements), SCANS (words of an element), CONTENTS (commands that show
a whole value, by type).
"""
import glob
import importlib
import os
import random
import re

from grammar_hyperloglog import HyperLogLogGrammar
from grammar_server import ServerGrammar

FAMILIES = [module.Family for module in (
    importlib.import_module(os.path.basename(path)[:-3])
    for path in sorted(glob.glob(os.path.join(os.path.dirname(__file__), 'grammar_*.py'))))
    if hasattr(module, 'Family')]

SECONDS = 900  # the shortest time to live


# These would end the server, or wait, when a word is left out; or change what all others see.
WHOLE = set('''shutdown debug failover replicaof slaveof client config wait replconf save bgsave
hello memory acl scan latency module'''.split())
RARE = set('''flushall flushdb select discard multi watch move swapdb reset save debug
randomkey restore-asking'''.split())


WHOLE.update(*(getattr(family, 'WHOLE', ()) for family in FAMILIES))
OTHER_NAMES = [name for family in FAMILIES for name in family.NAMES]


class Generator(HyperLogLogGrammar, ServerGrammar, *FAMILIES):
    """Random commands, most of which make sense."""

    KEYS = [b'k%d' % n for n in range(8)] + [b'', b'a b', b'\x00\xff', b'{tag}x', b'long' * 30]
    NUMBERS = [0, 1, -1, 2, 3, 5, 7, 8, 15, 16, 63, 64, 99, 100, 255, 1000, -2, -5, -100,
               4294967295, 4294967296, 536870911, 9223372036854775807, -9223372036854775808]
    ODD = [b'', b'0x10', b'1e3', b'+1', b' 1', b'1 ', b'01', b'-0', b'nan', b'inf', b'-inf',
           b'9223372036854775808', b'-9223372036854775809', b'18446744073709551616', b'1.5',
           b'3.0', b'.5', b'5.', b'1e400', b'abc', b'\x00', b'*', b'i8', b'u64', b'u63', b'#1',
           b'NX', b'XX', b'GET', b'EX', b'KEEPTTL', b'1' * 40, b'0' * 30 + b'1']
    FLOATS = [b'0.1', b'-0.5', b'1e10', b'1e-10', b'3.14159265358979', b'1e100', b'100', b'-1e3',
              b'5e-324', b'1.7e308', b'1e4932', b'0.30000000000000004']

    def __init__(self, seed, names):
        self.random = random.Random(seed)
        self.names = names
        self.shapes = {name: getattr(self, 'c_' + re.sub('[|-]', '_', name), None)
                       for name in names}
        self.known = [name for name in names if self.shapes[name]]
        self.data = [name for name in self.known if not hasattr(ServerGrammar, 'c_' + name)]
        self.depth = 0

    def pick(self, *options):
        return self.random.choice(options)

    def some(self, function, low=1, high=4):
        return [function() for _ in range(self.random.randint(low, high))]

    def key(self):
        if self.random.random() < 0.12:
            return self.random.choice(OTHER_NAMES)
        return self.random.choice(self.KEYS[:8] if self.random.random() < 0.9 else self.KEYS)

    def name_of(self, family):
        """A key that mostly holds what the family is about, if it is there."""
        return self.key() if self.random.random() < 0.07 else self.random.choice(family.NAMES)

    def sample_count(self):
        return self.pick(0, 1, 2, 5, 1000, 10 ** 6, -1, -5, b'x', -2 ** 63, 2 ** 62, 2 ** 63 - 1)

    def scan_words(self):
        """A walk that mostly ends with its first step, as steps differ between servers."""
        words = [self.pick(0, 0, 0, 0, 0, b'x', b'')] + self.maybe(0.8, ['COUNT', 10 ** 6])
        words += self.maybe(0.3, ['COUNT', self.pick(10 ** 6, 0, -1, b'x', 2 ** 63)])
        return words + self.maybe(0.4, ['MATCH', self.pick('*', '*1*', 'm?', 'f[0-5]', '[', '')])

    def number(self):
        chance = self.random.random()
        if chance < 0.6:
            return self.random.randint(-3, 20)
        return self.random.choice(self.NUMBERS if chance < 0.93 else self.ODD)

    def small(self):
        """A position that does not make a string of half a gigabyte."""
        chance = self.random.random()
        if chance < 0.85:
            return self.random.randint(0, 200)
        return self.pick(-1, 2 ** 32, 2 ** 63 - 1, 4294967295 * 8, 536870912, 1 << 61, b'x', b'')

    def value(self):
        chance = self.random.random()
        if chance < 0.3:
            return self.random.choice(self.NUMBERS)
        if chance < 0.4:
            return self.random.choice(self.FLOATS)
        if chance < 0.5:
            return self.random.choice(self.ODD)
        if chance < 0.55:
            return self.random.randbytes(self.random.randint(0, 5000))
        if chance < 0.6:
            return self.random.choice([b'a', b'ab', b'\x00']) * self.random.randint(0, 3000)
        if chance < 0.63:
            return self.sketch()
        return bytes(self.random.choices(range(32,127),k=self.random.randint(0, 70)))

    def moment(self, unit, absolute, past=0.15):
        """A time in seconds or milliseconds, far ahead or long past."""
        chance = self.random.random()
        scale = 1 if unit == 's' else 1000
        if chance < 0.1:
            return self.random.choice(self.ODD + [0, -1, -1000, 2 ** 63 - 1, 2 ** 62, -2 ** 63])
        if absolute:
            now = 1_000_000 if chance > 1 - past else 33177117420
            return (now + self.random.randint(0, 1000)) * scale
        return self.random.randint(SECONDS, 10 ** self.random.randint(4, 9)) * scale

    def word(self, text):
        """A keyword in some case."""
        chance = self.random.random()
        return text.lower() if chance < 0.3 else text.title() if chance < 0.4 else text

    def expiry(self):
        unit, absolute = self.pick(('EX', False), ('PX', False), ('EXAT', True), ('PXAT', True))
        scale = 's' if unit.startswith('EX') else 'ms'
        # A key that is set with a time long past is deleted when it is next looked at, and which
        # look that is may differ.
        return [self.word(unit), self.moment(scale, absolute, past=0)]

    def maybe(self, chance, words):
        return words if self.random.random() < chance else []

    # Arguments of commands, by name.
    def c_set(self):
        words = [self.key(), self.value()]
        words += self.maybe(0.3, [self.word(self.pick('NX', 'XX'))])
        words += self.maybe(0.3, ['GET'])
        return words + self.random.choice([[], [], self.expiry(), ['KEEPTTL']])

    def c_getex(self):
        return [self.key()] + self.random.choice([[], self.expiry(), self.expiry(), ['PERSIST']])

    def c_setex(self):
        return [self.key(), self.moment('s', False), self.value()]

    def c_psetex(self):
        return [self.key(), self.moment('ms', False), self.value()]

    def c_setrange(self):
        return [self.key(), self.small(), self.value()]

    def c_getrange(self):
        return [self.key(), self.number(), self.number()]

    c_substr = c_getrange

    def c_mset(self):
        return [word for _ in range(self.random.randint(1, 4)) for word in
                (self.key(), self.value())]

    c_msetnx = c_mset

    def c_mget(self):
        return self.some(self.key)

    c_del = c_unlink = c_exists = c_touch = c_watch = c_mget

    def c_incrby(self):
        return [self.key(), self.number()]

    c_decrby = c_incrby

    def c_incrbyfloat(self):
        return [self.key(), self.random.choice(self.FLOATS + self.ODD + self.NUMBERS)]

    def c_append(self):
        return [self.key(), self.value()]

    c_set_ = c_getset = c_setnx = c_append

    def c_get(self):
        return [self.key()]

    c_getdel = c_strlen = c_incr = c_decr = c_ttl = c_pttl = c_persist = c_type = c_get
    c_expiretime = c_pexpiretime = c_dump = c_get

    def c_expire(self):
        return [self.key(), self.moment('s', False)] + self.conditions()

    def c_pexpire(self):
        return [self.key(), self.moment('ms', False)] + self.conditions()

    def c_expireat(self):
        return [self.key(), self.moment('s', True)] + self.conditions()

    def c_pexpireat(self):
        return [self.key(), self.moment('ms', True)] + self.conditions()

    def conditions(self):
        def one():
            return self.word(self.pick('NX', 'XX', 'GT', 'LT'))
        return self.maybe(0.4, self.some(one, 1, 2))

    def c_lcs(self):
        words = [self.key(), self.key()] + self.maybe(0.3, ['LEN'])
        words += self.maybe(0.4, ['IDX']) + self.maybe(0.3, ['MINMATCHLEN', self.number()])
        return words + self.maybe(0.3, ['WITHMATCHLEN'])

    def c_rename(self):
        return [self.key(), self.key()]

    c_renamenx = c_rename

    def c_copy(self):
        return ([self.key(), self.key()] + self.maybe(0.3, ['DB', self.pick(0, 1, 2, 15, 16, -1)])
                + self.maybe(0.4, ['REPLACE']))

    def c_move(self):
        return [self.key(), self.pick(0, 1, 2, 15, 16, -1, b'x')]

    def c_select(self):
        return [self.pick(0, 0, 0, 1, 2, 16, -1, b'x')]

    def c_setbit(self):
        return [self.key(), self.small(), self.pick(0, 1, 1, 2, b'x')]

    def c_getbit(self):
        return [self.key(), self.small()]

    def unit(self):
        return self.maybe(0.4, [self.word(self.pick('BYTE', 'BIT'))])

    def c_bitcount(self):
        return [self.key()] + self.maybe(0.7, [self.number(), self.number()] + self.unit())

    def c_bitpos(self):
        words = [self.key(), self.pick(0, 1, 1, 2)]
        words += self.maybe(0.7, [self.number()] + self.maybe(0.7, [self.number()] + self.unit()))
        return words

    def c_bitop(self):
        return [self.word(self.pick('AND', 'OR', 'XOR', 'NOT')), self.key()] + self.some(self.key)

    def c_bitfield(self):
        words = [self.key()]
        for _ in range(self.random.randint(1, 4)):
            kind = self.pick('i', 'u') + str(self.pick(1, 2, 5, 8, 16, 31, 32, 63, 64))
            place = self.pick('', '#') + str(self.random.randint(0, 100))
            words += self.random.choice([
                ['GET', kind, place], ['SET', kind, place, self.number()],
                ['INCRBY', kind, place, self.number()],
                ['OVERFLOW', self.pick('WRAP', 'SAT', 'FAIL', 'x'), 'INCRBY', kind, place,
                 self.number()]])
        return words

    def c_bitfield_ro(self):
        return [self.key(), 'GET', self.pick('i8', 'u16', 'u64', 'i64'), self.small()]

    def c_sort(self):
        return [self.key()]

    def c_keys(self):
        return [self.pick('*', 'k?', 'k[0-3]', 'k[^1]', '*x*', '\\k*', '[', '')]

    def c_restore(self):
        return ([self.key(), self.pick(0, 10 ** 7, -1), self.pick(*self.dumps)]
                + self.maybe(0.6, ['REPLACE']) + self.maybe(0.2, ['IDLETIME', self.number()])
                + self.maybe(0.2, ['FREQ', self.number()]))

    dumps = [b'', b'\x00\x03abc\x0a\x00' + bytes(8), b'\x00\xc0\x05\x0a\x00' + bytes(8)]

    def c_echo(self):
        return [self.value()]

    def c_ping(self):
        return self.maybe(0.5, [self.value()])

    def c_publish(self):
        return [self.key(), self.value()]

    def c_flushdb(self):
        return self.maybe(0.5, [self.word(self.pick('SYNC', 'ASYNC', 'x'))])

    c_flushall = c_flushdb

    def c_multi(self):
        return []

    c_exec = c_discard = c_unwatch = c_dbsize = c_multi

    def command(self):
        """One command as a list of bytes."""
        chance = self.random.random()
        name = self.random.choice(self.known if chance < 0.95 else self.names)
        if chance < 0.45:
            name = self.random.choice(self.data)
        if name in RARE and self.random.random() < 0.7:
            name = 'set'
        shape = self.shapes[name]
        words = shape() if shape else self.some(self.value, 0, 4)
        if name in WHOLE:
            pass
        elif name == 'multi' or self.random.random() < 0.02:
            words = words if self.random.random() < 0.9 else words + [self.value()]
        elif self.random.random() < 0.04:
            words = self.broken(words)
        if self.random.random() < 0.002:
            name = self.pick('nosuch', 'x' * 200, 'a\nb', 'get|x', 'config|set')
        data = [self.word(name.upper()).encode()]
        return data + [w if isinstance(w, bytes) else str(w).encode() for w in words]

    def broken(self, words):
        """The words with one left out, repeated or replaced."""
        words = list(words)
        place = self.random.randrange(len(words) + 1)
        kind = self.random.random()
        if kind < 0.4 and words:
            words.pop(min(place, len(words) - 1))
        elif kind < 0.7 and words:
            words[min(place, len(words) - 1)] = self.random.choice(self.ODD)
        else:
            words.insert(place, self.random.choice(self.ODD))
        return words
