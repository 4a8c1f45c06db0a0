/// The numbers of the RDB format: a header, then elements that each begin with an opcode or with
/// the type of the value they hold, then a checksum.
package enum RDBFormat {
    /// What is written: any Redis since 7.0 reads it.
    package static let version = 10
    /// What is read.
    package static let readableVersions = 1...12
    /// From this version on eight bytes of checksum follow the end.
    static let checksumVersion = 5

    static let signature: StaticString = "REDIS"
    /// Signature and four digits of version.
    static let headerLength = 9

    /// The longest string that is read by default: Redis's `proto-max-bulk-len`.
    package static let stringLimit = 512 << 20

    /// First bytes of elements that are no values.
    enum Opcode {
        static let slotInfo: UInt8 = 244
        static let function: UInt8 = 245
        static let candidateFunction: UInt8 = 246
        static let moduleAux: UInt8 = 247
        static let idle: UInt8 = 248
        static let frequency: UInt8 = 249
        static let aux: UInt8 = 250
        static let resize: UInt8 = 251
        static let expiryMilliseconds: UInt8 = 252
        static let expirySeconds: UInt8 = 253
        static let selectDatabase: UInt8 = 254
        static let end: UInt8 = 255
    }

    /// How a length begins: its two high bits, or the whole byte.
    enum Length {
        static let wide32: UInt8 = 0x80
        static let wide64: UInt8 = 0x81
    }

    /// Strings that are not stored as they are, when a length begins with two one bits.
    enum Encoding {
        static let int8: UInt8 = 0
        static let int16: UInt8 = 1
        static let int32: UInt8 = 2
        static let lzf: UInt8 = 3
    }

    /// What precedes each part of a module's data.
    enum ModuleOpcode {
        static let end: UInt64 = 0
        static let signed: UInt64 = 1
        static let unsigned: UInt64 = 2
        static let float: UInt64 = 3
        static let double: UInt64 = 4
        static let string: UInt64 = 5
    }

    /// What precedes each node of a quicklist.
    enum Container {
        /// A single element.
        static let plain: UInt64 = 1
        /// A listpack.
        static let packed: UInt64 = 2
    }

    /// What the length of a score as text says instead of one.
    enum ScoreLength {
        static let nan: UInt8 = 253
        static let infinity: UInt8 = 254
        static let minusInfinity: UInt8 = 255
    }

    /// Marks of an entry of a stream's listpack.
    enum StreamFlag {
        static let deleted: Int64 = 1
        /// Its fields are those of the listpack's first entry, and only the values follow.
        static let sameFields: Int64 = 2
    }

    /// The latest time at which a field of a hash can expire, in ms since 1970.
    static let latestFieldExpiry: UInt64 = 0xffff_ffff_ffff

    /// Types of values of modules.
    static let moduleTypes: ClosedRange<UInt8> = 6...7

    /// The nine letters that name a module, packed into the upper 54 bits of its number.
    static func moduleName(_ id: UInt64) -> String {
        let letters = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let name = (0..<9).map { letters[Int(id >> UInt64(58 - 6 * $0)) & 63] }
        return String(decoding: name, as: UTF8.self)
    }
}
