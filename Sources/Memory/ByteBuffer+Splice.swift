import Glibc

extension ByteBuffer {
    /// Replaces the bytes `range`, counted from the front, by others of any number; what is behind
    /// them moves. `view` must not point into the buffer.
    package mutating func splice(_ range: Range<Int>, with view: ByteView) {
        invariant(range.lowerBound >= 0 && range.upperBound <= count, "spliced outside the buffer")
        let growth = view.count - range.count
        if growth > 0 { reserve(growth) }
        guard let base = unsafe base else { return }
        let start = unsafe base + readIndex + range.lowerBound
        let behind = count - range.upperBound
        if growth != 0 { unsafe memmove(start + view.count, start + range.count, behind) }
        if view.count > 0 { unsafe memcpy(start, view.base, view.count) }
        writeIndex += growth
    }
}
