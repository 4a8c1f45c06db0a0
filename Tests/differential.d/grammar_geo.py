"""Random commands about places on earth."""


class Family:
    NAMES = [b'g%d' % n for n in range(3)]
    PLACES = [b'p%d' % n for n in range(40)]
    UNITS = ('m', 'km', 'ft', 'mi')

    def geo_name(self):
        return self.name_of(Family)

    def place(self):
        return self.random.choice(Family.PLACES)

    def point(self):
        """Anywhere, near a few places, or at the edges of the grid."""
        chance = self.random.random()
        if chance < 0.4:
            return [b'%.6f' % self.random.uniform(-180, 180), b'%.6f' % self.random.uniform(-85, 85)]
        if chance < 0.85:
            longitude, latitude = self.pick((13.4, 38.1), (-73.9, 40.7), (179.9, 0), (0, 84))
            return [b'%.6f' % (longitude + self.random.uniform(-1, 1) / 20),
                    b'%.6f' % (latitude + self.random.uniform(-1, 1))]
        if chance < 0.97:
            return [self.pick(180, -180, 0, b'1e-9', 90, b'179.999999'),
                    self.pick(b'85.05112878', b'-85.05112878', 0, 45, b'66.0000001', -80)]
        return [self.pick(181, b'x', b'nan', 1), self.pick(86, b'x', b'inf', 1)]

    def length(self):
        chance = self.random.random()
        if chance < 0.9:
            return b'%.3g' % 10 ** self.random.uniform(-1, 4.5)
        return self.pick(0, 1, 5000, 30000, b'1e9', -1, b'x', b'inf')

    def unit(self):
        return 'parsec' if self.random.random() < 0.03 else self.word(self.pick(*Family.UNITS))

    def c_geoadd(self):
        words = [self.geo_name()] + self.maybe(0.15, [self.word(self.pick('NX', 'XX'))])
        words += self.maybe(0.15, [self.word('CH')])
        for _ in range(self.pick(1, 1, 3, 10)):
            words += self.point() + [self.place()]
        return words

    def c_geodist(self):
        return [self.geo_name(), self.place(), self.place()] + self.maybe(0.5, [self.unit()])

    def c_geohash(self):
        return [self.geo_name()] + self.some(self.place, 0, 4)

    c_geopos = c_geohash

    def order(self):
        """Without an order, or with places at the same distance, a count may take any."""
        return self.pick([], [], [self.word('ASC')], [self.word('DESC')])

    def count(self):
        words = self.maybe(0.3, [self.word('COUNT'), self.pick(1, 2, 5, 100, 0, -1, b'x')])
        return words + (self.maybe(0.3, [self.word('ANY')]) if words else self.maybe(0.03, ['ANY']))

    def extras(self):
        return [word for name in ('WITHDIST', 'WITHCOORD', 'WITHHASH')
                for word in self.maybe(0.3, [self.word(name)])]

    def area(self):
        center = self.pick(['FROMMEMBER', self.place()], ['FROMLONLAT'] + self.point())
        shape = self.pick(['BYRADIUS', self.length(), self.unit()],
                          ['BYBOX', self.length(), self.length(), self.unit()])
        return self.pick(center + shape, shape + center)

    def c_geosearch(self):
        return [self.geo_name()] + self.area() + self.count() + self.order() + self.extras()

    def c_geosearchstore(self):
        return ([self.geo_name(), self.geo_name()] + self.area() + self.count() + self.order()
                + self.maybe(0.3, [self.word('STOREDIST')]))

    def store(self):
        return self.maybe(0.3, [self.word(self.pick('STORE', 'STOREDIST')), self.geo_name()])

    def c_georadius_ro(self):
        return ([self.geo_name()] + self.point() + [self.length(), self.unit()] + self.extras()
                + self.count() + self.order())

    def c_georadius(self):
        return self.c_georadius_ro() + self.store()

    def c_georadiusbymember_ro(self):
        return ([self.geo_name(), self.place(), self.length(), self.unit()] + self.extras()
                + self.count() + self.order())

    def c_georadiusbymember(self):
        return self.c_georadiusbymember_ro() + self.store()
