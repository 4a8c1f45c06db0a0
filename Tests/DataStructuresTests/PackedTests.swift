import DataStructures
import Digests
import Memory
import Testing

/// Packed sequences give back what was put in, in as many bytes as they say.
struct PackedTests {
    private let heap = Heap()

    /// Texts around every limit of the format.
    private static let texts: [[UInt8]] = {
        var texts = [
            "", "0", "-0", "1", "127", "128", "-1", "4095", "4096", "-4096", "-4097", "32767",
            "32768", "-32768", "8388607", "8388608", "-8388608", "-8388609", "2147483647",
            "2147483648", "-2147483648", "-2147483649", "9223372036854775807",
            "-9223372036854775808", "9223372036854775808", "01", "+1", " 1", "1.0",
        ].map { Array($0.utf8) }
        for count in [1, 63, 64, 4095, 4096, 70_000] {
            texts.append([UInt8](repeating: 0xf5, count: count))
        }
        return texts
    }()

    @Test func everyItemIsReadAsItWasWritten() {
        var buffer = ByteBuffer(heap: heap)
        for text in PackedTests.texts {
            let before = buffer.count
            let count = text.withView { view in
                let item = PackedItem(text: view)
                item.append(to: &buffer)
                return item.encodedCount
            }
            #expect(buffer.count - before == count)
        }
        var reader = PackedReader(buffer.readable)
        for text in PackedTests.texts {
            guard let item = reader.next() else { return #expect(Bool(false), "too few items") }
            #expect(item.withText { $0.bytes } == text)
            #expect(item.textCount == text.count)
            #expect(text.withView { item.equals($0) })
        }
        #expect(reader.next() == nil && reader.isAtEnd)
    }

    @Test func skippingEndsWhereReadingEnds() {
        var buffer = ByteBuffer(heap: heap)
        for text in PackedTests.texts { text.withView { PackedItem(text: $0).append(to: &buffer) } }
        var reading = PackedReader(buffer.readable)
        var skipping = PackedReader(buffer.readable)
        while reading.next() != nil {
            let isThere = skipping.skip()
            #expect(isThere && skipping.offset == reading.offset)
        }
        let isBeyond = skipping.skip()
        #expect(!isBeyond)
    }

    @Test func scoresKeepEveryBit() {
        let scores: [Double] = [
            0, -0.0, 1, -1, 0.1 + 0.2, 1e300, -.infinity, .infinity, 0x1p53, -0x1p53, 0x1p53 - 1,
            .leastNonzeroMagnitude, 127, 128, -4096,
        ]
        for score in scores {
            var buffer = ByteBuffer(heap: heap)
            Packed.withScore(score) { $0.append(to: &buffer) }
            var reader = PackedReader(buffer.readable)
            #expect(reader.next()?.score.bitPattern == score.bitPattern)
        }
    }

    @Test func itemsAreEqualWhenTheirTextsAre() {
        for first in PackedTests.texts {
            for second in PackedTests.texts {
                let equal = first.withView { one in
                    second.withView { PackedItem(text: one) == PackedItem(text: $0) }
                }
                #expect(equal == (first == second))
            }
        }
    }
}

/// A frozen copy of nodes stays as it was, and everything is given back.
struct LineageTests {
    @Test func nodesAreCopiedOnceBeforeTheyChange() {
        let heap = Heap()
        let before = heap.used
        var lineage = Lineage()
        let old = lineage.make(heap: heap, room: 100)
        #expect(lineage.writable(old, heap: heap) == old)
        lineage.freeze()
        #expect(lineage.isShared(old))
        let fresh = lineage.writable(old, heap: heap)
        #expect(!(fresh == old) && fresh.capacity == old.capacity)
        #expect(lineage.writable(fresh, heap: heap) == fresh)
        #expect(lineage.droppedBytes == old.footprint)
        let born = lineage.make(heap: heap, room: 10)
        lineage.drop(born, heap: heap)
        #expect(lineage.droppedBytes == old.footprint)
        var left = lineage.thaw()
        #expect(lineage.droppedBytes == 0 && !lineage.isShared(fresh))
        #expect(left.free(10, heap: heap) == 1)
        #expect(left.isEmpty && left.bytes == 0)
        lineage.drop(fresh, heap: heap)
        #expect(heap.used == before)
    }

    @Test func whatWasOnceSharedIsNotWhenItIsThawed() {
        let heap = Heap()
        var lineage = Lineage()
        let node = lineage.make(heap: heap, room: 64)
        lineage.freeze()
        var none = lineage.thaw()
        #expect(none.free(1, heap: heap) == 0)
        #expect(lineage.writable(node, heap: heap) == node)
        lineage.freeze()
        #expect(lineage.isShared(node))
        none = lineage.thaw()
        lineage.drop(node, heap: heap)
        #expect(heap.used == 0)
    }
}
