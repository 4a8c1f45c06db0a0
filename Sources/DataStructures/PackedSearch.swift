import Memory

extension PackedReader {
    /// Looks among the items at every `stride`th place from here on for one that equals `needle`,
    /// and stops before it. Returns how many of these it passed over; nil if there is none.
    package mutating func find(_ needle: PackedItem, stride: Int) -> Int? {
        var index = 0
        while offset < bytes.count {
            let start = offset
            if isNext(needle) {
                offset = start
                return index
            }
            offset = start
            for _ in 0..<stride { skip() }
            index += 1
        }
        return nil
    }

    @inline(__always)
    private mutating func isNext(_ needle: PackedItem) -> Bool {
        let code = bytes[offset]
        switch needle {
        case .bytes(let wanted):
            if wanted.count < 64 {
                // Most of what is looked for is short, and most of what is there is of another
                // length.
                guard code == 0x80 | UInt8(truncatingIfNeeded: wanted.count) else { return false }
                return string(1, wanted.count) == wanted
            }
            guard code >= 0xe0, case .bytes(let found)? = next() else { return false }
            return found == wanted
        case .integer(let wanted):
            guard code & 0xc0 != 0x80, case .integer(let found)? = next() else { return false }
            return found == wanted
        }
    }

    /// Visits the next `count` groups of `stride` items, the last one first, until `body` returns
    /// false; it gets a reader that stands before the group.
    package func reversed(count: Int, stride: Int, _ body: (PackedReader) -> Bool) {
        var reader = self
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(count, 1)) { places in
            var found = 0
            while found < count, !reader.isAtEnd {
                unsafe places[found] = Int32(truncatingIfNeeded: reader.offset)
                reader.skip(stride)
                found += 1
            }
            while found > 0 {
                found -= 1
                reader.offset = Int(unsafe places[found])
                if !body(reader) { return }
            }
        }
    }
}

extension PackedItem {
    /// Negative, zero or positive: the order of its text and `other`, as `ByteView.compare`.
    package func compare(_ other: ByteView) -> Int {
        switch self {
        case .bytes(let bytes): bytes.compare(other)
        case .integer(let value): withDecimal(value) { $0.compare(other) }
        }
    }

    /// The same for the text of another item.
    package func compare(_ other: PackedItem) -> Int {
        switch other {
        case .bytes(let bytes): compare(bytes)
        case .integer(let value): withDecimal(value) { compare($0) }
        }
    }
}
