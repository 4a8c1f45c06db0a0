import Keyspace
import Memory
import RESP
import Replication
import Sessions

extension CommandRows {
    static let debugging = Command(
        "debug", arity: -2, flags: [.admin, .noScript, .loading, .stale], group: .server,
        complexity: "Depends on subcommand.", summary: "Commands for tests of the server."
    ) { engine($0, $2, debug) }
}

/// A subcommand of DEBUG: most arguments, DEBUG and its name included, and what it does.
private struct DebugRow: Sendable {
    typealias Body =
        @Sendable (inout DataEngine, Call) throws(ReplyError) -> Propagation
    let name: StaticString
    let syntax: String
    let summary: String
    let arguments: ClosedRange<Int>
    let body: Body

    init(
        _ name: StaticString, _ syntax: String, _ summary: String, _ arguments: ClosedRange<Int>,
        _ body: @escaping Body
    ) {
        self.name = name
        self.syntax = syntax
        self.summary = summary
        self.arguments = arguments
        self.body = body
    }
}

private let debugRows: [DebugRow] = [
    DebugRow("assert", "", "Breaks a rule of ours on purpose.", 2...2, debugAssert),
    DebugRow(
        "change-repl-id", "", "Begins a new replication history.", 2...2, debugChangeHistory),
    DebugRow("digest", "", "Tells the digest of all data.", 2...2, debugDigest),
    DebugRow(
        "digest-value", "<key> [<key> ...]", "Tells the digests of values.", 2...Int.max,
        debugDigestValue),
    DebugRow("error", "<string>", "Answers with this error.", 3...3, debugError),
    DebugRow("log", "<message>", "Writes a line to the log.", 3...3, debugLog),
    DebugRow("htstats", "<db>", "Tells about the table of a database.", 3...3, debugTable),
    DebugRow("object", "<key>", "Tells about the value of a key.", 3...4, debugObject),
    DebugRow("pause-cron", "<0|1>", "Stops or starts what is done now and then.", 3...3) {
        (engine, call) throws(ReplyError) in
        engine.introspection.isCronPaused = call[2].integer ?? 0 != 0
        call.reply.ok()
        return .none
    },
    DebugRow(
        "replybuffer", "<RESIZING|PEAK-RESET-TIME> <value>",
        "Does nothing: reply buffers are given back when they are empty.", 4...4
    ) { (_, call) throws(ReplyError) in
        call.reply.ok()
        return .none
    },
    DebugRow("panic", "", "Crashes with a message.", 2...2, debugPanic),
    DebugRow(
        "populate", "<count> [<prefix>] [<size>]", "Makes keys.", 3...5, debugPopulate),
    DebugRow("protocol", "<type>", "Answers with a value of this type.", 3...3, debugProtocol),
    DebugRow(
        "reload", "[NOSAVE] [NOFLUSH] [MERGE]", "Saves the data and loads them again.", 2...5,
        debugReload),
    DebugRow("segfault", "", "Crashes by an invalid access.", 2...2, debugFault),
    DebugRow(
        "set-active-expire", "<0|1>", "Stops or starts the search for expired keys.", 3...3,
        debugActiveExpire),
    DebugRow("sleep", "<seconds>", "Stops the server for so long.", 3...3, debugSleep),
    DebugRow(
        "stringmatch-len", "<len> <pattern>", "Matches a text of this length.", 4...4, debugMatch),
]

func debug(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    guard engine.allows(engine.settings.enableDebugCommand, call.session) else {
        throw ReplyError(
            """
            ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", \
            you can run it from a local connection, otherwise you need to set this option in the \
            configuration file, and then restart the server.
            """)
    }
    if call[1].equalsIgnoringCase("help") {
        call.writeHelp(
            "DEBUG",
            debugRows.flatMap { row in
                [
                    "\(row.name)".uppercased() + (row.syntax.isEmpty ? "" : " " + row.syntax),
                    "    " + row.summary,
                ]
            })
        return .none
    }
    for row in debugRows where call[1].equalsIgnoringCase(row.name) {
        if row.arguments.contains(call.count) { return try row.body(&engine, call) }
    }
    throw call.fail(
        "ERR unknown subcommand or wrong number of arguments for '\(call[1])'. "
            + "Try DEBUG HELP.")
}

private func debugAssert(_ engine: inout DataEngine, _ call: Call) -> Propagation {
    engine.frontend.requests.append(.crash("ASSERTION FAILED on request (DEBUG ASSERT)"))
    return .none
}

private func debugPanic(_ engine: inout DataEngine, _ call: Call) -> Propagation {
    engine.frontend.requests.append(.crash("a panic was asked for (DEBUG PANIC)"))
    return .none
}

private func debugFault(_ engine: inout DataEngine, _ call: Call) -> Propagation {
    engine.frontend.requests.append(.crash("segfault"))
    return .none
}

private func debugChangeHistory(_ engine: inout DataEngine, _ call: Call) -> Propagation {
    engine.replication.history.restart(as: engine.newHistoryID())
    call.reply.ok()
    return .none
}

private func debugDigest(_ engine: inout DataEngine, _ call: Call) -> Propagation {
    call.reply.simple(text: engine.datasetDigest().text)
    return .none
}

private func debugDigestValue(_ engine: inout DataEngine, _ call: Call) -> Propagation {
    call.reply.array(call.count - 2)
    for index in 2..<call.count {
        var digest = DatasetDigest()
        if let entry = engine.peek(call, index) { digest.add(entry) }
        call.reply.simple(text: digest.text)
    }
    return .none
}

private func debugError(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation
{
    throw call.fail("\(call[2])")
}

private func debugLog(_ engine: inout DataEngine, _ call: Call) -> Propagation {
    engine.frontend.log(.warning, "DEBUG LOG: \(call[2].string)")
    call.reply.ok()
    return .none
}

private func debugTable(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation
{
    guard let number = call[2].integer, number >= 0,
        number < Int64(engine.keyspace.databaseCount)
    else { throw ReplyError("ERR Out of range database") }
    let database = Int(number)
    let text =
        "number of elements: \(engine.keyspace.size(database))\n"
        + "with an expiry: \(engine.keyspace.expires(database))\n"
        + "bytes of the table: \(engine.keyspace.tableBytes(database))\n"
    Array(text.utf8).withView { call.reply.verbatim("txt", $0) }
    return .none
}

private func debugObject(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation
{
    guard let entry = engine.peek(call, 2) else { throw .noSuchKey }
    call.reply.simple(
        text: "Value at:0x0 refcount:1 encoding:\(entry.encoding.name) "
            + "serializedlength:\(serializedLength(entry)) lru:\(entry.clock) "
            + "lru_seconds_idle:\(engine.keyspace.idleSeconds(entry))")
    return .none
}

/// The length that RDB gives a short string: a byte or more before the text, or the integer. Of
/// other values what they take in memory.
private func serializedLength(_ entry: Entry) -> Int {
    guard entry.isString else { return entry.footprint }
    guard let integer = entry.integer, Int32(exactly: integer) != nil else {
        return entry.stringLength + (entry.stringLength < 64 ? 1 : 2)
    }
    return Int8(exactly: integer) != nil ? 2 : Int16(exactly: integer) != nil ? 3 : 5
}

private func positive(_ call: Call, _ index: Int) throws(ReplyError) -> Int64 {
    guard let number = call[index].integer, number >= 0 else {
        throw ReplyError("ERR value is out of range, must be positive")
    }
    return number
}

private func debugPopulate(_ engine: inout DataEngine, _ call: Call) throws(ReplyError)
    -> Propagation
{
    let count = try positive(call, 2)
    let prefix = call.count > 3 ? call[3].bytes : Array("key".utf8)
    var size: Int?
    if call.count > 4 {
        // Size 0 leaves the value as long as it is.
        size = Int(try positive(call, 4))
        if size == 0 { size = nil }
    }
    engine.keyspace.reserve(call.database, engine.keyspace.size(call.database) + Int(count))
    for number in 0..<Int(count) {
        let key = prefix + Array(":\(number)".utf8)
        var value = Array("value:\(number)".utf8)
        if let size {
            value = Array(value.prefix(size))
            value += Array(repeating: 0, count: size - value.count)
        }
        key.withView { key in
            let hash = engine.keyspace.hash(key)
            guard engine.keyspace.find(call.database, key, hash) == nil else { return }
            engine.announceNew(key, call.database)
            value.withView {
                _ = engine.keyspace.set(call.database, key, hash, string: $0, expiry: .clear)
            }
            engine.keyTouched(key, call.database)
        }
    }
    call.reply.ok()
    return .none
}

private func debugReload(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation
{
    var saves = true
    for index in 2..<call.count {
        if call[index].equalsIgnoringCase("nosave") {
            saves = false
        } else {
            // The data are replaced as a whole, so nothing can be merged with them.
            throw ReplyError("ERR DEBUG RELOAD only supports the NOSAVE option here")
        }
    }
    let session = call.session
    session.value.flags.insert(.blocked)
    session.value.blocking = .host(0)
    if saves {
        engine.save(.reload(session: session.value.id))
    } else {
        engine.loadFile(for: session.value.id)
    }
    return .suspended
}

private func debugActiveExpire(
    _ engine: inout DataEngine, _ call: Call
) throws(ReplyError) -> Propagation {
    engine.settings.activeExpire = try call.integer(2) != 0
    call.reply.ok()
    return .none
}

/// Blocks the whole server. The time is the command's, though it passes after the turn.
private func debugSleep(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation
{
    let seconds = Double(call[2].string) ?? 0
    let microseconds = Int64(max(0, min(seconds, 86400)) * 1_000_000)
    engine.frontend.requests.append(.sleep(microseconds: microseconds))
    engine.introspection.sleepToCome = microseconds
    call.reply.ok()
    return .none
}

/// Shows that a pattern does not take endless time or depth.
private func debugMatch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation
{
    let length = try call.integer(2)
    guard length >= 0, length <= 1 << 26 else { throw .notInteger }
    let text = [UInt8](repeating: UInt8(ascii: "A"), count: Int(length))
    call.reply.simple(text: matches(call[3], text) ? "the text matches" : "no match")
    return .none
}
