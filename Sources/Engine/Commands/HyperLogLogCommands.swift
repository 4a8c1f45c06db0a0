import DataStructures
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Commands about strings that estimate how many different elements they have seen.
    static let hyperLogLogs: [Command] = sketches + sketchDebugging

    static let sketches: [Command] = [
        Command(
            "pfadd", arity: -2, flags: [.write, .denyOOM, .fast], keys: .first,
            group: .hyperloglog, since: "2.8.9", complexity: "O(1) for each element",
            summary: "Shows elements to a HyperLogLog, or makes it.",
            syntax: "key [element [element ...]]", keyAccess: "RW insert"
        ) { engine($0, $2, pfadd) },
        Command(
            "pfcount", arity: -2, flags: [.readonly, .mayReplicate], keys: .all,
            group: .hyperloglog, since: "2.8.9",
            complexity: "O(1) for one key, O(N) in the keys for more",
            summary: "Estimates how many different elements HyperLogLogs have seen.",
            syntax: "key [key ...]", keyAccess: "RW access"
        ) { engine($0, $2, pfcount) },
        Command(
            "pfmerge", arity: -2, flags: [.write, .denyOOM], keys: .all, group: .hyperloglog,
            since: "2.8.9", complexity: "O(N) in the keys",
            summary: "Makes a HyperLogLog one that has seen what others have seen as well.",
            syntax: "destkey sourcekey [sourcekey ...]",
            keySpecs: [
                KeySpec("RW access insert", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RO access", .index(2), .range(last: -1, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, pfmerge) },
    ]
}

func pfadd(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard let entry = engine.claim(call) else {
        engine.makeSketch(call)
        call.reply.integer(1)
        return .verbatim
    }
    let layout = try engine.sketchLayout(entry)
    let value = engine.openSketch(call, 1, entry)
    let raised =
        layout == .dense
        ? engine.addToDense(call, value) : try engine.addToSparse(call, value)
    call.reply.integer(raised > 0 ? 1 : 0)
    guard raised > 0 else { return .none }
    engine.keyChanged(call[1], call.database, "pfadd", .string)
    return .verbatim
}

func pfcount(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard call.count == 2 else { return try engine.countUnion(call) }
    guard let entry = engine.lookup(call) else {
        call.reply.integer(0)
        return .none
    }
    _ = try engine.sketchLayout(entry)
    // A client that only reads does not make a replica's data differ from the primary's.
    let keepsEstimate =
        !engine.gates.contains(.readOnlyReplica)
        || call.session.value.flags.contains(.primaryStream)
    let value =
        keepsEstimate ? engine.openSketch(call, 1, entry) : entry.string(&engine.scratch)
    if let estimate = HyperLogLog.keptEstimate(value) {
        call.reply.integer(Int(estimate))
        return .none
    }
    guard let estimate = HyperLogLog.estimate(value) else { throw .corruptSketch }
    call.reply.integer(Int(truncatingIfNeeded: estimate))
    guard keepsEstimate else { return .none }
    engine.write(HyperLogLog.patch(estimate: estimate), call, 1)
    engine.keyTouched(call[1], call.database)
    return .verbatim
}

func pfmerge(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    var registers = HyperLogLogRegisters(heap: engine.heap)
    let isDense = try engine.unite(call, into: &registers)
    var editor = engine.editor(of: engine.claim(call))
    if isDense { _ = editor.makeDense() }
    editor.raise(to: registers)
    editor.outdate()
    engine.announce(call, 1, engine.hash(call, 1))
    engine.store(editor, call, 1)
    engine.keyChanged(call[1], call.database, "pfadd", .string)
    call.reply.ok()
    return .verbatim
}

extension ReplyError {
    fileprivate static var noSketch: ReplyError {
        ReplyError("WRONGTYPE Key is not a valid HyperLogLog string value.")
    }
    static var corruptSketch: ReplyError {
        ReplyError("INVALIDOBJ Corrupted HLL object detected")
    }
}

// MARK: Looking

extension DataEngine {
    /// How the sketch in a string keeps its registers, or Redis's errors.
    mutating func sketchLayout(_ entry: Entry) throws(ReplyError) -> HyperLogLog.Layout {
        guard entry.isString else { throw .wrongType }
        guard !entry.isInteger, let layout = HyperLogLog.layout(of: entry.string(&scratch))
        else { throw .noSketch }
        return layout
    }

    /// The sketch at a key of which it is known that it is there.
    fileprivate mutating func sketch(_ call: Call, _ index: Int) -> ByteView {
        keyspace.find(call.database, call[index], hash(call, index))?.string(&scratch) ?? .empty
    }

    /// The sketch of an entry that may be written to: as in Redis its encoding is raw from now on.
    mutating func openSketch(_ call: Call, _ index: Int, _ entry: Entry) -> ByteView {
        if entry.encoding == .raw { return entry.string(&scratch) }
        let changes = keyspace.changes
        keyspace.setRange(call.database, call[index], hash(call, index), 0, ByteView("H"))
        keyspace.changes = changes
        return sketch(call, index)
    }

    fileprivate mutating func countUnion(_ call: Call) throws(ReplyError) -> Propagation {
        var registers = HyperLogLogRegisters(heap: heap)
        _ = try unite(call, into: &registers)
        call.reply.integer(Int(truncatingIfNeeded: registers.estimate))
        return .none
    }

    /// Adds the sketches of all keys to `registers`; whether one of them is dense.
    fileprivate mutating func unite(
        _ call: Call, into registers: inout HyperLogLogRegisters
    ) throws(ReplyError) -> Bool {
        var isDense = false
        for index in 1..<call.count {
            guard let entry = lookup(call, index) else { continue }
            if try sketchLayout(entry) == .dense { isDense = true }
            guard registers.add(entry.string(&scratch)) else { throw .corruptSketch }
        }
        return isDense
    }
}

// MARK: Changing

extension DataEngine {
    /// Makes the sketch that PFADD asks for.
    fileprivate mutating func makeSketch(_ call: Call) {
        var editor = editor(of: nil)
        let changes = keyspace.changes
        var raised = 1
        for index in 2..<call.count
        where editor.raise(HyperLogLog.Mark(of: call[index])) == .raised { raised += 1 }
        editor.outdate()
        announce(call, 1, hash(call, 1))
        store(editor, call, 1)
        keyspace.changes = changes + raised
        keyChanged(call[1], call.database, "pfadd", .string)
    }

    /// Shows the elements of PFADD to a dense sketch, which is written to where it is. Returns
    /// how many of them changed it.
    fileprivate mutating func addToDense(_ call: Call, _ value: ByteView) -> Int {
        let changes = keyspace.changes
        var (value, raised) = (value, 0)
        for index in 2..<call.count {
            let mark = HyperLogLog.Mark(of: call[index])
            guard let patch = HyperLogLog.patch(dense: value, mark) else { continue }
            write(patch, call, 1)
            value = sketch(call, 1)
            raised += 1
        }
        if raised > 0, let patch = HyperLogLog.patchToOutdate(value) { write(patch, call, 1) }
        keyspace.changes = changes + raised
        return raised
    }

    /// The same for a sparse one, which is copied as soon as it has to change. As in Redis the
    /// elements before the one that finds it corrupt have changed it.
    fileprivate mutating func addToSparse(
        _ call: Call, _ value: ByteView
    ) throws(ReplyError) -> Int {
        var first = 2
        search: while first < call.count {
            switch HyperLogLog.effect(sparse: value, HyperLogLog.Mark(of: call[first])) {
            case .nothing: first += 1
            case .raises: break search
            case .corrupt: throw .corruptSketch
            }
        }
        if first == call.count { return 0 }
        let changes = keyspace.changes
        var editor = HyperLogLogEditor(
            heap: heap, sparseLimit: settings.encodings.hllSparseBytes, value)
        var (raised, isCorrupt) = (0, false)
        for index in first..<call.count where !isCorrupt {
            switch editor.raise(HyperLogLog.Mark(of: call[index])) {
            case .unchanged: break
            case .raised: raised += 1
            case .corrupt: isCorrupt = true
            }
        }
        if raised > 0 {
            if !isCorrupt { editor.outdate() }
            store(editor, call, 1)
        }
        keyspace.changes = changes + (isCorrupt ? 0 : raised)
        if isCorrupt { throw .corruptSketch }
        return raised
    }

    /// An editor of the sketch of an entry, or of an empty one.
    mutating func editor(of entry: Entry?) -> HyperLogLogEditor {
        let limit = settings.encodings.hllSparseBytes
        guard let entry else { return HyperLogLogEditor(heap: heap, sparseLimit: limit) }
        return HyperLogLogEditor(heap: heap, sparseLimit: limit, entry.string(&scratch))
    }

    /// Puts an edited sketch in the place of the old one, or makes the key.
    mutating func store(_ editor: borrowing HyperLogLogEditor, _ call: Call, _ index: Int) {
        keyspace.set(
            call.database, call[index], hash(call, index), string: editor.value, expiry: .keep,
            form: .raw)
    }

    /// Writes a few bytes of a sketch where it is.
    fileprivate mutating func write(_ patch: HyperLogLogPatch, _ call: Call, _ index: Int) {
        let hash = hash(call, index)
        _ = patch.withBytes {
            keyspace.setRange(call.database, call[index], hash, patch.offset, $0)
        }
    }
}
