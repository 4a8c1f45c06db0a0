import Memory

/// What a reply may be before it is refused; bounds what a peer can make us hold.
package struct ReplyLimits: Equatable, Sendable {
    /// Most nested arrays, maps and so on.
    package var depth = 32
    /// Most bytes of one string.
    package var bulk = 512 << 20
    /// Most bytes of a line.
    package var line = 64 << 10
    /// Most values in one reply, all levels together.
    package var elements = 1 << 20
    /// Most bytes of one reply as it is sent, all levels together. They lie in the input until the
    /// reply is complete, and its strings beside them.
    package var total = 1 << 30

    /// The usual limits.
    package init() {}
}

/// Finds replies of both protocol versions in the input of an outgoing connection. Values that
/// are complete are kept while the rest of their reply is missing, and a call goes on where the
/// last one stopped, so the work is linear in the bytes received. Attributes are dropped.
package struct ReplyParser: Equatable, Sendable {
    /// What the bytes at the position are.
    package enum Outcome: Equatable {
        /// More bytes are needed.
        case incomplete
        /// A whole reply; the next one starts at `end`.
        case value(RESPValue, end: Int)
        case failure(RESPError)
    }

    /// An aggregate whose elements are being received.
    private struct Frame: Equatable, Sendable {
        let type: UInt8
        var missing: Int
        var items: [RESPValue] = []
    }

    /// What is accepted.
    package let limits: ReplyLimits
    /// Bytes of the pending reply that are done with.
    private var progress = 0
    /// Bytes from `progress` on known not to hold the end of the pending line.
    private var searched = 0
    /// Type and length of the string at `progress`, whose bytes are incomplete.
    private var pending: (type: UInt8, length: Int)?
    private var frames: [Frame] = []
    private var elements = 0
    /// Where in the refused reply, counted from its start, the mistake is.
    package private(set) var failureOffset = 0
    /// Bytes searched and values stepped over, ever: what the test of linear work looks at.
    package private(set) var examined = 0

    /// A parser with nothing pending.
    package init(limits: ReplyLimits = ReplyLimits()) { self.limits = limits }

    package static func == (left: ReplyParser, right: ReplyParser) -> Bool {
        left.limits == right.limits && left.progress == right.progress
            && left.searched == right.searched && left.pending?.type == right.pending?.type
            && left.pending?.length == right.pending?.length && left.frames == right.frames
            && left.elements == right.elements && left.failureOffset == right.failureOffset
            && left.examined == right.examined
    }

    /// Parses the reply of `input` that starts at byte `position`. After `.incomplete` the next
    /// call must give the same reply with more bytes, wherever it lies then.
    package mutating func next(_ input: ByteView, at position: Int) -> Outcome {
        do throws(RESPError) {
            while true {
                guard let parsed = try element(input, at: position) else { return .incomplete }
                guard case .whole(let value) = parsed else { continue }
                guard let reply = add(value) else { continue }
                let end = position + progress
                forget()
                return .value(reply, end: end)
            }
        } catch {
            failureOffset = progress
            forget()
            return .failure(error)
        }
    }

    private enum Element {
        /// The head of an aggregate, now the innermost frame, or the end of an attribute.
        case opened
        case whole(RESPValue)
    }

    private mutating func forget() {
        progress = 0
        searched = 0
        pending = nil
        frames = []
        elements = 0
    }

    /// The next value or head; nil if it is incomplete.
    private mutating func element(
        _ input: ByteView, at position: Int
    ) throws(RESPError) -> Element? {
        examined += 1
        if pending == nil {
            guard let line = try line(input, from: position + progress) else { return nil }
            let start = position + progress
            guard line.upperBound > start else { throw .invalidReplyLine }
            let value = try headed(input[start], input[start + 1..<line.upperBound])
            progress = line.upperBound + 2 - position
            if progress + (pending?.length ?? 0) > limits.total { throw .replyTooBig }
            if let value { return value }
        }
        guard let (type, length) = pending else { return .opened }
        let start = position + progress
        guard input.count - start >= length + 2 else { return nil }
        guard input[start + length] == 13, input[start + length + 1] == 10 else {
            throw .invalidReplyLine
        }
        let value = try string(type, input[start..<start + length])
        progress += length + 2
        pending = nil
        return .whole(value)
    }

    /// The line at `start` without its CR LF; nil if it is incomplete.
    private mutating func line(
        _ input: ByteView, from start: Int
    ) throws(RESPError) -> Range<Int>? {
        let hit = input.firstIndex(of: UInt8(ascii: "\r"), from: start + searched)
        let length = (hit ?? input.count) - start
        examined += length - searched + 1
        if length > limits.line { throw .invalidReplyLine }
        guard let hit, hit + 1 < input.count else {
            searched = max(length, 0)
            return nil
        }
        if input[hit + 1] != UInt8(ascii: "\n") { throw .invalidReplyLine }
        searched = 0
        return start..<hit
    }

    /// What a line means: a value, the head of an aggregate, or (nil) that of a string, which is
    /// then pending.
    private mutating func headed(_ type: UInt8, _ rest: ByteView) throws(RESPError) -> Element? {
        switch type {
        case UInt8(ascii: "+"): return .whole(.simple(rest.string))
        case UInt8(ascii: "-"): return .whole(.error(rest.string))
        case UInt8(ascii: ":"):
            guard let number = rest.integer else { throw .invalidReplyNumber }
            return .whole(.integer(number))
        case UInt8(ascii: "_"):
            guard rest.isEmpty else { throw .invalidReplyLine }
            return .whole(.null)
        case UInt8(ascii: "#"):
            guard rest == "t" || rest == "f" else { throw .invalidReplyLine }
            return .whole(.boolean(rest == "t"))
        case UInt8(ascii: ","): return .whole(.double(try ReplyParser.double(rest)))
        case UInt8(ascii: "("):
            guard ReplyParser.isBigNumber(rest) else { throw .invalidReplyNumber }
            return .whole(.bigNumber(rest.string))
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
            guard let length = rest.integer, length <= limits.bulk else {
                throw .invalidReplyLength
            }
            if length == -1 && type == UInt8(ascii: "$") { return .whole(.null) }
            guard length >= 0 else { throw .invalidReplyLength }
            pending = (type, Int(length))
            return nil
        case UInt8(ascii: "*"), UInt8(ascii: "%"), UInt8(ascii: "~"), UInt8(ascii: ">"),
            UInt8(ascii: "|"):
            return try opened(type, rest)
        default: throw .unknownReplyType(type)
        }
    }

    private mutating func opened(_ type: UInt8, _ rest: ByteView) throws(RESPError) -> Element {
        guard let count = rest.integer else { throw .invalidReplyLength }
        if count == -1 && type == UInt8(ascii: "*") { return .whole(.nullArray) }
        guard count >= 0 else { throw .invalidReplyLength }
        let isPaired = type == UInt8(ascii: "%") || type == UInt8(ascii: "|")
        guard count <= limits.elements else { throw .replyTooBig }
        let missing = isPaired ? Int(count) * 2 : Int(count)
        elements += missing
        guard elements <= limits.elements else { throw .replyTooBig }
        guard frames.count < limits.depth else { throw .replyTooDeep }
        if missing == 0 {
            if type == UInt8(ascii: "|") { return .opened }
            return .whole(ReplyParser.aggregate(type, []))
        }
        frames.append(Frame(type: type, missing: missing))
        return .opened
    }

    /// Puts a value into the innermost frame; the whole reply if that completes it.
    private mutating func add(_ value: RESPValue) -> RESPValue? {
        var value = value
        while let last = frames.indices.last {
            frames[last].items.append(value)
            frames[last].missing -= 1
            if frames[last].missing > 0 { return nil }
            let frame = frames.removeLast()
            if frame.type == UInt8(ascii: "|") { return nil }
            value = ReplyParser.aggregate(frame.type, frame.items)
        }
        return value
    }

    private static func aggregate(_ type: UInt8, _ items: [RESPValue]) -> RESPValue {
        switch type {
        case UInt8(ascii: "%"): .map(items)
        case UInt8(ascii: "~"): .set(items)
        case UInt8(ascii: ">"): .push(items)
        default: .array(items)
        }
    }

    private func string(_ type: UInt8, _ view: ByteView) throws(RESPError) -> RESPValue {
        switch type {
        case UInt8(ascii: "!"): return .error(view.string)
        case UInt8(ascii: "="):
            guard view.count >= 4, view[3] == UInt8(ascii: ":"),
                view[0] < 128, view[1] < 128, view[2] < 128
            else { throw .invalidReplyLine }
            return .verbatim(view[0..<3].string, view[4..<view.count].bytes)
        default: return .bulk(view.bytes)
        }
    }

    private static func double(_ view: ByteView) throws(RESPError) -> Double {
        if view == "nan" || view == "-nan" { return .nan }
        if view == "inf" { return .infinity }
        if view == "-inf" { return -.infinity }
        guard let value = Double(view.string), value.isFinite else { throw .invalidReplyNumber }
        return value
    }

    private static func isBigNumber(_ view: ByteView) -> Bool {
        var index = 0
        if index < view.count, view[0] == UInt8(ascii: "-") || view[0] == UInt8(ascii: "+") {
            index = 1
        }
        guard index < view.count else { return false }
        while index < view.count {
            guard view[index] &- UInt8(ascii: "0") <= 9 else { return false }
            index += 1
        }
        return true
    }
}
