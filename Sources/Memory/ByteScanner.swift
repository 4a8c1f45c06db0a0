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
        return digit == 0 ? -1 : longLength(Int(digit))
    }

    @inlinable
    mutating func longLength(_ first: Int) -> Int {
        var value = first
        var index = 2
        let last = min(count &- 1, 15)
        while index < last {
            let byte = unsafe next[index]
            if byte == UInt8(ascii: "\r") {
                unsafe next += index &+ 2
                return value
            }
            let digit = byte &- UInt8(ascii: "0")
            if digit > 9 { return -1 }
            value = value &* 10 &+ Int(digit)
            index &+= 1
        }
        return -1
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
