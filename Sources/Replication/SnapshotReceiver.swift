import Memory

/// Takes the snapshot of a full resync out of the bytes of a link, in both framings: `$<length>`
/// and `$EOF:<40-byte mark>` … mark. It holds no bytes: what may be the beginning of the mark
/// stays in the link's input until more has come (39 bytes at most).
package struct SnapshotReceiver: Equatable, Sendable {
    private enum State: Equatable {
        case header
        case counted(left: Int)
        case marked([UInt8])
        case finished
    }

    /// What the bytes at a position turned out to be.
    package enum Step: Equatable, Sendable {
        /// Nothing more can be told from these bytes.
        case incomplete
        /// A newline that shows that the primary is still at work.
        case keepAlive(end: Int)
        /// The header: the length, or nil when a mark ends the snapshot.
        case header(length: Int?, end: Int)
        /// The bytes `range` of the input belong to the snapshot.
        case payload(Range<Int>)
        /// The snapshot is complete; what follows `end` is the stream.
        case finished(end: Int)
        /// The primary gave up, or is none; the text is for the log.
        case failed(String)
    }

    /// Digits of a mark.
    package static let markLength = 40

    private var state = State.header
    /// Bytes of the snapshot announced: -1 before the header, 0 when a mark ends it.
    package private(set) var totalBytes = -1
    /// Bytes of the snapshot received.
    package private(set) var readBytes = 0

    package init() {}

    /// Whether the header has come.
    package var hasHeader: Bool { state != .header }

    /// Whether a mark ends the snapshot. Then the primary waits for an acknowledgement before it
    /// goes on with the stream.
    package private(set) var isMarked = false

    /// Reads the bytes of `input` from `position` on. Call again with the end it returns until it
    /// says `incomplete` or `finished`.
    package mutating func next(_ input: ByteView, at position: Int) -> Step {
        switch state {
        case .header:
            return header(input, at: position)
        case .counted(let left):
            if left == 0 {
                state = .finished
                return .finished(end: position)
            }
            let count = min(left, input.count - position)
            guard count > 0 else { return .incomplete }
            state = .counted(left: left - count)
            readBytes += count
            return .payload(position..<position + count)
        case .marked(let mark):
            return mark.withView { marked(input, at: position, $0) }
        case .finished:
            return .finished(end: position)
        }
    }

    private mutating func header(_ input: ByteView, at position: Int) -> Step {
        let line: String
        let end: Int
        switch WireLine.next(input, at: position) {
        case .incomplete: return .incomplete
        case .tooLong: return .failed(ReplicationText.notAPrimary("(an endless line)"))
        case .line("", let next): return .keepAlive(end: next)
        case .line(let text, let next): (line, end) = (text, next)
        }
        if line.hasPrefix("-") {
            return .failed(ReplicationText.aborted(String(line.dropFirst())))
        }
        guard line.hasPrefix("$") else { return .failed(ReplicationText.notAPrimary(line)) }
        if line.hasPrefix("$EOF:") {
            let mark = Array(line.utf8.dropFirst(5))
            guard mark.count == SnapshotReceiver.markLength else {
                return .failed(ReplicationText.notAPrimary(line))
            }
            state = .marked(mark)
            isMarked = true
            totalBytes = 0
            return .header(length: nil, end: end)
        }
        guard let length = Int(line.dropFirst()), length >= 0 else {
            return .failed(ReplicationText.notAPrimary(line))
        }
        state = .counted(left: length)
        totalBytes = length
        return .header(length: length, end: end)
    }

    private mutating func marked(_ input: ByteView, at position: Int, _ mark: ByteView) -> Step {
        var index = position
        while let start = input.firstIndex(of: mark[0], from: index) {
            let known = min(mark.count, input.count - start)
            if input[start..<start + known] == mark[0..<known] {
                if start > position { return payload(position..<start) }
                guard known == mark.count else { return .incomplete }
                state = .finished
                return .finished(end: start + mark.count)
            }
            index = start + 1
        }
        return input.count > position ? payload(position..<input.count) : .incomplete
    }

    private mutating func payload(_ range: Range<Int>) -> Step {
        readBytes += range.count
        return .payload(range)
    }
}
