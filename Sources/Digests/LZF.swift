import CLZF
import Memory

/// LZF, by which RDB files shorten strings (liblzf does the work).
package enum LZF {
    /// Appends the compressed form of `bytes` and returns its length; nil, and nothing appended,
    /// when that would not save at least five bytes, which is where Redis stores plainly.
    package static func compress(_ bytes: ByteView, into buffer: inout ByteBuffer) -> Int? {
        guard bytes.count > 4, bytes.count <= Int(UInt32.max) else { return nil }
        let limit = bytes.count - 4
        let room = unsafe buffer.writable(limit)
        let length = unsafe lzf_compress(
            bytes.base, UInt32(bytes.count), room.baseAddress, UInt32(limit))
        guard length > 0 else { return nil }
        buffer.commit(Int(length))
        return Int(length)
    }

    /// Appends what `bytes` stands for; false, and nothing appended, unless that is well formed
    /// and exactly `length` long. The caller bounds `length`.
    package static func decompress(
        _ bytes: ByteView, to length: Int, into buffer: inout ByteBuffer
    ) -> Bool {
        guard bytes.count > 0, length > 0 else { return false }
        guard bytes.count <= Int(UInt32.max), length <= Int(UInt32.max) else { return false }
        let room = unsafe buffer.writable(length)
        let written = unsafe lzf_decompress(
            bytes.base, UInt32(bytes.count), room.baseAddress, UInt32(length))
        guard Int(written) == length else { return false }
        buffer.commit(length)
        return true
    }
}
