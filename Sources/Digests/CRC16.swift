import Memory

/// CRC-16/XMODEM (polynomial 0x1021, from 0) and the key slot Redis Cluster derives from it.
package enum CRC16 {
    /// The number of key slots.
    package static let slotCount = 16384

    private static let table: [UInt16] = (0..<256).map { byte in
        var crc = UInt16(byte) << 8
        for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        return crc
    }

    /// The checksum of `bytes`.
    package static func hash(_ bytes: ByteView) -> UInt16 {
        var crc: UInt16 = 0
        for index in 0..<bytes.count {
            crc = crc << 8 ^ table[Int(crc >> 8 ^ UInt16(bytes[index]))]
        }
        return crc
    }

    /// The slot of `key`. Of a key with a non-empty `{tag}` only the first tag counts.
    package static func slot(ofKey key: ByteView) -> Int {
        if let open = key.firstIndex(of: UInt8(ascii: "{")),
            let close = key.firstIndex(of: UInt8(ascii: "}"), from: open + 1), close > open + 1
        {
            return Int(hash(key[open + 1..<close])) & (slotCount - 1)
        }
        return Int(hash(key)) & (slotCount - 1)
    }
}
