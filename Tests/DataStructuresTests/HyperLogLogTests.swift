import DataStructures
import Digests
import Memory
import Testing

/// A sketch as plain as can be: a register is a byte.
struct PlainSketch {
    var registers = [UInt8](repeating: 0, count: HyperLogLog.registerCount)

    /// Raises a register and says whether it was lower.
    mutating func raise(_ mark: HyperLogLog.Mark) -> Bool {
        guard registers[mark.register] < mark.rank else { return false }
        registers[mark.register] = mark.rank
        return true
    }

    /// What a sketch of either layout holds; nil if it is none or corrupt.
    init?(_ value: [UInt8]) {
        let isValid = value.withView { view -> Bool in
            switch HyperLogLog.layout(of: view) {
            case nil: return false
            case .dense:
                HyperLogLog.forEachDense(view) { registers[$0] = $1 }
                return true
            case .sparse:
                var (next, bytes) = (0, 16)
                HyperLogLog.forEachCode(sparse: view) { length, value, isLong in
                    bytes += isLong ? 2 : 1
                    for register in next..<next + length where register < registers.count {
                        registers[register] = value
                    }
                    next += length
                }
                return next == registers.count && bytes == view.count
            }
        }
        guard isValid else { return nil }
    }

    init() {}

    /// A sketch of these registers, made one by one.
    func editor(_ heap: Heap, limit: Int) -> HyperLogLogEditor {
        var editor = HyperLogLogEditor(heap: heap, sparseLimit: limit)
        for (register, rank) in registers.enumerated() where rank > 0 {
            _ = editor.raise(HyperLogLog.Mark(register: register, rank: rank))
        }
        return editor
    }
}

extension HyperLogLog.Mark {
    /// The mark of a number as eight bytes.
    init(_ number: UInt64) {
        self = HyperLogLog.patch(estimate: number).withBytes { HyperLogLog.Mark(of: $0) }
    }
}

@Suite("HyperLogLog") struct HyperLogLogTests {
    @Test("An element leaves the mark that it leaves in Redis")
    func marks() {
        // PFDEBUG DECODE after PFADD of one element, by redis-server 7.0.15.
        let known: [(String, register: Int, rank: UInt8)] = [
            ("", 5938, 2), ("a", 12_711, 2), ("b", 15_780, 1), ("c", 8436, 1), ("element", 9886, 1),
            ("0123456789abcdef", 5949, 1), ("xxxxxxxxxxxxxxxxxxxx", 3584, 1),
            ("The quick brown fox", 13_284, 1), ("n-31", 15_056, 1), ("n-77", 16_344, 1),
        ]
        for (text, register, rank) in known {
            let mark = Array(text.utf8).withView { HyperLogLog.Mark(of: $0) }
            #expect(mark == HyperLogLog.Mark(register: register, rank: rank), "\(text)")
        }
    }

    @Test(
        "Sparse and dense sketches hold what was put in", arguments: [0, 18, 60, 400, 3000, 20_000])
    func registers(limit: Int) {
        let heap = Heap()
        for seed in 0..<40 {
            var random = RandomGenerator(seed: UInt64(seed))
            var plain = PlainSketch()
            var editor = HyperLogLogEditor(heap: heap, sparseLimit: limit)
            let spread = 1 << (2 + random.below(13))
            // Ranks that are often the same make long runs.
            let ranks = 1 + random.below(seed % 4 == 0 ? 40 : 6)
            for _ in 0..<random.below(600) {
                let mark = HyperLogLog.Mark(
                    register: random.below(spread), rank: UInt8(1 + random.below(ranks)))
                let isHigher = plain.raise(mark)
                if !editor.isDense {
                    let effect = HyperLogLog.effect(sparse: editor.value, mark)
                    check(effect == (isHigher ? .raises : .nothing))
                }
                check(editor.raise(mark) == (isHigher ? .raised : .unchanged))
            }
            check(PlainSketch(editor.value.bytes)?.registers == plain.registers, "seed \(seed)")
            check(editor.isDense || editor.value.count <= max(limit, 18))
            let estimate = HyperLogLog.estimate(editor.value)
            check(editor.makeDense() && editor.value.count == HyperLogLog.denseCount)
            check(PlainSketch(editor.value.bytes)?.registers == plain.registers)
            check(HyperLogLog.estimate(editor.value) == estimate)
        }
    }

    @Test("Patches of a dense sketch change one register and nothing else")
    func patches() {
        let heap = Heap()
        var random = RandomGenerator(seed: 1)
        var editor = HyperLogLogEditor(heap: heap, sparseLimit: 0)
        check(editor.makeDense())
        var value = editor.value.bytes
        var plain = PlainSketch()
        func write(_ patch: HyperLogLogPatch) {
            value.replaceSubrange(
                patch.offset..<patch.offset + patch.count, with: patch.withBytes { $0.bytes })
        }
        for turn in 0..<20_000 {
            // The last registers as often as all the others.
            let register = turn % 2 == 0 ? random.below(16_384) : 16_383 - random.below(8)
            let mark = HyperLogLog.Mark(register: register, rank: UInt8(1 + random.below(51)))
            let patch = value.withView { HyperLogLog.patch(dense: $0, mark) }
            check((patch != nil) == plain.raise(mark))
            if let patch { write(patch) }
        }
        #expect(PlainSketch(value)?.registers == plain.registers)
        check(value.prefix(16) == editor.value.bytes.prefix(16))
        #expect(value.withView { HyperLogLog.keptEstimate($0) } == 0)
        if let patch = value.withView({ HyperLogLog.patchToOutdate($0) }) { write(patch) }
        #expect(value.withView { HyperLogLog.keptEstimate($0) } == nil)
        #expect(value.withView { HyperLogLog.patchToOutdate($0) } == nil)
        write(HyperLogLog.patch(estimate: 0x7654_3210_fedc))
        #expect(value.withView { HyperLogLog.keptEstimate($0) } == 0x7654_3210_fedc)
    }

    @Test("The error of the estimates is what theory says")
    func error() {
        let heap = Heap()
        var random = RandomGenerator(seed: 7)
        for (count, sets) in [(3, 300), (200, 300), (10_000, 1000)] {
            var squares = 0.0
            for _ in 0..<sets {
                // Those with many elements would soon be dense anyway.
                let limit = count < 1000 ? 3000 : 0
                var editor = HyperLogLogEditor(heap: heap, sparseLimit: limit)
                for _ in 0..<count { _ = editor.raise(HyperLogLog.Mark(random.next())) }
                let estimate = HyperLogLog.estimate(editor.value) ?? 0
                let error = Double(estimate) / Double(count) - 1
                squares += error * error
            }
            #expect((squares / Double(sets)).squareRoot() <= 0.0085, "\(count) elements")
        }
    }

    @Test("A union holds the highest of each register, and is what one sketch had seen of all")
    func unions() {
        let heap = Heap()
        for seed in 0..<60 {
            var random = RandomGenerator(seed: UInt64(seed))
            var all = PlainSketch()
            var registers = HyperLogLogRegisters(heap: heap)
            let limit = [0, 100, 3000, 20_000][seed % 4]
            for _ in 0..<1 + random.below(4) {
                var editor = HyperLogLogEditor(heap: heap, sparseLimit: limit)
                for _ in 0..<random.below(1 << random.below(13)) {
                    let mark = HyperLogLog.Mark(UInt64(random.below(5000)))
                    _ = all.raise(mark)
                    _ = editor.raise(mark)
                }
                check(registers.add(editor.value))
            }
            for register in 0..<HyperLogLog.registerCount {
                check(registers[register] == all.registers[register])
            }
            // One by one, from the lowest on, is what merging does in one go.
            let wanted = all.editor(heap, limit: limit).value.bytes
            var editor = HyperLogLogEditor(heap: heap, sparseLimit: limit)
            editor.raise(to: registers)
            check(editor.value.bytes == wanted, "seed \(seed)")
            check(HyperLogLog.estimate(editor.value) == registers.estimate)
            editor.raise(to: registers)
            check(editor.value.bytes == wanted)
        }
    }

    @Test("A union into a sketch of its own changes it as elements one after the other would")
    func unionsInto() {
        let heap = Heap()
        for seed in 0..<200 {
            var random = RandomGenerator(seed: UInt64(seed))
            let limit = [60, 300, 3000][seed % 3]
            func sketch() -> [UInt8] {
                var editor = HyperLogLogEditor(heap: heap, sparseLimit: limit)
                let spread = 1 << (3 + random.below(12))
                for _ in 0..<random.below(300) {
                    let mark = HyperLogLog.Mark(
                        register: random.below(spread), rank: UInt8(1 + random.below(3)))
                    _ = editor.raise(mark)
                }
                return editor.value.bytes
            }
            let (target, source) = (sketch(), sketch())
            var registers = HyperLogLogRegisters(heap: heap)
            for value in [target, source] { check(value.withView { registers.add($0) }) }
            target.withView { view in
                var merged = HyperLogLogEditor(heap: heap, sparseLimit: limit, view)
                var stepwise = HyperLogLogEditor(heap: heap, sparseLimit: limit, view)
                merged.raise(to: registers)
                for register in 0..<HyperLogLog.registerCount where registers[register] > 0 {
                    _ = stepwise.raise(
                        HyperLogLog.Mark(register: register, rank: registers[register]))
                }
                check(merged.value.bytes == stepwise.value.bytes, "seed \(seed)")
            }
        }
    }

    @Test("The test of itself passes")
    func itself() {
        #expect(HyperLogLog.selfTest(heap: Heap()) == nil)
    }
}
