import Memory

/// CRC-64 with Jones's polynomial, bits reflected, starting from 0: the checksum that ends an
/// RDB file. Eight bytes a step through eight tables ("slicing-by-8", Kounavis and Berry).
package enum CRC64 {
    /// 0xad93d23594c935a9 with its bits reversed.
    private static let polynomial: UInt64 = 0x95ac_9329_ac4b_c9b5

    /// Table k at 256 k: what a byte contributes when k more bytes follow it.
    private static let tables: [UInt64] = {
        var tables = [UInt64](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt64(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ polynomial : crc >> 1 }
            tables[byte] = crc
        }
        for table in 1..<8 {
            for byte in 0..<256 {
                let shorter = tables[(table - 1) * 256 + byte]
                tables[table * 256 + byte] = shorter >> 8 ^ tables[Int(shorter & 0xff)]
            }
        }
        return tables
    }()

    /// The checksum of the bytes that gave `crc`, followed by `bytes`.
    package static func update(crc: UInt64, _ bytes: ByteView) -> UInt64 {
        unsafe tables.withUnsafeBufferPointer { tables in
            var crc = crc
            var index = 0
            while bytes.count - index >= 8 {
                let word = crc ^ SipHash.word(bytes, at: index)
                var next: UInt64 = 0
                for byte in 0..<8 {
                    let value = Int(truncatingIfNeeded: word >> UInt64(8 * byte)) & 0xff
                    next ^= unsafe tables[unchecked: (7 - byte) * 256 + value]
                }
                crc = next
                index += 8
            }
            while index < bytes.count {
                let value = unsafe Int(truncatingIfNeeded: crc ^ UInt64(bytes.base[index])) & 0xff
                crc = unsafe crc >> 8 ^ tables[unchecked: value]
                index += 1
            }
            return crc
        }
    }
}

extension UnsafeBufferPointer where Element == UInt64 {
    /// An element whose index is known to be inside.
    fileprivate subscript(unchecked index: Int) -> UInt64 {
        @inline(__always) get { unsafe baseAddress.unsafelyUnwrapped[index] }
    }
}
