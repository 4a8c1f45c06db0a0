"""Random commands about sets."""


class Family:
    NAMES = [b's%d' % n for n in range(5)]
    # A word left out of SPOP would remove members by chance.
    WHOLE = ('spop',)
    UNORDERED = (b'SMEMBERS', b'SINTER', b'SUNION', b'SDIFF', b'SPOP')
    CHANCE = (b'SRANDMEMBER',)
    SCANS = {b'SSCAN': 1}
    CONTENTS = {b'set': [b'SMEMBERS']}

    MEMBERS = [b'm%d' % n for n in range(10)] + [b'', b'01', b'\xff\x00', b'long' * 30]

    def set_name(self):
        return self.name_of(Family)

    def member(self):
        chance = self.random.random()
        if chance < 0.5:
            return self.random.randint(-3, 12)
        if chance < 0.8:
            return self.random.choice(Family.MEMBERS)
        if chance < 0.9:
            return self.random.randrange(2000)
        return self.value()

    def integer_member(self):
        return self.random.randint(-300, 300)

    def c_sadd(self):
        if self.random.random() < 0.05:
            return [b'single%d' % self.random.randrange(2), b'one']
        kind = self.pick(self.member, self.member, self.integer_member)
        return [self.set_name()] + self.some(kind, 1, self.pick(2, 4, 4, 60))

    def c_srem(self):
        return [self.set_name()] + self.some(self.member, 1, self.pick(2, 4, 20))

    c_smismember = c_srem

    def c_sismember(self):
        return [self.set_name(), self.member()]

    def c_smembers(self):
        return [self.set_name()]

    c_scard = c_smembers

    def c_spop(self):
        """What both servers choose alike: all, none, or the only member there is."""
        if self.random.random() < 0.4:
            return [b'single%d' % self.random.randrange(2)] + self.maybe(0.3, [1])
        return [self.set_name(), self.pick(0, -1, b'x', 10 ** 6, 2 ** 63 - 1, 2 ** 63)]

    def c_srandmember(self):
        return [self.set_name()] + self.maybe(0.8, [self.sample_count()])

    def c_smove(self):
        return [self.set_name(), self.set_name(), self.member()]

    def c_sinter(self):
        return self.some(self.set_name)

    c_sunion = c_sdiff = c_sinter

    def c_sinterstore(self):
        return self.some(self.set_name, 2, 5)

    c_sunionstore = c_sdiffstore = c_sinterstore

    def c_sintercard(self):
        names = self.some(self.set_name)
        count = len(names) if self.random.random() < 0.9 else self.number()
        return [count] + names + self.maybe(0.4, [self.word('LIMIT'), self.number()])

    def c_sscan(self):
        return [self.set_name()] + self.scan_words()
