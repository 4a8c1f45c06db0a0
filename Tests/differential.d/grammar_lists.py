"""Random commands about lists."""


class Family:
    NAMES = [b'l%d' % n for n in range(5)]
    # A word left out of what waits would let it wait for ever.
    WHOLE = ('blpop', 'brpop', 'blmove', 'brpoplpush', 'blmpop')
    CONTENTS = {b'list': [b'LLEN', b'LRANGE 0 -1']}

    ELEMENTS = [b'e%d' % n for n in range(8)] + [b'', b'01', b'\xff\x00', b'long' * 30]

    def list_name(self):
        return self.name_of(Family)

    def element(self):
        chance = self.random.random()
        if chance < 0.4:
            return self.random.randint(-3, 12)
        if chance < 0.8:
            return self.random.choice(Family.ELEMENTS)
        return self.random.randrange(-70000, 70000) if chance < 0.9 else self.value()

    def end(self):
        return self.word(self.pick('LEFT', 'RIGHT')) if self.random.random() < 0.97 else b'UP'

    def c_lpush(self):
        return [self.list_name()] + self.some(self.element, 1, self.pick(2, 4, 4, 100))

    c_rpush = c_lpushx = c_rpushx = c_lpush

    def c_lpop(self):
        return [self.list_name()] + self.maybe(0.4, [self.pick(
            0, 1, 2, 5, 50, 10 ** 6, -1, b'x', 2 ** 63 - 1, 2 ** 63)])

    c_rpop = c_lpop

    def c_llen(self):
        return [self.list_name()]

    def index(self):
        if self.random.random() < 0.8:
            return self.random.randint(-30, 30)
        return self.pick(100, -100, 0, -1, 2 ** 63 - 1, -2 ** 63, 2 ** 63, b'x', b'', b'1.0')

    def c_lindex(self):
        return [self.list_name(), self.index()]

    def c_lset(self):
        return [self.list_name(), self.index(), self.element()]

    def c_lrange(self):
        return [self.list_name(), self.index(), self.index()]

    def c_ltrim(self):
        if self.random.random() < 0.6:
            return [self.list_name(), self.random.randint(0, 3), self.random.randint(-4, -1)]
        return self.c_lrange()

    def c_linsert(self):
        where = self.word(self.pick('BEFORE', 'AFTER')) if self.random.random() < 0.95 else b'AT'
        return [self.list_name(), where, self.element(), self.element()]

    def c_lrem(self):
        return [self.list_name(), self.pick(0, 0, 1, -1, 2, -2, 100, b'x', 2 ** 63 - 1,
                                            1 - 2 ** 63), self.element()]

    def c_lpos(self):
        words = [self.list_name(), self.element()]
        words += self.maybe(0.5, [self.word('RANK'), self.pick(
            1, -1, 2, -2, 5, 0, b'x', 2 ** 63 - 1, 1 - 2 ** 63)])
        words += self.maybe(0.5, [self.word('COUNT'), self.pick(0, 0, 1, 2, 100, -1, b'x')])
        words += self.maybe(0.4, [self.word('MAXLEN'), self.pick(0, 1, 5, 20, 10 ** 6, -1, b'x')])
        return words + self.maybe(0.03, [b'RANK'])

    def c_lmove(self):
        return [self.list_name(), self.list_name(), self.end(), self.end()]

    def c_rpoplpush(self):
        return [self.list_name(), self.list_name()]

    def c_lmpop(self):
        names = self.some(self.list_name, 1, 3)
        count = len(names) if self.random.random() < 0.9 else self.number()
        return [count] + names + [self.end()] + self.maybe(
            0.5, [self.word('COUNT'), self.pick(1, 2, 10, 10 ** 6, 0, -1, b'x')])

    # What waits does so for a moment only, in which nobody else is heard.
    def moment_to_wait(self):
        return self.pick(b'0.001', b'0.002', b'1e-3', b'0x1p-10', b'.001', b'-1', b'x', b'nan',
                         b'-inf', b'inf', b'1e400', b'', b' 1', b'9223372036854776')

    def c_blpop(self):
        return self.some(self.list_name, 1, 3) + [self.moment_to_wait()]

    c_brpop = c_blpop

    def c_blmove(self):
        return self.c_lmove() + [self.moment_to_wait()]

    def c_brpoplpush(self):
        return self.c_rpoplpush() + [self.moment_to_wait()]

    def c_blmpop(self):
        return [self.moment_to_wait()] + self.c_lmpop()
