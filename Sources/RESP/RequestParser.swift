import Memory

/// Finds requests in the input of a session: RESP arrays of bulk strings, and inline commands.
///
/// A request that is all there is parsed in one pass. One that is not is *skimmed*: each call
/// goes on where the last one stopped, so that the total work is linear in the bytes received
/// however they are cut, and the views are taken in a second pass once the request is complete.
/// Progress is relative to the request's start, so the input may move in between.
@frozen @usableFromInline
package struct RequestParser: Equatable {
    /// Bytes of the pending request that are done with.
    @usableFromInline var progress = 0
    /// Arguments of the pending request; 0 while its first line is incomplete.
    @usableFromInline var announced = 0
    /// How many of them are not complete.
    @usableFromInline var missing = 0
    /// Length of the argument at `progress`; -1 while its line is incomplete.
    @usableFromInline var bulk = -1
    /// Bytes from `progress` on known not to hold the end of the pending line.
    @usableFromInline var searched = 0
    /// How many more bytes the pending argument needs; 0 if unknown.
    @usableFromInline package internal(set) var expectedBytes = 0
    /// Bytes up to the end of the pending argument, counted from the start of its request; 0 when
    /// its length is not known.
    package var announcedBytes: Int { bulk < 0 ? 0 : progress + bulk + 2 }
    /// Bytes that are there of an argument whose end is still to come; nil if none is awaited.
    package var partialArgument: Int? {
        bulk >= 0 && expectedBytes > 0 ? max(0, bulk + 2 - expectedBytes) : nil
    }
    /// Where in the refused request, counted from its start, the mistake is.
    @usableFromInline package internal(set) var failureOffset = 0
    /// Bytes searched and arguments stepped over outside the fast path, ever: what the test of
    /// linear work looks at.
    @usableFromInline package internal(set) var examined = 0

    /// What the bytes at the position are.
    @frozen @usableFromInline
    package enum Outcome {
        /// More bytes are needed.
        case incomplete
        /// Arguments `first..<first + count` of the arena; the next request starts at `end`.
        case request(first: Int, count: Int, end: Int)
        /// Nothing to run: an empty line, an array without elements.
        case skipped(end: Int)
        case failure(RESPError)
    }

    /// A parser with nothing pending.
    @inlinable
    package init() {}

    /// Parses one request of `input` that starts at byte `position` and appends views of its
    /// arguments to `arena`. After `.incomplete` the next call must give the same request with
    /// more bytes, wherever it lies then.
    @inlinable @inline(__always)
    package mutating func next(
        _ input: ByteView, at position: Int, limits: RequestLimits,
        into arena: inout ArgumentArena
    ) -> Outcome {
        if _fastPath(progress | searched == 0) {
            var scanner = ByteScanner(input, at: position)
            let count = scanner.length(after: UInt8(ascii: "*"))
            if _fastPath(count > 0 && count <= limits.allowedArguments) {
                let first = arena.count
                if RequestParser.take(count, &scanner, limits.allowedBulk, &arena) {
                    return .request(
                        first: first, count: count, end: input.count &- scanner.count)
                }
                arena.truncate(to: first)
            }
        }
        return resume(input, at: position, limits: limits, into: &arena)
    }

    /// Appends `count` arguments; false if they are not all there in the usual form, with some of
    /// them perhaps appended. Like Redis it takes any two bytes for the end of an argument.
    @inlinable @inline(__always)
    static func take(
        _ count: Int, _ scanner: inout ByteScanner, _ limit: Int, _ arena: inout ArgumentArena
    ) -> Bool {
        var rest = count
        while rest > 0 {
            let length = scanner.length(after: UInt8(ascii: "$"))
            guard length >= 0, length <= limit, length <= scanner.count &- 2 else { return false }
            arena.append(scanner.line(length))
            rest &-= 1
        }
        return true
    }

    /// Everything but a complete request in the usual form.
    @usableFromInline @inline(never)
    mutating func resume(
        _ input: ByteView, at position: Int, limits: RequestLimits,
        into arena: inout ArgumentArena
    ) -> Outcome {
        guard position < input.count else { return .incomplete }
        expectedBytes = 0
        do throws(RESPError) {
            if input[position] != UInt8(ascii: "*") {
                return try inline(input, at: position, limits: limits, into: &arena)
            }
            return try skim(input, at: position, limits: limits, into: &arena)
        } catch {
            failureOffset = progress
            forget()
            return .failure(error)
        }
    }

    private mutating func forget() {
        progress = 0
        announced = 0
        missing = 0
        bulk = -1
        searched = 0
        expectedBytes = 0
    }

    private mutating func skim(
        _ input: ByteView, at position: Int, limits: RequestLimits,
        into arena: inout ArgumentArena
    ) throws(RESPError) -> Outcome {
        if announced == 0 {
            let start = position
            guard
                let end = try lineEnd(
                    input, from: start, limit: limits.maxInline, tooLong: .tooBigCountString)
            else { return .incomplete }
            guard let count = input[start + 1..<end].integer, count <= limits.maxArguments else {
                throw .invalidMultibulkLength
            }
            if count > limits.allowedArguments { throw .unauthenticatedMultibulk }
            if count <= 0 {
                forget()
                return .skipped(end: end + 2)
            }
            announced = Int(count)
            missing = announced
            progress = end + 2 - position
        }
        while missing > 0 {
            if bulk < 0, try !bulkLine(input, at: position, limits: limits) { return .incomplete }
            examined += 1
            let available = input.count - position - progress
            if available < bulk + 2 {
                expectedBytes = bulk + 2 - available
                return .incomplete
            }
            progress += bulk + 2
            bulk = -1
            missing -= 1
        }
        return complete(input, at: position, into: &arena)
    }

    /// Reads the line with the length of the argument at `progress`; false if it is incomplete.
    private mutating func bulkLine(
        _ input: ByteView, at position: Int, limits: RequestLimits
    ) throws(RESPError) -> Bool {
        let start = position + progress
        guard
            let end = try lineEnd(
                input, from: start, limit: limits.maxInline, tooLong: .tooBigBulkCount)
        else { return false }
        if input[start] != UInt8(ascii: "$") { throw .expectedDollar(input[start]) }
        guard let length = input[start + 1..<end].integer, length >= 0, length <= limits.maxBulk
        else { throw .invalidBulkLength }
        if length > limits.allowedBulk { throw .unauthenticatedBulk }
        bulk = Int(length)
        progress = end + 2 - position
        return true
    }

    /// The position of the CR that ends the line at `start`; nil until the byte behind it is
    /// there too.
    private mutating func lineEnd(
        _ input: ByteView, from start: Int, limit: Int, tooLong: RESPError
    ) throws(RESPError) -> Int? {
        let hit = input.firstIndex(of: UInt8(ascii: "\r"), from: start + searched)
        let length = (hit ?? input.count) - start
        examined += length - searched + 1
        if length > limit { throw tooLong }
        guard let hit, hit + 1 < input.count else {
            searched = max(length, 0)
            return nil
        }
        searched = 0
        return hit
    }

    /// Takes the views of a request that was skimmed to its end.
    private mutating func complete(
        _ input: ByteView, at position: Int, into arena: inout ArgumentArena
    ) -> Outcome {
        let (count, end) = (announced, position + progress)
        let first = arena.count
        examined += count
        forget()
        var scanner = ByteScanner(input, at: position)
        let same = scanner.length(after: UInt8(ascii: "*")) == count
        let taken = RequestParser.take(count, &scanner, Int.max, &arena)
        invariant(
            same && taken && input.count - scanner.count == end, "a complete request changed")
        return .request(first: first, count: count, end: end)
    }

    /// A line of words, as typed into a terminal.
    private mutating func inline(
        _ input: ByteView, at position: Int, limits: RequestLimits,
        into arena: inout ArgumentArena
    ) throws(RESPError) -> Outcome {
        let hit = input.firstIndex(of: UInt8(ascii: "\n"), from: position + searched)
        let length = (hit ?? input.count) - position
        examined += length - searched + 1
        if length > limits.maxInline { throw .tooBigInline }
        guard let hit else {
            searched = length
            return .incomplete
        }
        var end = hit
        if end > position && input[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let first = arena.count
        guard InlineWords.split(input[position..<end], into: &arena) else {
            arena.truncate(to: first)
            throw .unbalancedQuotes
        }
        forget()
        let count = arena.count - first
        if count == 0 { return .skipped(end: hit + 1) }
        return .request(first: first, count: count, end: hit + 1)
    }
}
