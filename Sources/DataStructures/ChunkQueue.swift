import Memory

/// First in, first out, in chunks of 4 KiB: growing never copies, and joining two queues takes
/// no time in proportion to their length.
@safe @usableFromInline
package struct ChunkQueue<Element: BitwiseCopyable>: ~Copyable {
    /// A chunk begins with this; its elements follow.
    @safe struct Header {
        var next: UnsafeMutableRawPointer?
        /// Indices of the first element and behind the last.
        var first = 0
        var end = 0

        init() { unsafe next = nil }
    }

    static var chunkSize: Int { 4096 }
    static var offset: Int {
        let alignment = MemoryLayout<Element>.alignment
        return (MemoryLayout<Header>.size + alignment - 1) / alignment * alignment
    }
    static var room: Int { (chunkSize - offset) / MemoryLayout<Element>.stride }

    let heap: Heap
    var head: UnsafeMutableRawPointer?
    var tail: UnsafeMutableRawPointer?
    /// Number of elements.
    @usableFromInline package private(set) var count = 0

    /// An empty queue, which holds no memory.
    package init(heap: Heap) {
        self.heap = heap
        unsafe head = nil
        unsafe tail = nil
    }

    deinit {
        var link = unsafe head
        while let chunk = unsafe link {
            unsafe link = unsafe Self.header(chunk).pointee.next
            unsafe heap.free(chunk, Self.chunkSize)
        }
    }

    @inlinable @inline(__always)
    package var isEmpty: Bool { count == 0 }

    @unsafe static func header(_ chunk: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Header> {
        unsafe chunk.assumingMemoryBound(to: Header.self)
    }

    @unsafe static func elements(_ chunk: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Element>
    {
        unsafe (chunk + offset).assumingMemoryBound(to: Element.self)
    }

    /// Adds an element at the end.
    package mutating func append(_ element: Element) {
        if let last = unsafe tail, unsafe Self.header(last).pointee.end < Self.room {
            unsafe store(element, in: last)
        } else {
            let chunk = unsafe heap.allocate(Self.chunkSize)
            unsafe Self.header(chunk).initialize(to: Header())
            if let last = unsafe tail {
                unsafe Self.header(last).pointee.next = unsafe chunk
            } else {
                unsafe head = unsafe chunk
            }
            unsafe tail = unsafe chunk
            unsafe store(element, in: chunk)
        }
        count += 1
    }

    @unsafe private func store(_ element: Element, in chunk: UnsafeMutableRawPointer) {
        let end = unsafe Self.header(chunk).pointee.end
        unsafe (Self.elements(chunk) + end).initialize(to: element)
        unsafe Self.header(chunk).pointee.end = end + 1
    }

    /// Takes the first element out.
    package mutating func popFirst() -> Element? {
        guard count > 0, let chunk = unsafe head else { return nil }
        let first = unsafe Self.header(chunk).pointee.first
        let element = unsafe Self.elements(chunk)[first]
        unsafe Self.header(chunk).pointee.first = first + 1
        count -= 1
        if unsafe first + 1 == Self.header(chunk).pointee.end {
            unsafe head = unsafe Self.header(chunk).pointee.next
            if unsafe head == nil { unsafe tail = nil }
            unsafe heap.free(chunk, Self.chunkSize)
        }
        return element
    }

    /// Visits all elements in order.
    package func forEach(_ body: (Element) -> Void) {
        var link = unsafe head
        while let chunk = unsafe link {
            let header = unsafe Self.header(chunk).pointee
            for index in header.first..<header.end {
                unsafe body(Self.elements(chunk)[index])
            }
            unsafe link = unsafe header.next
        }
    }

    /// Moves all elements of `other` behind those of this queue.
    package mutating func take(_ other: inout ChunkQueue) {
        guard let chunk = unsafe other.head else { return }
        if let last = unsafe tail {
            unsafe Self.header(last).pointee.next = unsafe chunk
        } else {
            unsafe head = unsafe chunk
        }
        unsafe tail = unsafe other.tail
        count += other.count
        unsafe other.head = nil
        unsafe other.tail = nil
        other.count = 0
    }
}
