"""Random commands about hashes."""


class Family:
    NAMES = [b'h%d' % n for n in range(4)]
    PAIRS = (b'HGETALL',)
    UNORDERED = (b'HKEYS', b'HVALS')
    CHANCE = (b'HRANDFIELD',)
    SCANS = {b'HSCAN': 2}
    CONTENTS = {b'hash': [b'HGETALL']}

    FIELDS = [b'f%d' % n for n in range(12)] + [b'1', b'2', b'300', b'-70000', b'', b'\xff\x00',
                                               b'long' * 20]

    def hash_name(self):
        return self.name_of(Family)

    def field(self):
        chance = self.random.random()
        if chance < 0.8:
            return self.random.choice(Family.FIELDS)
        return b'n%d' % self.random.randrange(1000) if chance < 0.95 else self.value()

    def fields(self):
        return [self.hash_name()] + self.some(self.field)

    def c_hset(self):
        count = self.random.choice([1, 1, 1, 2, 3, 20])
        return [self.hash_name()] + [word for _ in range(count)
                                     for word in (self.field(), self.value())]

    c_hmset = c_hset

    def c_hsetnx(self):
        return [self.hash_name(), self.field(), self.value()]

    def c_hget(self):
        return [self.hash_name(), self.field()]

    c_hexists = c_hstrlen = c_hget

    c_hmget = c_hdel = fields

    def c_hgetall(self):
        return [self.hash_name()]

    c_hkeys = c_hvals = c_hlen = c_hgetall

    def c_hincrby(self):
        return [self.hash_name(), self.field(), self.number()]

    def c_hincrbyfloat(self):
        return [self.hash_name(), self.field(),
                self.random.choice(self.FLOATS + self.ODD + self.NUMBERS)]

    def c_hrandfield(self):
        return [self.hash_name()] + self.maybe(0.8, [self.sample_count()]
                                               + self.maybe(0.5, [self.word('WITHVALUES')]))

    def c_hscan(self):
        return [self.hash_name()] + self.scan_words()
