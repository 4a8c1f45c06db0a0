/// Pseudo-random numbers from a seed (xoshiro256**, Blackman and Vigna, filled by SplitMix64):
/// fast, repeatable, a value that can be copied and compared. Not for secrets.
@frozen @usableFromInline
package struct RandomGenerator: Equatable, Sendable {
    @usableFromInline var s0: UInt64
    @usableFromInline var s1: UInt64
    @usableFromInline var s2: UInt64
    @usableFromInline var s3: UInt64

    /// The generator whose whole future follows from `seed`.
    package init(seed: UInt64) {
        var state = seed
        func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
        s0 = next()
        s1 = next()
        s2 = next()
        s3 = next()
    }

    /// The next 64 bits.
    @inlinable
    package mutating func next() -> UInt64 {
        let scrambled = s1 &* 5
        let result = (scrambled &<< 7 | scrambled &>> 57) &* 9
        let shifted = s1 &<< 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = s3 &<< 45 | s3 &>> 19
        return result
    }

    /// A number in `0..<bound`, every one equally likely up to one part in 2⁶⁴/bound.
    @inlinable
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0)
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number in `0..<1`.
    @inlinable
    package mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// `count` lower-case hexadecimal digits.
    package mutating func hex(_ count: Int) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count)
        var word: UInt64 = 0
        for index in 0..<count {
            if index % 16 == 0 { word = next() }
            text.append(digits[Int(word & 15)])
            word >>= 4
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension RandomGenerator: RandomNumberGenerator {}
