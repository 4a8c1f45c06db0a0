import DataStructures
import Digests
import Memory
import Testing

@Suite("Record") struct RecordTests {
    private let sizes = [0, 1, 8, 44, 255, 256, 1000, 4096, 4097, 70_000]

    private func bytes(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) }
    }

    private func record(
        _ heap: Heap, key: [UInt8], value: [UInt8], expiry: Int64?, kind: UInt8 = 0x80
    ) -> Record {
        let shape = RecordShape(
            keyCount: key.count, valueCount: value.count, expires: expiry != nil)
        return key.withView { key in
            let record = Record(
                heap: heap, shape: shape, kind: kind, stamp: 9, clock: 0x12_3456, expiry: expiry,
                key: key)
            value.withView { value in
                if shape.isExternal {
                    record.block = ValueBlock(heap: heap, value)
                } else {
                    record.setBytes(value)
                }
            }
            return record
        }
    }

    @Test("Everything written is read back, in every layout")
    func layouts() {
        let heap = Heap()
        let atStart = heap.used
        for keyCount in [0, 1, 16, 255, 256, 70_000] {
            for valueCount in sizes {
                for expiry in [nil, Int64(0), -1, Int64.max] {
                    let (key, value) = (bytes(keyCount, 1), bytes(valueCount, 2))
                    let record = record(heap, key: key, value: value, expiry: expiry)
                    #expect(record.key.bytes == key)
                    #expect(record.bytes.bytes == value)
                    #expect(record.expiry == expiry)
                    #expect(record.kind == 0x80 && record.stamp == 9 && record.clock == 0x12_3456)
                    #expect(record.isExternal == (valueCount > 4096))
                    record.stamp = 255
                    record.clock = 0xff_ffff
                    #expect(record.kind == 0x80 && record.key.count == keyCount)
                    #expect(heap.used - atStart == record.fullFootprint)
                    record.freeAll(heap: heap)
                    #expect(heap.used == atStart)
                }
            }
        }
    }

    @Test("A small entry takes eight bytes more than its key and value")
    func small() {
        let shape = RecordShape(keyCount: 16, valueCount: 8, expires: false)
        #expect(shape.size == 32 && shape.sizeClass == 32)
        #expect(RecordShape(keyCount: 16, valueCount: 8, expires: true).size == 40)
        #expect(RecordShape(keyCount: 16, valueCount: 256, expires: false).size == 288)
        #expect(RecordShape(keyCount: 16, valueCount: 5000, expires: false).size == 40)
    }

    @Test("Integers keep all 64 bits")
    func integers() {
        let heap = Heap()
        let record = record(heap, key: [1, 2, 3], value: bytes(8, 0), expiry: 5)
        for integer in [Int64.min, -1, 0, 1, .max] {
            record.integer = integer
            #expect(
                record.integer == integer && record.expiry == 5 && record.key.bytes == [1, 2, 3])
        }
        record.freeAll(heap: heap)
    }

    @Test("A record changes its layout in place when the size class allows it")
    func reshape() {
        let heap = Heap()
        for (keyCount, valueCount) in [(16, 1), (100, 250), (100, 300), (3, 5000), (300, 5)] {
            let (key, value) = (bytes(keyCount, 3), bytes(valueCount, 4))
            var record = record(heap, key: key, value: value, expiry: nil)
            for expiry in [Int64(77), nil, 78, nil] {
                var shape = record.shape
                shape.expires = expiry != nil
                if shape.sizeClass == record.shape.sizeClass {
                    record.reshape(shape, kept: shape.isExternal ? 8 : valueCount)
                    if let expiry { record.setExpiry(expiry) }
                } else {
                    let copy = key.withView {
                        record.clone(heap: heap, key: $0, expiry: expiry, stamp: 1)
                    }
                    record.freeAll(heap: heap)
                    record = copy
                }
                #expect(record.expiry == expiry)
                #expect(record.key.bytes == key && record.bytes.bytes == value)
            }
            record.freeAll(heap: heap)
        }
        #expect(heap.used == 0)
    }

    @Test("A clone shares a long value until the last holder lets go")
    func clone() {
        let heap = Heap()
        let value = bytes(10_000, 5)
        let first = record(heap, key: [1], value: value, expiry: nil)
        let second = [UInt8](arrayLiteral: 2, 2).withView {
            first.clone(heap: heap, key: $0, expiry: 9, stamp: 3)
        }
        #expect(second.block.address == first.block.address && second.block.holders == 2)
        first.freeAll(heap: heap)
        #expect(second.key.bytes == [2, 2] && second.bytes.bytes == value && second.expiry == 9)
        second.freeAll(heap: heap)
        #expect(heap.used == 0)
    }

    @Test("A very long value is freed piece by piece")
    func pieces() {
        let heap = Heap()
        let block = ValueBlock(heap: heap, room: 9 << 20, zeroed: true)
        #expect(block.bytes(9 << 20)[(9 << 20) - 1] == 0)
        let size = heap.used
        #expect(size >= 9 << 20 && size < 12 << 20)
        var pieces = 0
        while !block.freeSlice(heap: heap) {
            pieces += 1
            #expect(heap.used == size - pieces * Heap.pageRun)
        }
        #expect(pieces >= 3 && heap.used == 0)
    }

    @Test("A queue gives back what it was given, in order, and its memory")
    func queue() {
        let heap = Heap()
        var random = RandomGenerator(seed: 8)
        do {
            var queue = ChunkQueue<Int>(heap: heap)
            var other = ChunkQueue<Int>(heap: heap)
            var (model, otherModel): ([Int], [Int]) = ([], [])
            for step in 0..<20_000 {
                switch random.below(step / 4000 % 2 == 0 ? 4 : 7) {
                case 0, 1:
                    queue.append(step)
                    model.append(step)
                case 2:
                    other.append(-step)
                    otherModel.append(-step)
                case 3 where random.below(50) == 0:
                    queue.take(&other)
                    model += otherModel
                    otherModel = []
                default:
                    let popped = queue.popFirst()
                    check(popped == (model.isEmpty ? nil : model.removeFirst()))
                }
                let (count, isEmpty) = (queue.count, queue.isEmpty)
                check(count == model.count && isEmpty == model.isEmpty)
            }
            var rest: [Int] = []
            queue.forEach { rest.append($0) }
            #expect(rest == model)
        }
        #expect(heap.used == 0)
    }
}
