import Digests
import Memory
import Testing

@Suite struct HashTests {
    /// SipHash-c-d straight from the paper, byte by byte: slow, and checked against the paper's
    /// own vector for 2-4.
    static func reference(
        _ bytes: [UInt8], _ key: HashKey, rounds c: Int, finalRounds d: Int
    ) -> UInt64 {
        var v: [UInt64] = [
            key.k0 ^ 0x736f_6d65_7073_6575, key.k1 ^ 0x646f_7261_6e64_6f6d,
            key.k0 ^ 0x6c79_6765_6e65_7261, key.k1 ^ 0x7465_6462_7974_6573,
        ]
        func rotate(_ word: UInt64, _ by: UInt64) -> UInt64 { word << by | word >> (64 - by) }
        func round() {
            v[0] &+= v[1]
            v[2] &+= v[3]
            v[1] = rotate(v[1], 13) ^ v[0]
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = rotate(v[0], 32)
            v[2] &+= v[1]
            v[0] &+= v[3]
            v[1] = rotate(v[1], 17) ^ v[2]
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = rotate(v[2], 32)
        }
        var padded = bytes
        while padded.count % 8 != 7 { padded.append(0) }
        padded.append(UInt8(truncatingIfNeeded: bytes.count))
        for start in stride(from: 0, to: padded.count, by: 8) {
            let word = (0..<8).reduce(UInt64(0)) { $0 | UInt64(padded[start + $1]) << (8 * $1) }
            v[3] ^= word
            for _ in 0..<c { round() }
            v[0] ^= word
        }
        v[2] ^= 0xff
        for _ in 0..<d { round() }
        return v[0] ^ v[1] ^ v[2] ^ v[3]
    }

    static let key = HashKey(k0: 0x0706_0504_0302_0100, k1: 0x0f0e_0d0c_0b0a_0908)

    @Test func `the slow SipHash gives the paper's vector`() {
        let hash = HashTests.reference(Array(0..<15), HashTests.key, rounds: 2, finalRounds: 4)
        #expect(hash == 0xa129_ca61_49be_45e5)
    }

    @Test func `SipHash agrees with the slow one at every length`() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
            let expected = HashTests.reference(bytes, HashTests.key, rounds: 1, finalRounds: 2)
            let found = bytes.withView { SipHash.hash($0, key: HashTests.key) }
            #expect(found == expected, "length \(length)")
        }
    }

    @Test func `CRC64 gives the known checks`() {
        #expect(CRC64.update(crc: 0, ByteView("123456789")) == 0xe9c6_d914_c4b8_d9ca)
        #expect(CRC64.update(crc: 0, .empty) == 0)
    }

    @Test func `CRC64 of pieces is CRC64 of the whole`() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        bytes.withView { view in
            let whole = CRC64.update(crc: 0, view)
            for cut in [1, 7, 8, 9, 500, 999] {
                let head = CRC64.update(crc: 0, view[0..<cut])
                #expect(CRC64.update(crc: head, view[cut..<view.count]) == whole)
            }
        }
    }

    @Test func `CRC16 and key slots are those of Redis Cluster`() {
        #expect(CRC16.hash(ByteView("123456789")) == 0x31c3)
        #expect(CRC16.slot(ofKey: ByteView("foo")) == 12182)
        #expect(CRC16.slot(ofKey: ByteView("{foo}bar")) == 12182)
        #expect(CRC16.slot(ofKey: ByteView("a{foo}{bar}")) == 12182)
        let whole = Int(CRC16.hash(ByteView("{}foo"))) & 16383
        #expect(CRC16.slot(ofKey: ByteView("{}foo")) == whole)
        #expect(CRC16.slot(ofKey: ByteView("{foo")) == Int(CRC16.hash(ByteView("{foo"))) & 16383)
    }

    @Test func `MurmurHash64A agrees with Appleby's definition`() {
        // Worked out with an independent implementation of MurmurHash64A.
        #expect(MurmurHash64A.hash(ByteView(""), seed: 0) == 0)
        #expect(MurmurHash64A.hash(ByteView("hello")) == 0x0f65_6f01_eecf_e400)
        #expect(MurmurHash64A.hash(ByteView("hello, world")) == 0xf97a_3f73_9699_96ca)
    }

    @Test func `SHA-1 and SHA-256 give the FIPS vectors`() {
        let abc = ByteView("abc")
        #expect(hexadecimal(SHA1.hash(abc)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hexadecimal(SHA1.hash([ByteView("a"), .empty, ByteView("bc")]))
                == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            SHA256.hex(abc)
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `a finished hash starts again`() {
        let hash = SHA1()
        hash.update(ByteView("abc"))
        let first = hash.finish()
        hash.update(ByteView("abc"))
        #expect(hash.finish() == first)
    }
}
