import Digests
import Memory

/// Writes an RDB file piece by piece at the end of a buffer that the caller empties as it likes.
/// It is told keys and values by views and knows no database.
package struct RDBEncoder: ~Copyable {
    private let compresses: Bool
    private let checks: Bool
    private var crc: UInt64 = 0
    private var scratch: ByteBuffer

    /// `compresses`: `rdbcompression`; `checks`: `rdbchecksum`.
    package init(heap: Heap, compresses: Bool = true, checks: Bool = true) {
        self.compresses = compresses
        self.checks = checks
        scratch = ByteBuffer(heap: heap)
    }

    /// The signature and the version.
    package mutating func header(into buffer: inout ByteBuffer) {
        let start = buffer.count
        let digits = String(RDBFormat.version)
        buffer.append(RDBFormat.signature)
        buffer.append(repeating: UInt8(ascii: "0"), count: 4 - digits.utf8.count)
        buffer.append(digits)
        sum(buffer, from: start)
    }

    /// A field of information.
    package mutating func aux(
        _ key: StaticString, _ value: ByteView, into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        buffer.append(RDBFormat.Opcode.aux)
        string(ByteView(key), into: &buffer)
        string(value, into: &buffer)
        sum(buffer, from: start)
    }

    /// The fields that every file has.
    package mutating func information(
        _ information: RDBInformation, into buffer: inout ByteBuffer
    ) {
        func text(_ key: StaticString, _ value: String, _ encoder: inout RDBEncoder) {
            Array(value.utf8).withView { encoder.aux(key, $0, into: &buffer) }
        }
        text("redis-ver", information.version, &self)
        text("redis-bits", "64", &self)
        text("ctime", "\(information.createdAt)", &self)
        text("used-mem", "\(information.usedMemory)", &self)
        if let stream = information.stream {
            text("repl-stream-db", "\(stream.database)", &self)
            text("repl-id", stream.id, &self)
            text("repl-offset", "\(stream.offset)", &self)
        } else if let history = information.history {
            text("tandem-history", history, &self)
        }
        text("aof-base", information.isLogBase ? "1" : "0", &self)
    }

    /// The entries that follow belong to `database`.
    package mutating func select(_ database: Int, into buffer: inout ByteBuffer) {
        let start = buffer.count
        buffer.append(RDBFormat.Opcode.selectDatabase)
        RDBEncoder.length(database, into: &buffer)
        sum(buffer, from: start)
    }

    /// The database selected has `keys` keys, `expires` of them with an expiry.
    package mutating func resize(keys: Int, expires: Int, into buffer: inout ByteBuffer) {
        let start = buffer.count
        buffer.append(RDBFormat.Opcode.resize)
        RDBEncoder.length(keys, into: &buffer)
        RDBEncoder.length(expires, into: &buffer)
        sum(buffer, from: start)
    }

    /// A key with a string.
    package mutating func entry(
        _ key: ByteView, _ value: RDBValue, _ attributes: RDBAttributes = RDBAttributes(),
        into buffer: inout ByteBuffer
    ) {
        let start = buffer.count
        head(.string, key, attributes, into: &buffer)
        self.value(value, into: &buffer)
        sum(buffer, from: start)
    }

    /// A key with a string of `length` bytes, which the caller writes, and counts in a checksum
    /// of its own.
    mutating func entryHead(
        _ key: ByteView, stringOf length: Int, _ attributes: RDBAttributes,
        into buffer: inout ByteBuffer
    ) {
        invariant(!checks, "a value outside the checksum")
        head(.string, key, attributes, into: &buffer)
        RDBEncoder.length(length, into: &buffer)
    }

    /// What stands before a value.
    mutating func head(
        _ type: RDBValueType, _ key: ByteView, _ attributes: RDBAttributes,
        into buffer: inout ByteBuffer
    ) {
        if let expiry = attributes.expiry {
            buffer.append(RDBFormat.Opcode.expiryMilliseconds)
            RDBEncoder.littleEndian(UInt64(bitPattern: expiry), 8, into: &buffer)
        }
        if let idle = attributes.idle {
            buffer.append(RDBFormat.Opcode.idle)
            RDBEncoder.length(idle, into: &buffer)
        }
        if let frequency = attributes.frequency {
            buffer.append(RDBFormat.Opcode.frequency)
            buffer.append(frequency)
        }
        buffer.append(type.rawValue)
        string(key, into: &buffer)
    }

    /// The code of a function library.
    package mutating func function(_ code: ByteView, into buffer: inout ByteBuffer) {
        let start = buffer.count
        buffer.append(RDBFormat.Opcode.function)
        string(code, into: &buffer)
        sum(buffer, from: start)
    }

    /// The end and the checksum.
    package mutating func end(into buffer: inout ByteBuffer) {
        let start = buffer.count
        buffer.append(RDBFormat.Opcode.end)
        sum(buffer, from: start)
        RDBEncoder.littleEndian(checks ? crc : 0, 8, into: &buffer)
    }

    /// A value without its type, and not counted in the checksum.
    mutating func value(_ value: RDBValue, into buffer: inout ByteBuffer) {
        switch value {
        case .string(let bytes):
            string(bytes, into: &buffer)
        case .integer(let number): integer(number, into: &buffer)
        }
    }

    /// An integer as a string.
    mutating func integer(_ number: Int64, into buffer: inout ByteBuffer) {
        if RDBEncoder.shortInteger(number, into: &buffer) { return }
        scratch.removeAll()
        scratch.append(decimal: Int(number))
        RDBEncoder.length(scratch.count, into: &buffer)
        buffer.append(scratch.readable)
    }

    /// A string in the shortest form: as an integer of up to 32 bits, compressed, or as it is.
    mutating func string(_ bytes: ByteView, into buffer: inout ByteBuffer) {
        if bytes.count <= 11, let number = bytes.integer,
            RDBEncoder.shortInteger(number, into: &buffer)
        {
            return
        }
        // Shorter ones never gain.
        if compresses, bytes.count > 20, compressed(bytes, into: &buffer) { return }
        RDBEncoder.length(bytes.count, into: &buffer)
        buffer.append(bytes)
    }

    private mutating func compressed(_ bytes: ByteView, into buffer: inout ByteBuffer) -> Bool {
        scratch.removeAll()
        if scratch.capacity > 64 * 1024 { scratch.releaseIfEmpty() }
        guard let length = LZF.compress(bytes, into: &scratch) else { return false }
        buffer.append(0xc0 | RDBFormat.Encoding.lzf)
        RDBEncoder.length(length, into: &buffer)
        RDBEncoder.length(bytes.count, into: &buffer)
        buffer.append(scratch.readable)
        return true
    }

    mutating func sum(_ buffer: borrowing ByteBuffer, from start: Int) {
        guard checks else { return }
        crc = CRC64.update(crc: crc, buffer.readable[start..<buffer.count])
    }
}

extension RDBEncoder {
    /// A length in one, two, five or nine bytes.
    static func length(_ length: Int, into buffer: inout ByteBuffer) {
        number(UInt64(length), into: &buffer)
    }

    /// A number stored like a length.
    static func number(_ bits: UInt64, into buffer: inout ByteBuffer) {
        if bits < 1 << 6 {
            buffer.append(UInt8(bits))
        } else if bits < 1 << 14 {
            buffer.append(UInt8(bits >> 8) | 0x40)
            buffer.append(UInt8(truncatingIfNeeded: bits))
        } else if bits <= UInt64(UInt32.max) {
            buffer.append(RDBFormat.Length.wide32)
            littleEndian(UInt64(UInt32(bits).byteSwapped), 4, into: &buffer)
        } else {
            buffer.append(RDBFormat.Length.wide64)
            littleEndian(bits.byteSwapped, 8, into: &buffer)
        }
    }

    /// `count` bytes of `number`, the least significant first.
    static func littleEndian(_ number: UInt64, _ count: Int, into buffer: inout ByteBuffer) {
        for index in 0..<count {
            buffer.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * index)))
        }
    }

    /// An integer of up to 32 bits; false, and nothing appended, for a wider one.
    static func shortInteger(_ number: Int64, into buffer: inout ByteBuffer) -> Bool {
        let bits = UInt64(bitPattern: number)
        if Int8(exactly: number) != nil {
            buffer.append(0xc0 | RDBFormat.Encoding.int8)
            littleEndian(bits, 1, into: &buffer)
        } else if Int16(exactly: number) != nil {
            buffer.append(0xc0 | RDBFormat.Encoding.int16)
            littleEndian(bits, 2, into: &buffer)
        } else if Int32(exactly: number) != nil {
            buffer.append(0xc0 | RDBFormat.Encoding.int32)
            littleEndian(bits, 4, into: &buffer)
        } else {
            return false
        }
        return true
    }
}

/// What a file says of its origin.
package struct RDBInformation: Equatable, Sendable {
    /// Where in which stream the data of the file end.
    package struct Stream: Equatable, Sendable {
        /// The database that the stream had selected.
        package let database: Int
        /// The 40 digits of the history's ID.
        package let id: String
        package let offset: Int

        package init(database: Int, id: String, offset: Int) {
            self.database = database
            self.id = id
            self.offset = offset
        }
    }

    /// The version of Redis this server stands for.
    package let version: String
    /// Seconds since 1970.
    package let createdAt: Int64
    /// Bytes.
    package let usedMemory: Int
    /// Nil when nobody could continue from the file.
    package let stream: Stream?
    /// The history to which the data belong, for files without a place in a stream.
    package let history: String?
    /// Whether the file is the base of an append-only log.
    package let isLogBase: Bool

    package init(
        version: String, createdAt: Int64, usedMemory: Int, stream: Stream? = nil,
        history: String? = nil, isLogBase: Bool = false
    ) {
        self.version = version
        self.createdAt = createdAt
        self.usedMemory = usedMemory
        self.stream = stream
        self.history = history
        self.isLogBase = isLogBase
    }
}
