import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    static let stringComparisons: [Command] = [
        Command(
            "lcs", arity: -3, flags: [.readonly],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .string, since: "7.0.0",
            complexity: "O(N*M) in the lengths",
            summary: "Finds the longest common subsequence of two strings.",
            syntax: "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]"
        ) { engine($0, $2, lcs) }
    ]
}

/// Bytes of the largest table, however long strings may be made.
private let longestLCSTable = 4 << 30

func lcs(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let first = engine.lookup(call, 1)
    let second = engine.lookup(call, 2)
    guard first?.isString != false, second?.isString != false else {
        throw ReplyError("ERR The specified keys must contain string values")
    }
    let options = try LCSOptions(call)
    let (rows, columns) = (first?.stringLength ?? 0, second?.stringLength ?? 0)
    let (cells, overflow) = (rows + 1).multipliedReportingOverflow(by: columns + 1)
    let limit =
        min(engine.settings.frontend.maxBulkLength, longestLCSTable) / MemoryLayout<UInt32>.size
    guard !overflow, cells <= limit else {
        throw ReplyError(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
    }
    withString(first) { a in
        withString(second) { b in
            let table = LCSTable(a, b)
            options.showsRanges
                ? answerRanges(call, table, options)
                : options.showsLength
                    ? call.reply.integer(table.length) : call.reply.bulk(table.subsequence())
        }
    }
    return .none
}

private func withString(_ entry: Entry?, _ body: (ByteView) -> Void) {
    guard let entry else { return body(.empty) }
    entry.withString(body)
}

/// The ranges are found, and shown, from the end of the strings to their beginning.
private func answerRanges(_ call: Call, _ table: borrowing LCSTable, _ options: LCSOptions) {
    call.reply.map(2)
    call.reply.bulk("matches")
    let start = call.reply.deferredArray()
    var count = 0
    table.forEachMatch { a, b in
        guard a.count >= options.shortestMatch else { return }
        call.reply.array(options.showsMatchLength ? 3 : 2)
        for range in [a, b] {
            call.reply.array(2)
            call.reply.integer(range.lowerBound)
            call.reply.integer(range.upperBound - 1)
        }
        if options.showsMatchLength { call.reply.integer(a.count) }
        count += 1
    }
    call.reply.finishArray(at: start, count: count)
    call.reply.bulk("len")
    call.reply.integer(table.length)
}

private struct LCSOptions {
    var showsLength = false
    var showsRanges = false
    var showsMatchLength = false
    var shortestMatch = 0

    init(_ call: Call) throws(ReplyError) {
        var index = 3
        while index < call.count {
            let word = call[index]
            if word.equalsIgnoringCase("idx") {
                showsRanges = true
            } else if word.equalsIgnoringCase("len") {
                showsLength = true
            } else if word.equalsIgnoringCase("withmatchlen") {
                showsMatchLength = true
            } else if word.equalsIgnoringCase("minmatchlen"), index + 1 < call.count {
                index += 1
                shortestMatch = max(0, Int(try call.integer(index)))
            } else {
                throw .syntax
            }
            index += 1
        }
        if showsRanges, showsLength {
            throw ReplyError(
                "ERR If you want both the length and indexes, please just use IDX.")
        }
    }
}

/// Lengths of the longest common subsequences of all pairs of prefixes (Wagner and Fischer). The
/// caller bounds the product of the lengths.
private struct LCSTable: ~Copyable {
    let a: ByteView
    let b: ByteView
    private var lengths: FlatArray<UInt32>

    init(_ a: ByteView, _ b: ByteView) {
        self.a = a
        self.b = b
        let width = b.count + 1
        lengths = FlatArray(repeating: 0, count: (a.count + 1) * width)
        for i in 0..<a.count {
            let (byte, above, row) = (a[i], i * width, (i + 1) * width)
            var left: UInt32 = 0
            for j in 0..<b.count {
                left =
                    byte == b[j]
                    ? lengths[above + j] + 1 : max(left, lengths[above + j + 1])
                lengths[row + j + 1] = left
            }
        }
    }

    var length: Int { at(a.count, b.count) }

    private func at(_ i: Int, _ j: Int) -> Int { Int(lengths[i * (b.count + 1) + j]) }

    /// Visits the positions of a subsequence in both strings, last one first.
    private func forEachPair(_ visit: (Int, Int) -> Void) {
        var (i, j) = (a.count, b.count)
        while i > 0, j > 0 {
            if a[i - 1] == b[j - 1] {
                i -= 1
                j -= 1
                visit(i, j)
            } else if at(i - 1, j) > at(i, j - 1) {
                i -= 1
            } else {
                j -= 1
            }
        }
    }

    func subsequence() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        forEachPair { i, _ in bytes.append(a[i]) }
        bytes.reverse()
        return bytes
    }

    /// Visits the stretches that the strings have in common on the way, last one first.
    func forEachMatch(_ visit: (Range<Int>, Range<Int>) -> Void) {
        var (inA, inB) = (0..<0, 0..<0)
        forEachPair { i, j in
            if !inA.isEmpty, i + 1 == inA.lowerBound, j + 1 == inB.lowerBound {
                (inA, inB) = (i..<inA.upperBound, j..<inB.upperBound)
            } else {
                if !inA.isEmpty { visit(inA, inB) }
                (inA, inB) = (i..<i + 1, j..<j + 1)
            }
        }
        if !inA.isEmpty { visit(inA, inB) }
    }
}
