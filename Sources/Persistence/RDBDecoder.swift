import Digests
import Memory

/// Reads an RDB file that arrives in pieces of any size: feed a piece, then take events until
/// `needMore`. Nothing blocks and nothing waits for the whole file, so that a server can answer
/// others while it loads.
///
/// Memory: the piece last fed, a key, and one element that is not complete yet (a string, a field
/// and its value, or what Redis keeps in one string: a small value, or a part of a list or a
/// stream), for which room grows as bytes arrive, never on the strength of a length alone; and once
/// more the size of a string that is compressed or has many items.
package struct RDBDecoder: ~Copyable {
    private enum State {
        case header
        case element
        /// Inside a value of many parts.
        case value
        /// Inside the data of a module that are no key's.
        case moduleAux(String)
        case checksum
        case finished(RDBChecksum)
    }

    private let stringLimit: Int
    private let verifies: Bool
    private var input: ByteBuffer
    private var keyScratch: ByteBuffer
    private var valueScratch: ByteBuffer
    private var values: RDBValueReader
    private var state = State.header
    private var attributes = RDBAttributes()
    private var crc: UInt64 = 0
    /// Bytes of the present element that are to be passed over.
    private var skipping: UInt64 = 0
    /// Bytes the present element lacks at least.
    private var missing = 0

    /// Position in the file of the next byte to be read.
    package private(set) var offset = 0
    /// The version of the file; 0 before its header was read.
    package private(set) var version = 0

    /// Keys that were passed over because nothing was in them. Some versions of Redis wrote such.
    package private(set) var emptyKeys = 0

    /// A decoder at the start of a file. `verifies`: whether a wrong checksum is an error.
    package init(
        heap: Heap, verifies: Bool = true, stringLimit: Int = RDBFormat.stringLimit
    ) {
        self.stringLimit = stringLimit
        self.verifies = verifies
        input = ByteBuffer(heap: heap)
        keyScratch = ByteBuffer(heap: heap)
        valueScratch = ByteBuffer(heap: heap)
        values = RDBValueReader(heap: heap)
    }

    /// Whether the end of the file has been read.
    package var isFinished: Bool {
        if case .finished = state { true } else { false }
    }

    /// The key of the value of many parts that is being read, or was read last.
    package var key: ByteView { values.keyText }

    /// What was fed and not read: behind the end, bytes that belong to something else.
    package var remainder: ByteView { input.readable }

    /// Takes a copy of the next bytes of the file. Pieces of up to 64 KiB, each used up before
    /// the next, keep within the bound above.
    package mutating func feed(_ bytes: ByteView) {
        shrink()
        // Doubling as far as the element needs it makes the copying of a long string linear.
        input.reserve(max(bytes.count, min(input.count, missing)))
        input.append(bytes)
    }

    /// Gives back the room that a long string took.
    private mutating func shrink() {
        RDBValueReader.shrink(&keyScratch)
        RDBValueReader.shrink(&valueScratch)
        values.shrink()
        guard input.capacity > 256 * 1024, input.count + missing <= 64 * 1024 else { return }
        var smaller = ByteBuffer(heap: input.heap)
        smaller.append(input.readable)
        input = smaller
    }

    /// There will be no more bytes: an error unless the file was read to its end.
    package func finish() throws(RDBError) {
        guard isFinished else { throw RDBError(offset: offset + input.count, .truncated) }
        guard input.isEmpty else { throw RDBError(offset: offset, .trailingBytes) }
    }

    /// The next event of what was fed. After the end it is `end` for ever.
    package mutating func next() throws(RDBError) -> RDBEvent {
        while true {
            guard passOver() else { return .needMore }
            var cursor = RDBCursor(input.readable, at: offset, stringLimit: stringLimit)
            let event: RDBEvent?
            switch state {
            case .header: event = try header(&cursor)
            case .element: event = try element(&cursor)
            case .value: event = try part(&cursor)
            case .moduleAux(let name): event = try moduleAux(name, &cursor)
            case .checksum: event = try checksum(&cursor)
            case .finished(let checksum): return .end(checksum)
            }
            missing = cursor.missing
            guard missing == 0 else { return .needMore }
            advance(cursor.count)
            if let event { return event }
        }
    }

    /// Counts `count` bytes as read. They stay where they are until the next `feed`.
    private mutating func advance(_ count: Int) {
        if verifies, !isFinished { crc = CRC64.update(crc: crc, input.readable[0..<count]) }
        input.consume(count)
        offset += count
    }

    private mutating func passOver() -> Bool {
        guard skipping > 0 else { return true }
        let count = Int(min(skipping, UInt64(input.count)))
        advance(count)
        skipping -= UInt64(count)
        return skipping == 0
    }

    private mutating func header(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let bytes = cursor.bytes(RDBFormat.headerLength) else { return nil }
        let digits = bytes[5..<9]
        guard bytes[0..<5] == RDBFormat.signature else {
            throw RDBError(offset: 0, .wrongSignature)
        }
        var number = 0
        for index in 0..<4 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digits[index]) else {
                throw RDBError(offset: 5, .wrongSignature)
            }
            number = number * 10 + Int(digits[index] - UInt8(ascii: "0"))
        }
        guard RDBFormat.readableVersions.contains(number) else {
            throw RDBError(offset: 5, .unsupportedVersion(number))
        }
        version = number
        state = .element
        return nil
    }

    private mutating func checksum(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let stored = cursor.littleEndian(8) else { return nil }
        let result: RDBChecksum
        if !verifies {
            result = .unchecked
        } else if stored == 0 {
            result = .disabled
        } else if stored == crc {
            result = .verified
        } else {
            throw RDBError(offset: offset, .wrongChecksum(stored: stored, computed: crc))
        }
        state = .finished(result)
        return .end(result)
    }

    /// One opcode with what belongs to it, or one entry.
    private mutating func element(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        guard let opcode = cursor.byte() else { return nil }
        switch opcode {
        case RDBFormat.Opcode.expirySeconds:
            guard let seconds = cursor.littleEndian(4) else { return nil }
            setExpiry(Int64(Int32(truncatingIfNeeded: seconds)) * 1000)
        case RDBFormat.Opcode.expiryMilliseconds:
            guard let milliseconds = cursor.littleEndian(8) else { return nil }
            setExpiry(Int64(bitPattern: milliseconds))
        case RDBFormat.Opcode.idle:
            guard let seconds = try cursor.number() else { return nil }
            attributes.idle = Int(clamping: seconds)
        case RDBFormat.Opcode.frequency:
            guard let counter = cursor.byte() else { return nil }
            attributes.frequency = counter
        case RDBFormat.Opcode.selectDatabase:
            guard let number = try cursor.number() else { return nil }
            guard number <= UInt64(Int32.max) else {
                throw cursor.error(.databaseOutOfRange(number))
            }
            return .selectDatabase(Int(number))
        case RDBFormat.Opcode.resize:
            guard let keys = try cursor.number(), let expires = try cursor.number() else {
                return nil
            }
            return .resize(keys: Int(clamping: keys), expires: Int(clamping: expires))
        case RDBFormat.Opcode.slotInfo:
            for _ in 0..<3 { guard try cursor.number() != nil else { return nil } }
        case RDBFormat.Opcode.aux:
            guard let key = try cursor.text(), let value = try cursor.text() else { return nil }
            return .aux(
                key: try cursor.view(key, &keyScratch),
                value: try cursor.view(value, &valueScratch))
        case RDBFormat.Opcode.function:
            guard let code = try cursor.text() else { return nil }
            return .function(try cursor.view(code, &valueScratch))
        case RDBFormat.Opcode.candidateFunction:
            throw cursor.error(.unsupportedType("function of a release candidate"))
        case RDBFormat.Opcode.moduleAux:
            try beginModuleAux(&cursor)
        case RDBFormat.Opcode.end:
            if version >= RDBFormat.checksumVersion {
                state = .checksum
            } else {
                state = .finished(.absent)
                return .end(.absent)
            }
        default:
            return try entry(opcode, &cursor)
        }
        return nil
    }

    /// Redis takes -1 for no expiry.
    private mutating func setExpiry(_ milliseconds: Int64) {
        attributes.expiry = milliseconds == -1 ? nil : milliseconds
    }

    private mutating func entry(
        _ number: UInt8, _ cursor: inout RDBCursor
    ) throws(RDBError) -> RDBEvent? {
        let type = try RDBDecoder.type(number, cursor)
        guard let key = try cursor.text() else { return nil }
        guard type == .string else {
            values.begin(type, key: try cursor.view(key, &keyScratch), attributes)
            attributes = RDBAttributes()
            state = .value
            return nil
        }
        guard let value = try cursor.text() else { return nil }
        let entry = RDBEntry(
            key: try cursor.view(key, &keyScratch), value: try cursor.value(value, &valueScratch),
            attributes: attributes)
        attributes = RDBAttributes()
        return .entry(entry)
    }

    /// The type of a value that `cursor` has just read.
    static func type(_ number: UInt8, _ cursor: RDBCursor) throws(RDBError) -> RDBValueType {
        guard let type = RDBValueType(rawValue: number) else {
            guard RDBFormat.moduleTypes.contains(number) else {
                throw cursor.error(.unknownType(number))
            }
            throw cursor.error(.unsupportedType("module value"))
        }
        return type
    }

    /// One part of a value.
    private mutating func part(_ cursor: inout RDBCursor) throws(RDBError) -> RDBEvent? {
        let event = try values.next(&cursor)
        if values.isFinished {
            state = .element
            if values.wasEmpty { emptyKeys += 1 }
        }
        return event
    }

    private mutating func beginModuleAux(_ cursor: inout RDBCursor) throws(RDBError) {
        guard let module = try cursor.number(), let kind = try cursor.number(),
            try cursor.number() != nil
        else { return }
        guard kind == RDBFormat.ModuleOpcode.unsigned else {
            throw cursor.error(.invalidModuleData)
        }
        state = .moduleAux(RDBFormat.moduleName(module))
    }

    private mutating func moduleAux(
        _ name: String, _ cursor: inout RDBCursor
    ) throws(RDBError) -> RDBEvent? {
        guard let part = try cursor.number() else { return nil }
        switch part {
        case RDBFormat.ModuleOpcode.end:
            state = .element
            return .moduleAux(module: name)
        case RDBFormat.ModuleOpcode.signed, RDBFormat.ModuleOpcode.unsigned:
            _ = try cursor.number()
        case RDBFormat.ModuleOpcode.float:
            skipping = 4
        case RDBFormat.ModuleOpcode.double:
            skipping = 8
        case RDBFormat.ModuleOpcode.string:
            skipping = try cursor.skippableText() ?? 0
        default:
            throw cursor.error(.invalidModuleData)
        }
        return nil
    }
}
