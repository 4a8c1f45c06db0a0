"""Random commands about sorted sets."""


class Family:
    # Of the same score are all members of the names that begin with `l`: only there ranges of
    # names mean something.
    NAMES = [b'z%d' % n for n in range(5)]
    LEXICAL = [b'l%d' % n for n in range(2)]
    # Other words could make them wait for ever.
    WHOLE = ('bzpopmin', 'bzpopmax', 'bzmpop')
    CHANCE = (b'ZRANDMEMBER',)
    SCANS = {b'ZSCAN': 2}
    CONTENTS = {b'zset': [b'ZRANGE 0 -1 WITHSCORES']}

    SCORED = [b'm%d' % n for n in range(12)] + [b'', b'01', b'7', b'-3', b'\xff\x00', b'\xff',
                                               b'long' * 30]
    SCORES = [b'0', b'1', b'2', b'2.5', b'-1', b'inf', b'-inf', b'+inf', b'1e10', b'0.1', b'-0',
              b'3.14159265358979', b'1e-5', b'9007199254740993', b'0x1p3', b'1.7e308', b'-1.7e308']

    def sorted_name(self):
        return self.name_of(Family)

    def lexical_name(self):
        return self.random.choice(Family.LEXICAL)

    def scored(self):
        chance = self.random.random()
        if chance < 0.8:
            return self.random.choice(Family.SCORED)
        return self.random.randrange(400) if chance < 0.95 else self.value()

    def score(self):
        chance = self.random.random()
        if chance < 0.6:
            return self.random.randint(-5, 30)
        if chance < 0.8:
            return self.random.choice(Family.SCORES)
        if chance < 0.95:
            return b'%.6g' % self.random.uniform(-100, 100)
        return self.random.choice(self.ODD)

    def bound(self):
        chance = self.random.random()
        if chance < 0.3:
            return self.pick(b'-inf', b'+inf', b'inf')
        return self.pick(b'', b'', b'(') + self.text_of(self.score())

    def text_of(self, value):
        return value if isinstance(value, bytes) else str(value).encode()

    def name_bound(self):
        chance = self.random.random()
        if chance < 0.35:
            return self.pick(b'-', b'+')
        if chance < 0.4:
            return self.pick(b'', b'x', b'-x', b'+\x00', b'[', b'(', 5)
        return self.pick(b'[', b'(') + self.text_of(self.scored())

    def c_zadd(self):
        if self.random.random() < 0.2:
            members = self.some(self.scored, 1, self.pick(3, 20))
            return [self.lexical_name()] + [word for member in members for word in (0, member)]
        words = [self.sorted_name()]
        words += self.maybe(0.15, [self.word(self.pick('NX', 'XX'))])
        words += self.maybe(0.15, [self.word(self.pick('GT', 'LT'))])
        words += self.maybe(0.15, [self.word('CH')]) + self.maybe(0.1, [self.word('INCR')])
        members = self.some(self.scored, 1, self.pick(1, 1, 3, 3, 60))
        return words + [word for member in members for word in (self.score(), member)]

    def c_zincrby(self):
        return [self.sorted_name(), self.score(), self.scored()]

    def c_zrem(self):
        return [self.sorted_name()] + self.some(self.scored, 1, self.pick(2, 4, 20))

    c_zmscore = c_zrem

    def c_zscore(self):
        return [self.sorted_name(), self.scored()]

    c_zrank = c_zrevrank = c_zscore

    def c_zcard(self):
        return [self.sorted_name()]

    def c_zcount(self):
        return [self.sorted_name(), self.bound(), self.bound()]

    c_zremrangebyscore = c_zcount

    def c_zlexcount(self):
        return [self.lexical_name(), self.name_bound(), self.name_bound()]

    c_zremrangebylex = c_zlexcount

    def c_zremrangebyrank(self):
        return [self.sorted_name(), self.number(), self.number()]

    def limit(self):
        return self.maybe(0.3, [self.word('LIMIT'), self.number(), self.number()])

    def with_scores(self):
        return self.maybe(0.4, [self.word('WITHSCORES')])

    def range_words(self):
        kind = self.pick('', '', 'BYSCORE', 'BYLEX')
        if kind == 'BYSCORE':
            words = [self.sorted_name(), self.bound(), self.bound(), kind]
        elif kind == 'BYLEX':
            words = [self.lexical_name(), self.name_bound(), self.name_bound(), kind]
        else:
            words = [self.sorted_name(), self.number(), self.number()]
        words += self.maybe(0.4, [self.word('REV')])
        return words + (self.limit() if kind else self.maybe(0.05, ['LIMIT', 0, -1]))

    def c_zrange(self):
        words = self.range_words()
        return words + (self.maybe(0.1, ['WITHSCORES']) if 'BYLEX' in words
                        else self.with_scores())

    def c_zrangestore(self):
        words = self.range_words()
        return [self.sorted_name()] + words

    def c_zrevrange(self):
        return [self.sorted_name(), self.number(), self.number()] + self.with_scores()

    def c_zrangebyscore(self):
        return [self.sorted_name(), self.bound(), self.bound()] + self.with_scores() + self.limit()

    c_zrevrangebyscore = c_zrangebyscore

    def c_zrangebylex(self):
        return [self.lexical_name(), self.name_bound(), self.name_bound()] + self.limit()

    c_zrevrangebylex = c_zrangebylex

    def c_zpopmin(self):
        return [self.sorted_name()] + self.maybe(0.5, [self.pick(0, 1, 2, 5, -1, b'x')])

    c_zpopmax = c_zpopmin

    def names_with_count(self, function):
        names = self.some(function)
        count = self.pick(0, -1, b'x', 99) if self.random.random() < 0.05 else len(names)
        return [count] + names

    def c_zmpop(self):
        words = self.names_with_count(self.sorted_name) + [self.word(self.pick('MIN', 'MAX'))]
        return words + self.maybe(0.4, [self.word('COUNT'), self.pick(1, 2, 10, 0, b'x')])

    def c_bzpopmin(self):
        return self.some(self.sorted_name) + [self.pick(b'0.01', b'1e-3', b'x', -1)]

    c_bzpopmax = c_bzpopmin

    def c_bzmpop(self):
        return [self.pick(b'0.01', b'x', -1)] + self.c_zmpop()

    def c_zrandmember(self):
        return [self.sorted_name()] + self.maybe(
            0.8, [self.sample_count()] + self.maybe(0.5, [self.word('WITHSCORES')]))

    def c_zscan(self):
        return [self.sorted_name()] + self.scan_words()

    def source(self):
        return self.pick(*[b's%d' % n for n in range(5)], *[self.sorted_name()] * 12)

    def weights(self, names):
        words = self.maybe(0.4, [self.word('WEIGHTS')] + [self.score() for _ in names[1:]])
        words += self.maybe(0.4, [self.word('AGGREGATE'), self.pick('SUM', 'min', 'MAX', 'x')])
        return words

    def c_zunion(self):
        names = self.names_with_count(self.source)
        return names + self.weights(names) + self.with_scores()

    c_zinter = c_zunion

    def c_zdiff(self):
        return self.names_with_count(self.source) + self.with_scores()

    def c_zunionstore(self):
        names = self.names_with_count(self.source)
        return [self.sorted_name()] + names + self.weights(names)

    c_zinterstore = c_zunionstore

    def c_zdiffstore(self):
        return [self.sorted_name()] + self.names_with_count(self.source)

    def c_zintercard(self):
        return self.names_with_count(self.source) + self.maybe(
            0.4, [self.word('LIMIT'), self.number()])
