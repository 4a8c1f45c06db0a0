/// Goes through borrowed bytes from front to back: the common forms of lengths and of what they
/// announce, without a check for every byte.
@safe @frozen @usableFromInline
package struct ByteScanner {
    @usableFromInline var next: UnsafePointer<UInt8>
    @usableFromInline let end: UnsafePointer<UInt8>

    /// At byte `position` of `view`.
    @inlinable @inline(__always)
    package init(_ view: ByteView, at position: Int) {
        invariant(position >= 0 && position <= view.count, "scan outside the view")
        unsafe next = view.base + position
        unsafe end = view.base + view.count
    }

    /// Bytes not yet taken.
    @inlinable @inline(__always)
    package var count: Int { unsafe end - next }

    /// Takes `marker`, a length of at most 13 digits in its canonical spelling, a CR and the byte
    /// behind it, whatever that is; -1, with nothing taken, if something else is there or not all
    /// of it.
    @inlinable @inline(__always)
    package mutating func length(after marker: UInt8) -> Int {
        guard count >= 4, unsafe next[0] == marker else { return -1 }
        let digit = unsafe next[1] &- UInt8(ascii: "0")
        if digit > 9 { return -1 }
        if unsafe _fastPath(next[2] == UInt8(ascii: "\r")) {
            unsafe next += 4
            return Int(digit)
        }
        if digit == 0 { return -1 }
        let second = unsafe next[2] &- UInt8(ascii: "0")
        if unsafe second <= 9 && count >= 5 && next[3] == UInt8(ascii: "\r") {
            unsafe next += 5
            return Int(digit) &* 10 &+ Int(second)
        }
        let long = unsafe ByteScanner.longLength(next, count)
        if long.value >= 0 { unsafe next += long.size }
        return long.value
    }

    /// A length that begins with a digit behind the first of `count` bytes, and how many bytes
    /// it takes with what is around it. Static, so that a scanner can stay in registers.
    @unsafe @usableFromInline @inline(never)
    static func longLength(_ start: UnsafePointer<UInt8>, _ count: Int) -> (value: Int, size: Int) {
        var value = 0
        var index = 1
        let last = min(count &- 1, 15)
        while index < last {
            let byte = unsafe start[index]
            if byte == UInt8(ascii: "\r") { return (value, index &+ 2) }
            let digit = byte &- UInt8(ascii: "0")
            if digit > 9 { break }
            value = value &* 10 &+ Int(digit)
            index &+= 1
        }
        return (-1, 0)
    }

    /// Takes `length` bytes and two more behind them; the caller has seen that they are there.
    @inlinable @inline(__always)
    package mutating func line(_ length: Int) -> ByteView {
        let start = unsafe next
        unsafe next += length &+ 2
        invariant(unsafe length >= 0 && next <= end, "took more than there is")
        return unsafe ByteView(start, count: length)
    }
}
