import Glibc

/// Borrowed bytes: an argument, a key, a value in place. It owns nothing and is copied freely;
/// whoever hands it out says how long it stays valid (an argument: until the end of the turn).
@safe @frozen @usableFromInline
package struct ByteView {
    @usableFromInline package let base: UnsafePointer<UInt8>
    @usableFromInline package let count: Int

    @unsafe @inlinable @inline(__always)
    package init(_ base: UnsafePointer<UInt8>, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }

    /// The bytes of a literal, which live as long as the program.
    @inlinable @inline(__always)
    package init(_ text: StaticString) {
        unsafe base = unsafe text.utf8Start
        count = text.utf8CodeUnitCount
    }

    /// No bytes.
    @inlinable
    package static var empty: ByteView { ByteView("") }

    @inlinable @inline(__always)
    package var isEmpty: Bool { count == 0 }

    /// Byte `index`; outside `0..<count` is our bug.
    @inlinable
    package subscript(index: Int) -> UInt8 {
        @inline(__always) get {
            invariant(UInt(bitPattern: index) < UInt(bitPattern: count), "view index out of range")
            return unsafe base[index]
        }
    }

    /// The bytes `range`, still borrowed.
    @inlinable
    package subscript(range: Range<Int>) -> ByteView {
        invariant(range.upperBound <= count && range.lowerBound >= 0, "view range out of range")
        return unsafe ByteView(base + range.lowerBound, count: range.count)
    }

    /// A copy.
    @inlinable
    package var bytes: [UInt8] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Copies the bytes to the end of an array.
    package func append(to array: inout [UInt8]) {
        unsafe array.append(contentsOf: UnsafeBufferPointer(start: base, count: count))
    }

    /// A copy as text; bytes that are not UTF-8 become U+FFFD.
    package var string: String {
        unsafe String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    @inlinable @inline(__always)
    package static func == (left: ByteView, right: ByteView) -> Bool {
        guard left.count == right.count else { return false }
        // Names and short keys need no call.
        let tail = left.count &- 8
        if tail >= 0 && tail <= 8 {
            let (first, second) = unsafe (UnsafeRawPointer(left.base), UnsafeRawPointer(right.base))
            let heads =
                unsafe first.loadUnaligned(as: UInt64.self)
                ^ second.loadUnaligned(as: UInt64.self)
            let tails =
                unsafe first.loadUnaligned(fromByteOffset: tail, as: UInt64.self)
                ^ second.loadUnaligned(fromByteOffset: tail, as: UInt64.self)
            return heads | tails == 0
        }
        return unsafe memcmp(left.base, right.base, left.count) == 0
    }

    @inlinable
    package static func == (left: ByteView, right: StaticString) -> Bool { left == ByteView(right) }

    /// Negative, zero or positive, as memcmp; a prefix comes first.
    @inlinable
    package func compare(_ other: ByteView) -> Int {
        let order = unsafe memcmp(base, other.base, min(count, other.count))
        return order != 0 ? Int(order) : count - other.count
    }

    /// Whether both are equal when ASCII letters are taken as the same in both cases.
    @inlinable
    package func equalsIgnoringCase(_ text: StaticString) -> Bool {
        equalsIgnoringCase(ByteView(text))
    }

    /// Whether both are equal when ASCII letters are taken as the same in both cases.
    @inlinable
    package func equalsIgnoringCase(_ other: ByteView) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count {
            let (a, b) = unsafe (base[index], other.base[index])
            if a != b && asciiLower(a) != asciiLower(b) { return false }
        }
        return true
    }

    /// The whole view as a decimal Int64 in its one canonical spelling (no plus sign, no leading
    /// zeros, no blanks), which is what decides whether a string value is an integer.
    @inlinable
    package var integer: Int64? {
        guard count > 0, count <= 20 else { return nil }
        var index = 0
        let negative = unsafe base[0] == UInt8(ascii: "-")
        if negative {
            index = 1
            if count == 1 { return nil }
        }
        let first = unsafe base[index]
        if first == UInt8(ascii: "0") { return count == 1 ? 0 : nil }
        var magnitude: UInt64 = 0
        while index < count {
            let digit = unsafe base[index] &- UInt8(ascii: "0")
            if digit > 9 { return nil }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            magnitude = sum
            index += 1
        }
        if negative {
            return magnitude <= UInt64(Int64.max) + 1
                ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return magnitude <= UInt64(Int64.max) ? Int64(magnitude) : nil
    }

    /// The first eight bytes with bit 5 set in each (so ASCII letters are lower case) as one
    /// little-endian number, zero where there are fewer: a quick key for names.
    @inlinable
    package var foldedPrefix: UInt64 {
        if count >= 8 {
            return unsafe UnsafeRawPointer(base).loadUnaligned(as: UInt64.self)
                | 0x2020_2020_2020_2020
        }
        if count == 0 { return 0 }
        // Loads that overlap, so that none reaches beyond the end.
        var result: UInt64
        if count >= 4 {
            let raw = unsafe UnsafeRawPointer(base)
            let (low, high) = unsafe (
                raw.loadUnaligned(as: UInt32.self),
                raw.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
            )
            result = UInt64(low) | UInt64(high) &<< bits(count &- 4)
        } else {
            let middle = count &>> 1
            result = unsafe UInt64(base[0]) | UInt64(base[middle]) &<< bits(middle)
            result |= unsafe UInt64(base[count &- 1]) &<< bits(count &- 1)
        }
        return result | 0x2020_2020_2020_2020 & ((1 &<< bits(count)) &- 1)
    }

    @inlinable @inline(__always)
    func bits(_ bytes: Int) -> UInt64 { UInt64(truncatingIfNeeded: bytes &* 8) }

    /// The position of `byte` at or after `start`.
    @inlinable
    package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        guard start < count else { return nil }
        guard let hit = unsafe memchr(base + start, Int32(byte), count - start) else { return nil }
        return unsafe UnsafePointer(hit.assumingMemoryBound(to: UInt8.self)) - base
    }
}

/// `byte` with A–Z made a–z.
@inlinable @inline(__always)
package func asciiLower(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}

extension Array where Element == UInt8 {
    /// Lends the array's bytes while `body` runs.
    @inlinable
    package func withView<Result, Failure: Error>(
        _ body: (ByteView) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafeBufferPointer { buffer throws(Failure) in
            guard let base = buffer.baseAddress else { return try body(.empty) }
            return try unsafe body(ByteView(base, count: buffer.count))
        }
    }
}
