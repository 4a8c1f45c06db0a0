import Keyspace
import Memory
import RESP
import Sessions

/// The unit in which a request gives a time.
enum TimeUnit: Equatable {
    case seconds, milliseconds
}

/// What may follow the value in SET and the key in GETEX.
struct StringOptions: Equatable {
    enum Condition: Equatable { case none, ifMissing, ifPresent }
    enum Time: Equatable {
        case none
        /// KEEPTTL, PERSIST.
        case keep, remove
        case given(TimeUnit, isAbsolute: Bool)
    }

    private(set) var condition = Condition.none
    private(set) var time = Time.none
    private(set) var returnsOld = false
    /// Where the time stands.
    private var timeIndex = 0

    var keepsExpiry: Bool { time == .keep }
    var removesExpiry: Bool { time == .remove }
    var isAbsolute: Bool {
        if case .given(_, let isAbsolute) = time { return isAbsolute }
        return false
    }

    /// Reads the options from argument `start` on. The same option twice is allowed, two that
    /// contradict each other are not.
    init(_ call: Call, from start: Int, isSet: Bool) throws(ReplyError) {
        var index = start
        while index < call.count {
            let word = call[index]
            if isSet, word.equalsIgnoringCase("nx"), condition != .ifPresent {
                condition = .ifMissing
            } else if isSet, word.equalsIgnoringCase("xx"), condition != .ifMissing {
                condition = .ifPresent
            } else if isSet, word.equalsIgnoringCase("get") {
                returnsOld = true
            } else if let named = StringOptions.time(word, isSet: isSet),
                time == .none || time == named
            {
                time = named
                if case .given = named {
                    index += 1
                    guard index < call.count else { throw .syntax }
                    timeIndex = index
                }
            } else {
                throw .syntax
            }
            index += 1
        }
    }

    private static func time(_ word: ByteView, isSet: Bool) -> Time? {
        if word.equalsIgnoringCase("ex") { return .given(.seconds, isAbsolute: false) }
        if word.equalsIgnoringCase("px") { return .given(.milliseconds, isAbsolute: false) }
        if word.equalsIgnoringCase("exat") { return .given(.seconds, isAbsolute: true) }
        if word.equalsIgnoringCase("pxat") { return .given(.milliseconds, isAbsolute: true) }
        if isSet, word.equalsIgnoringCase("keepttl") { return .keep }
        if !isSet, word.equalsIgnoringCase("persist") { return .remove }
        return nil
    }

    /// When the key is to expire, in milliseconds since 1970; nil if the request does not say.
    func deadline(of call: Call, _ engine: borrowing DataEngine) throws(ReplyError) -> Int64? {
        guard case .given(let unit, let isAbsolute) = time else { return nil }
        return try engine.deadline(call, timeIndex, unit, isAbsolute: isAbsolute)
    }
}

extension DataEngine {
    /// Argument `index` as a time that a key is set to expire at, in milliseconds since 1970. It
    /// must be positive; EXPIRE is less strict.
    func deadline(
        _ call: Call, _ index: Int, _ unit: TimeUnit, isAbsolute: Bool
    ) throws(ReplyError) -> Int64 {
        let given = try call.integer(index)
        let factor: Int64 = unit == .seconds ? 1000 : 1
        let (milliseconds, tooLong) = given.multipliedReportingOverflow(by: factor)
        guard given > 0, !tooLong else { throw invalidExpiry(call) }
        let (time, tooLate) = milliseconds.addingReportingOverflow(isAbsolute ? 0 : keyspace.now)
        guard !tooLate else { throw invalidExpiry(call) }
        return time
    }

    func invalidExpiry(_ call: Call) -> ReplyError {
        call.fail("ERR invalid expire time in '\(name(of: call))' command")
    }

    /// The full name of the command.
    func name(of call: Call) -> String { frontend.table.rows[call.command].name }
}
