"""Which replies count as the same: what owes to the clock, to chance or to order is put aside."""
import re

from grammar import FAMILIES, SECONDS

TOLERANCE = 5_000  # milliseconds between the two servers' clocks at one command
CLOCKS = (b'TTL', b'PTTL', b'EXPIRETIME', b'PEXPIRETIME')
# Replies whose numbers are the server's own: compared with every number masked.
OWN_NUMBERS = (b'TIME', b'LASTSAVE', b'ROLE', b'WAIT', b'CLIENT ID', b'CLIENT INFO', b'CLIENT LIST',
               b'COMMAND COUNT', b'HELLO', b'OBJECT IDLETIME', b'OBJECT REFCOUNT')
# Of which nothing but the kind of reply is compared.
SHAPES = (b'RANDOMKEY', b'OBJECT FREQ', b'ACL GENPASS')
# Sets: the order means nothing.
SETS = (b'KEYS', b'ACL CAT', b'COMMAND LIST', b'SCAN', b'PUBSUB CHANNELS', b'PUBSUB SHARDCHANNELS')


def of_families(kind):
    """What all families say of their replies."""
    return tuple(name for family in FAMILIES for name in getattr(family, kind, ()))


SETS += of_families('UNORDERED')
PAIRS = of_families('PAIRS')
CHANCE = of_families('CHANCE')
SCANS = {name: words for family in FAMILIES
         for name, words in getattr(family, 'SCANS', {}).items()}
OWN_WORDS = (b'summary', b'complexity', b'arguments', b'history', b'doc_flags',
             b'deprecated_since', b'replaced_by')
FIELDS = (b'age', b'idle', b'fd', b'id', b'addr', b'laddr', b'qbuf', b'qbuf-free', b'argv-mem',
          b'multi-mem', b'rbs', b'rbp', b'tot-mem', b'omem', b'obl', b'oll', b'multi', b'cmd')
ADDRESS = re.compile(rb'127\.0\.0\.1:\d+')


def words_of(command):
    """The name of a command and of its subcommand, in capitals."""
    name = command[0].upper()
    return name, b' '.join(word.upper() for word in command[:2])


def leaves(reply):
    """Every line and text of a reply, in order."""
    if isinstance(reply, list):
        return [leaf for part in reply for leaf in leaves(part)]
    return [reply]


def text_of(reply):
    """What a bulk or a line says."""
    if isinstance(reply, list):
        return None
    if reply[:1] in b'$=' and b'\r\n' in reply:
        return reply.split(b'\r\n', 1)[1][:-2]
    return reply[1:-2]


def is_near(one, other):
    """Whether two numbers follow the clock of their server, and little lies between."""
    try:
        left, right = (int(text.lstrip(b':').strip()) for text in (one, other))
    except (AttributeError, ValueError):
        return False
    return min(left, right) >= SECONDS // 2 and abs(left - right) <= TOLERANCE


def masked(reply):
    if isinstance(reply, list):
        return [masked(part) for part in reply]
    text = ADDRESS.sub(b'ADDRESS', reply)
    fields = b'|'.join(FIELDS)
    text = re.sub(rb'\b(' + fields + rb')=\S*', rb'\1=', text)
    return re.sub(rb'\d+', b'#', text)


def ordered(reply):
    """A set or map with its entries in order, at every level."""
    if not isinstance(reply, list):
        return reply
    head, parts = reply[0], [ordered(part) for part in reply[1:]]
    if head[:1] == b'%' or head[:1] == b'*' and is_table(parts):
        pairs = sorted(zip(parts[::2], parts[1::2]), key=repr)
        return [head] + [part for pair in pairs for part in pair]
    return [head] + sorted(parts, key=repr)


def in_groups(parts, size):
    """Elements of `size` parts each, in order."""
    return sorted(parts[start:start + size] for start in range(0, len(parts), size))


def dump_of(reply):
    """What DUMP returns of a string; of other values only the type, as elements have no order."""
    text = text_of(reply)
    return reply if text[:1] == b'\0' else text[:1]


def is_table(parts):
    """Whether an array of RESP2 stands for a map: every second element is an aggregate."""
    return len(parts) > 1 and len(parts) % 2 == 0 and any(isinstance(p, list) for p in parts[1::2])


class Replies:
    """Compares replies of servers of which ours may have fewer commands."""

    def __init__(self, common):
        self.common = set(common)

    def without_foreign(self, reply):
        """A list of commands less those that only one of the servers has."""
        if not isinstance(reply, list):
            return reply
        kept = [part for part in reply[1:] if (text_of(part) or b'').decode('latin-1').lower()
                in self.common]
        return [reply[0][:1]] + kept

    def normal(self, command, reply):
        name, both = words_of(command)
        if both == b'CONFIG GET' and isinstance(reply, list):
            pairs = [pair for pair in zip(reply[1::2], reply[2::2])
                     if text_of(pair[0]) not in (b'dir', b'port', b'bind', b'logfile')]
            return [reply[0][:1]] + sorted(pairs)
        if both == b'COMMAND LIST' or name == b'ACL' and len(command) == 3 and both == b'ACL CAT':
            return ordered(self.without_foreign(reply))
        if both in (b'COMMAND INFO', b'COMMAND'):
            return self.described(reply)
        if both == b'COMMAND DOCS':
            return self.documented(reply)
        if name == b'DEBUG' and len(command) > 1 and command[1].upper() == b'OBJECT':
            return re.sub(rb'(at:0x|lru:|lru_seconds_idle:|refcount:)[0-9a-f]+', rb'\1',
                          reply) if isinstance(reply, bytes) else reply
        if name in CHANCE and isinstance(reply, list):
            return reply[0]
        if name in CHANCE:
            return reply if reply[:1] == b'-' else reply[:1]
        if name in PAIRS and isinstance(reply, list):
            return [reply[0]] + in_groups(reply[1:], 2)
        if name in SCANS and isinstance(reply, list):
            return [reply[1], in_groups(reply[2][1:], SCANS[name])]
        if name == b'DUMP' and isinstance(reply, bytes) and reply[:1] == b'$':
            return dump_of(reply)
        if name in SETS or both in SETS:
            return ordered(reply)
        if name in OWN_NUMBERS or both in OWN_NUMBERS:
            return masked(reply)
        if (name in SHAPES or both in SHAPES) and isinstance(reply, bytes):
            return reply if reply[:1] == b'-' else reply.split(b'\r\n')[0]
        return reply

    def is_known(self, name):
        return name is not None and name.decode('latin-1') in self.common

    def described(self, reply):
        """COMMAND INFO: flags, categories, tips and subcommands have no order."""
        if not isinstance(reply, list):
            return reply
        found = []
        for entry in reply[1:]:
            if not isinstance(entry, list) or len(entry) != 11:
                found.append(entry)
            elif self.is_known(text_of(entry[1])):
                subcommands = self.described(entry[10])
                found.append([ordered(part) for part in entry[1:10]] + [subcommands])
        return [reply[0][:1]] + sorted(found, key=repr)

    def documented(self, reply):
        """COMMAND DOCS: what is said in words is our own."""
        if not isinstance(reply, list):
            return reply
        found = []
        for name, entry in zip(reply[1::2], reply[2::2]):
            if self.is_known(text_of(name)) and isinstance(entry, list):
                fields = [(text_of(key), self.documented(value) if text_of(key) == b'subcommands'
                           else value) for key, value in zip(entry[1::2], entry[2::2])
                          if text_of(key) not in OWN_WORDS]
                found.append([name, entry[0][:1]] + sorted(fields, key=repr))
        return [reply[0][:1]] + sorted(found, key=repr)

    def same(self, command, one, other):
        if one == other:
            return True
        name = command[0].upper()
        left, right = self.normal(command, one), self.normal(command, other)
        if left == right:
            return True
        # Whether a short string is raw depends in Redis on who else held it for a moment, and an
        # integer becomes raw there by a SETBIT or BITFIELD that changes nothing.
        if name in (b'OBJECT', b'DEBUG') and isinstance(left, bytes) and isinstance(right, bytes):
            return is_layout(left) and is_layout(right)
        if name == b'RANDOMKEY':
            return left[:1] == right[:1] == b'$'and b'$-1' not in (left, right)
        # How far a step of a walk goes is for each server to say.
        if name in SCANS and isinstance(one, list) and isinstance(other, list):
            return b'$1\r\n0\r\n' not in (one[1], other[1]) or one[1] != other[1]
        # The time to live is all that a reply can owe to the clock.
        return name in CLOCKS and not isinstance(one, list) and is_near(one, other)


def first_difference(one, other):
    """The first parts of two replies that are not the same."""
    if isinstance(one, list) and isinstance(other, list):
        for left, right in zip(one, other):
            if left != right:
                return first_difference(left, right)
        longer = max(one, other, key=len)
        return len(one), len(other), longer[min(len(one), len(other))]
    return one, other


def is_layout(reply):
    """A reply that tells an encoding, for which Redis has reasons of its own."""
    return reply in (b'$6\r\nembstr\r\n', b'$3\r\nint\r\n', b'$3\r\nraw\r\n', b':1\r\n',
                     b':2147483647\r\n', b':2\r\n') or reply.startswith(b'+Value at:')


def same_change(one, other):
    """Two propagated commands; times to live are absolute in them."""
    if len(one) != len(other) or one[0].upper() != other[0].upper():
        return False
    return all(a == b or a.upper() == b.upper() and len(a) < 8 or is_near(a, b)
               for a, b in zip(one[1:], other[1:]))


def is_lost_by_redis(words):
    """Redis does not propagate a BITFIELD that grew the string and then failed to set it."""
    return words[0].upper() == b'BITFIELD' and b'FAIL' in words
