"""Random commands on HyperLogLogs, and strings that nearly are some."""

HEADER = b'HYLL\x01' + bytes(11)
CODES = [b'\x7f\xff', b'\x7f\xfe\x80', b'\x7f\xfe', b'\x7f\xff\x00', b'\x7f\xff\x80', b'',
         b'\x00\x80\x84\x7f\xfc', b'\x3f\x7f\xbf', b'\x83\x87\x8b\x7f\xf3', b'\xff\xff\x7f\xf7',
         b'\x80' * 5 + b'\x7f\xfa', b'\x88\x88\x88\x00\x88\x7f\xfa']


class HyperLogLogGrammar:
    """Shapes of commands; `c_name` gives the words after the name."""

    SKETCHES = [b'h0', b'h1', b'h2', b'h3']

    def sketch_key(self):
        """Mostly one that other commands rarely touch, so that a sketch can grow."""
        return self.random.choice(self.SKETCHES) if self.random.random() < 0.7 else self.key()

    def element(self):
        """Mostly of few values, so that a sketch sees some of them again."""
        chance = self.random.random()
        if chance < 0.9:
            return b'element:%d' % self.random.randrange(10 ** self.random.randint(1, 6))
        return self.value()

    def sketch(self):
        """A string that is a HyperLogLog, or nearly one."""
        chance = self.random.random()
        if chance < 0.1:
            dense = bytearray(b'HYLL' + bytes(12))
            fill = self.pick(0, 0x82, 0xff, self.random.randrange(256))
            return bytes(dense) + bytes([fill]) * self.pick(12288, 12288, 12287, 12289)
        head = HEADER if chance < 0.9 else self.pick(
            b'HYLL', b'HYLL\x02' + bytes(11), b'hyll\x01' + bytes(11), HEADER[:15],
            HEADER[:15] + b'\x80', HEADER[:8] + b'\x07' + bytes(7))
        return head + self.random.choice(CODES)

    def c_pfadd(self):
        chance = self.random.random()
        most = 3 if chance < 0.6 else 40 if chance < 0.97 else 2000
        return [self.sketch_key()] + self.some(self.element, 0, most)

    def c_pfcount(self):
        return self.some(self.sketch_key, 1, 1 if self.random.random() < 0.6 else 4)

    def c_pfmerge(self):
        return self.some(self.sketch_key, 1, 5)

    def c_pfdebug(self):
        # The registers are sixteen thousand lines.
        word = 'GETREG' if self.random.random() < 0.05 else self.pick(
            'DECODE', 'DECODE', 'ENCODING', 'TODENSE', 'x\n')
        return [self.word(word), self.sketch_key()]
