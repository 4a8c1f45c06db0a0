import Memory

/// MurmurHash2's 64-bit variant for 64-bit machines (Appleby), which HyperLogLog is defined by.
package enum MurmurHash64A {
    /// The hash of `bytes`; Redis's HyperLogLog uses seed 0xadc83b19.
    package static func hash(_ bytes: ByteView, seed: UInt64 = 0xadc8_3b19) -> UInt64 {
        let multiplier: UInt64 = 0xc6a4_a793_5bd1_e995
        var hash = seed ^ UInt64(bytes.count) &* multiplier
        var index = 0
        while bytes.count - index >= 8 {
            var word = SipHash.word(bytes, at: index) &* multiplier
            word ^= word >> 47
            hash = (hash ^ word &* multiplier) &* multiplier
            index += 8
        }
        if index < bytes.count {
            var rest: UInt64 = 0
            for position in stride(from: bytes.count - 1, through: index, by: -1) {
                rest = rest << 8 | UInt64(bytes[position])
            }
            hash = (hash ^ rest) &* multiplier
        }
        hash = (hash ^ hash >> 47) &* multiplier
        return hash ^ hash >> 47
    }
}
