import Memory
import Testing

@Suite("Lent blocks")
struct ByteBufferTests {
    private func withBlock(_ text: String, _ body: (UnsafeMutablePointer<UInt8>, Int) -> Void) {
        var bytes = Array(text.utf8)
        unsafe bytes.withUnsafeMutableBufferPointer { block in
            guard let base = block.baseAddress else { return }
            unsafe body(base, block.count)
        }
    }

    @Test("what was eaten costs nothing, what is left becomes the buffer's own")
    func own() {
        let heap = Heap()
        var buffer = ByteBuffer(heap: heap)
        unsafe withBlock("hello") { block, count in
            unsafe buffer.borrow(block, count: count)
            #expect(buffer.readable.string == "hello")
            buffer.consume(5)
            buffer.own()
            let isFree = buffer.hasNoBlock && heap.used == 0
            #expect(isFree)
            unsafe buffer.borrow(block, count: count)
            buffer.consume(2)
            buffer.own()
            unsafe block[3] = UInt8(ascii: "x")
            #expect(buffer.readable.string == "llo")
            #expect(heap.used > 0)
            buffer.own()
            #expect(buffer.readable.string == "llo")
        }
        buffer.removeAll()
        buffer.releaseIfEmpty()
        #expect(heap.used == 0)
    }

    @Test("adding to a lent block moves it first")
    func append() {
        let heap = Heap()
        var buffer = ByteBuffer(heap: heap)
        unsafe withBlock("abc") { block, count in
            unsafe buffer.borrow(block, count: count)
            buffer.append("def")
            unsafe block[0] = UInt8(ascii: "x")
            #expect(buffer.readable.string == "abcdef")
        }
    }

    @Test("an empty lent block is dropped")
    func release() {
        let heap = Heap()
        var buffer = ByteBuffer(heap: heap)
        unsafe withBlock("abc") { block, count in
            unsafe buffer.borrow(block, count: count)
            buffer.consume(3)
            buffer.releaseIfEmpty()
            let isFree = buffer.hasNoBlock && heap.used == 0
            #expect(isFree)
        }
    }
}

@Suite("Framed strings")
struct FramedStringTests {
    @Test("every length is framed, and nothing behind it is touched", arguments: 0...1030)
    func framed(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        var buffer = ByteBuffer(heap: Heap())
        buffer.append("before")
        unsafe buffer.writable(2000).initializeMemory(as: UInt8.self, repeating: 0xaa)
        // Allocated to its length, so that a sanitizer sees a look beyond the end.
        bytes.withView { buffer.append(framed: $0) }
        unsafe #expect(buffer.writable(64).prefix(64).allSatisfy { $0 == 0xaa })
        let wanted = Array("before$\(length)\r\n".utf8) + bytes + Array("\r\n".utf8)
        let isSame = wanted.withView { $0 == buffer.readable }
        #expect(isSame)
    }
}
