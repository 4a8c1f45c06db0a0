import DataStructures
import Digests
import Memory
import Testing

/// Strings of clients that claim to be sketches.
@Suite("Hostile HyperLogLogs") struct HyperLogLogHostileTests {
    private static let header = Array("HYLL".utf8) + [1] + [UInt8](repeating: 0, count: 11)

    @Test("What cannot be a sketch has no layout")
    func layouts() {
        func layout(_ value: [UInt8]) -> HyperLogLog.Layout? {
            value.withView { HyperLogLog.layout(of: $0) }
        }
        var dense = Self.header + [UInt8](repeating: 0, count: 12_288)
        dense[4] = 0
        #expect(layout(dense) == .dense && layout(Self.header) == .sparse)
        #expect(layout(dense + [0]) == nil && layout(dense.dropLast()) == nil)
        #expect(layout([]) == nil && layout(Self.header.dropLast()) == nil)
        for place in 0..<5 {
            var value = Self.header
            value[place] ^= 2
            #expect(layout(value) == nil)
        }
    }

    @Test("Runs that end early, late or within a code are found, wherever they are looked at")
    func runs() {
        let heap = Heap()
        let full: [UInt8] = [0x7f, 0xff]
        let cases: [(codes: [UInt8], isValid: Bool)] = [
            (full, true), ([], false), ([0x7f], false), ([0x7f, 0xfe], false),
            ([0x7f, 0xfe, 0x00], true), ([0x7f, 0xfe, 0x80], true), ([0x7f, 0xfb, 0xff], true),
            ([0x7f, 0xfc, 0xff], false), (full + [0x00], false), (full + [0x80], false),
            (full + full, false), ([0x7f, 0xbf, 0x3f], true), ([0x7f, 0xc0, 0x3f], false),
            // Codes whose second byte is missing, before and behind the last register.
            ([0x7f, 0xfe, 0x40], false), ([0x7e, 0xfe, 0x41], false), (full + [0x40], false),
        ]
        for (codes, isValid) in cases {
            let value = Self.header + codes
            check((PlainSketch(value) != nil) == isValid, "\(codes)")
            value.withView { view in
                check((HyperLogLog.estimate(view) != nil) == isValid, "\(codes)")
                var registers = HyperLogLogRegisters(heap: heap)
                check(registers.add(view) == isValid, "\(codes)")
                var editor = HyperLogLogEditor(heap: heap, sparseLimit: 3000, view)
                check(editor.makeDense() == isValid, "\(codes)")
                check(isValid || editor.value.bytes == value)
            }
        }
    }

    @Test("Registers that no hash leads to give an estimate all the same")
    func registers() {
        for rank in [50, 51, 52, 63] {
            var dense = Self.header + [UInt8](repeating: 0, count: 12_288)
            dense[4] = 0
            for place in 0..<4096 {
                let word = rank | rank << 6 | rank << 12 | rank << 18
                for byte in 0..<3 {
                    dense[16 + place * 3 + byte] = UInt8(truncatingIfNeeded: word >> (8 * byte))
                }
            }
            let estimate = dense.withView { HyperLogLog.estimate($0) }
            if rank == 50 {
                #expect((estimate ?? 0) > 1 << 62)
            } else {
                #expect(estimate == 1 << 63)
            }
        }
    }

    /// A sketch that was valid, with some bytes changed, missing or added.
    private func broken(_ random: inout RandomGenerator, _ heap: Heap) -> [UInt8] {
        var editor = HyperLogLogEditor(heap: heap, sparseLimit: 3000)
        let spread = 1 << (3 + random.below(12))
        for _ in 0..<random.below(200) {
            let mark = HyperLogLog.Mark(
                register: random.below(spread), rank: UInt8(1 + random.below(4)))
            _ = editor.raise(mark)
        }
        var value = editor.value.bytes
        for _ in 0..<1 + random.below(4) {
            let place = 16 + random.below(value.count - 15)
            switch random.below(4) {
            case 0 where place < value.count: value.remove(at: place)
            case 1 where place < value.count: value[place] = UInt8(random.below(256))
            case 2: value.insert(UInt8(random.below(256)), at: place)
            default: value.removeLast(random.below(min(3, value.count - 16) + 1))
            }
            if value.count < 17 { value.append(UInt8(random.below(256))) }
        }
        return value
    }

    @Test("Broken sketches are told from whole ones, and adding to them ends well")
    func fuzz() {
        let heap = Heap()
        var random = RandomGenerator(seed: 11)
        var corrupt = 0
        for _ in 0..<4000 {
            let value = broken(&random, heap)
            let plain = PlainSketch(value)
            if plain == nil { corrupt += 1 }
            value.withView { view in
                var registers = HyperLogLogRegisters(heap: heap)
                check((HyperLogLog.estimate(view) != nil) == (plain != nil))
                check(registers.add(view) == (plain != nil))
                var editor = HyperLogLogEditor(
                    heap: heap, sparseLimit: 16 + random.below(400), view)
                for _ in 0..<40 {
                    let mark = HyperLogLog.Mark(
                        register: random.below(1 << (3 + random.below(12))),
                        rank: UInt8(1 + random.below(34)))
                    let before = editor.value.bytes
                    let outcome = editor.raise(mark)
                    // What is valid stays so, and what cannot be changed stays as it is.
                    check(plain == nil || outcome != .corrupt)
                    check(plain == nil || PlainSketch(editor.value.bytes) != nil)
                    check(outcome == .raised || editor.value.bytes == before)
                    if editor.isDense { break }
                }
            }
        }
        #expect(corrupt > 1000 && corrupt < 3900)
        #expect(heap.used == 0)
    }
}
