import DataStructures
import Digests
import Memory
import Testing

@Suite("Long values") struct ValueBlockTests {
    private func block(_ heap: Heap, _ bytes: [UInt8]) -> ValueBlock {
        let block = ValueBlock(heap: heap, room: bytes.count, zeroed: true)
        bytes.withView { block.write($0, at: 0) }
        return block
    }

    private func random(_ count: Int, _ random: inout RandomGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// The frozen bytes from `offset` on, by pieces of any size.
    private func frozen(
        _ block: ValueBlock, from offset: Int = 0, _ count: Int,
        _ random: inout RandomGenerator
    ) -> [UInt8] {
        var found: [UInt8] = []
        while offset + found.count < count {
            let view = block.frozenBytes(from: offset + found.count, count: count, for: 7)
            found += view[0..<min(view.count, 1 + random.below(40_000))].bytes
        }
        return found
    }

    @Test("A frozen holder reads what was there, a live one what is there, whatever is written")
    func frozenHolders() {
        var chance = RandomGenerator(seed: 21)
        let page = PreImages.pageSize
        for count in [1, 4097, page - 1, page, page + 1, 3 * page, 40 * page + 5] {
            let heap = Heap()
            let old = random(count, &chance)
            var now = old
            let block = block(heap, old)
            block.holdFrozen()
            var extra = 0
            for _ in 0..<40 {
                let offset = chance.below(count)
                let new = random(1 + chance.below(min(count - offset, 20_000)), &chance)
                extra += block.preserve(offset..<offset + new.count, for: 7, heap: heap)
                new.withView { block.write($0, at: offset) }
                now.replaceSubrange(offset..<offset + new.count, with: new)
                let offsetRead = chance.below(count)
                let rest = frozen(block, from: offsetRead, count, &chance)
                #expect(rest == Array(old[offsetRead...]))
            }
            #expect(block.bytes(count).bytes == now)
            #expect(extra == block.preImages?.footprint)
            // What is already here is not kept again.
            #expect(block.preserve(0..<count, for: 7, heap: heap) >= 0)
            #expect(block.preserve(0..<count, for: 7, heap: heap) == 0)
            let last = (block.releaseFrozen(), block.release())
            #expect(last == (false, true))
            block.free(heap: heap)
            #expect(heap.used == 0)
        }
    }

    @Test("What the only frozen holder has read is not kept for it, and let go by and by")
    func taken() {
        let heap = Heap()
        let page = PreImages.pageSize
        let block = block(heap, [UInt8](repeating: 3, count: 100 * page))
        #expect(block.preserve(0..<page, for: 1, heap: heap) == 0)
        block.holdFrozen()
        #expect(block.preserve(0..<64 * page, for: 1, heap: heap) > 64 * page)
        block.taken = 64 * page - 1
        // That page has still one byte to be read.
        for _ in 0..<10 { _ = block.preserve(0..<page, for: 1, heap: heap) }
        #expect(block.preserve(70 * page..<71 * page, for: 1, heap: heap) <= page)
        let rest = block.preImages?.footprint ?? 0
        block.taken = 70 * page
        let change = block.preserve(80 * page..<81 * page, for: 1, heap: heap)
        #expect(change <= page && rest + change == block.preImages?.footprint)
        for number in 81..<95 {
            _ = block.preserve(number * page..<(number + 1) * page, for: 1, heap: heap)
        }
        #expect(block.preImages?.footprint ?? 0 < 20 * page)
        // With another one, which begins at the front, everything counts again.
        block.holdFrozen()
        #expect(block.preserve(65 * page..<66 * page, for: 1, heap: heap) == page)
        block.free(heap: heap)
        #expect(heap.used == 0)
    }

    @Test("A block of pages gets more room without being copied, as often as it needs it")
    func growth() {
        let heap = Heap()
        var chance = RandomGenerator(seed: 22)
        var count = 5 << 20
        let old = random(1 << 16, &chance)
        var block = ValueBlock(heap: heap, room: count, zeroed: true)
        #expect(block.canMove)
        for start in stride(from: 0, to: count, by: old.count) {
            old.withView { block.write($0, at: start) }
        }
        for _ in 0..<4 {
            let room = block.capacity + 1 + chance.below(5 << 20)
            block = block.moved(heap: heap, room: room)
            #expect(block.capacity >= room && block.holders == 1 && block.written == count)
            #expect(heap.used == block.footprint)
            let zero = block.bytes(block.capacity)[count..<block.capacity].bytes
            #expect(zero.allSatisfy { $0 == 0 })
            let tail = block.capacity - count
            [UInt8](repeating: 7, count: tail).withView { block.write($0, at: count) }
            #expect(block.bytes(count)[0..<old.count].bytes == old)
            #expect(block.bytes(5 << 20)[(5 << 20) - old.count..<5 << 20].bytes == old)
            count += tail
        }
        block.free(heap: heap)
        #expect(heap.used == 0)
    }
}
