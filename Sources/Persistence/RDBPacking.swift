import DataStructures
import Memory

/// How items are packed into one string: the forms in which Redis keeps small values in memory
/// and writes them as they are.
enum RDBPacking {
    case listpack, ziplist, intset, zipmap

    var part: RDBPart {
        switch self {
        case .listpack: .listpack
        case .ziplist: .ziplist
        case .intset: .intset
        case .zipmap: .zipmap
        }
    }
}

/// Reads packed items from front to back and believes nothing: lengths, links, end mark and
/// counts are verified on the way. The bytes are handed in with each call and must be the same.
struct RDBItemReader {
    let packing: RDBPacking
    /// Where the next item begins.
    private(set) var offset: Int
    /// Items passed.
    private(set) var count = 0
    /// Bytes of the item before (ziplist).
    private var before = 0
    /// The integer before (intset).
    private var lowest: Int64?

    /// At the first item of `bytes`.
    init(_ packing: RDBPacking, _ bytes: ByteView) throws(RDBFlaw) {
        self.packing = packing
        switch packing {
        case .listpack: offset = try Listpack.begin(bytes)
        case .ziplist: offset = try Ziplist.begin(bytes)
        case .intset: offset = try Intset.begin(bytes)
        case .zipmap: offset = try Zipmap.begin(bytes)
        }
    }

    /// The next item; nil behind the last, which also means that the whole string is sound.
    mutating func next(_ bytes: ByteView) throws(RDBFlaw) -> RDBItem? {
        let start = offset
        guard let item = try step(bytes) else { return nil }
        count += 1
        before = offset - start
        return item
    }

    private mutating func step(_ bytes: ByteView) throws(RDBFlaw) -> RDBItem? {
        switch packing {
        case .listpack:
            if let item = try Listpack.item(bytes, &offset) { return item }
            try Listpack.end(bytes, count: count)
        case .ziplist:
            if let item = try Ziplist.item(bytes, &offset, before: before) { return item }
            try Ziplist.end(bytes, count: count, last: offset - before)
        case .intset:
            if let item = try Intset.item(bytes, &offset, above: lowest) {
                lowest = item
                return .integer(item)
            }
        case .zipmap:
            if let item = try Zipmap.item(bytes, &offset, isValue: count & 1 == 1) { return item }
            try Zipmap.end(bytes, count: count)
        }
        return nil
    }

    /// The item at `offset`, which this reader has passed before.
    static func item(
        _ packing: RDBPacking, _ bytes: ByteView, at offset: Int
    ) throws(RDBFlaw) -> RDBItem? {
        var offset = offset
        switch packing {
        case .listpack: return try Listpack.item(bytes, &offset)
        case .ziplist: return try Ziplist.item(bytes, &offset, before: nil)
        case .intset: return try Intset.item(bytes, &offset, above: nil).map { .integer($0) }
        case .zipmap: return try Zipmap.item(bytes, &offset, isValue: false)
        }
    }
}

extension ByteView {
    /// An unsigned number of `length` bytes at `offset`, the least significant first.
    func littleEndian(_ offset: Int, _ length: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in 0..<length { number |= UInt64(self[offset + index]) << UInt64(8 * index) }
        return number
    }

    /// The same with a sign.
    func signed(_ offset: Int, _ length: Int) -> Int64 {
        let unused = UInt64(64 - 8 * length)
        return Int64(bitPattern: littleEndian(offset, length) << unused) >> Int64(unused)
    }

    /// An unsigned number of `length` bytes at `offset`, the most significant first.
    func bigEndian(_ offset: Int, _ length: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in 0..<length { number = number << 8 | UInt64(self[offset + index]) }
        return number
    }
}
