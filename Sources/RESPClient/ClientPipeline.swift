import Memory
import RESP

/// The requests of an outgoing connection that wait for their replies, in order. Replies come
/// back with the token their request was sent with; what the peer says unasked (RESP3 push data,
/// messages of a RESP2 subscription) comes apart. Bounded: `send` is refused at `capacity`.
package struct ClientPipeline<Token: Equatable & Sendable>: Equatable, Sendable {
    /// Something the peer said.
    package enum Event: Equatable, Sendable {
        case reply(Token, RESPValue)
        case push([RESPValue])
        /// A reply nobody waits for: the stream is out of step and must be closed.
        case unexpected(RESPValue)
    }

    private struct Pending: Equatable, Sendable {
        let token: Token
        let sent: Int64
    }

    /// Most requests that may wait.
    package let capacity: Int
    /// After SUBSCRIBE in RESP2 messages look like replies and are told apart by their first
    /// word. Set it before the request is sent.
    package var isSubscribed = false
    private var pending: [Pending] = []
    /// Requests at the front of `pending` that are answered.
    private var answered = 0
    private var parser: ReplyParser

    /// An empty pipeline.
    package init(capacity: Int = 10_000, limits: ReplyLimits = ReplyLimits()) {
        self.capacity = capacity
        parser = ReplyParser(limits: limits)
    }

    /// How many requests wait.
    package var count: Int { pending.count - answered }

    /// When the oldest request that waits was sent; nil if none does.
    package var oldestSent: Int64? { answered < pending.count ? pending[answered].sent : nil }

    /// Notes a request that is sent at `now` (monotonic µs); false if too many wait already.
    package mutating func send(_ token: Token, at now: Int64) -> Bool {
        guard count < capacity else { return false }
        pending.append(Pending(token: token, sent: now))
        return true
    }

    /// Whether the oldest request has waited longer than `timeout` (µs).
    package func isOverdue(at now: Int64, timeout: Int64) -> Bool {
        oldestSent.map { now - $0 > timeout } ?? false
    }

    /// Takes one reply off `input` at `position`; nil if it is incomplete.
    package mutating func next(
        _ input: ByteView, at position: Int
    ) throws(RESPError) -> (event: Event, end: Int)? {
        switch parser.next(input, at: position) {
        case .incomplete: return nil
        case .value(let value, let end): return (received(value), end)
        case .failure(let error): throw error
        }
    }

    /// What a reply means.
    package mutating func received(_ value: RESPValue) -> Event {
        switch value {
        case .push(let items): return .push(items)
        case .array(let items) where isSubscribed && isMessage(items): return .push(items)
        default: break
        }
        guard answered < pending.count else { return .unexpected(value) }
        let token = pending[answered].token
        answered += 1
        if answered == pending.count || answered >= 1024 {
            pending.removeFirst(answered)
            answered = 0
        }
        return .reply(token, value)
    }

    /// The connection is gone: gives the tokens of all requests without a reply, in order, and
    /// starts anew.
    package mutating func close() -> [Token] {
        let tokens = pending[answered...].map(\.token)
        self = ClientPipeline(capacity: capacity, limits: parser.limits)
        return tokens
    }

    private func isMessage(_ items: [RESPValue]) -> Bool {
        switch items.first?.string {
        case "message", "pmessage", "smessage", "subscribe", "unsubscribe", "psubscribe",
            "punsubscribe", "ssubscribe", "sunsubscribe":
            true
        default: false
        }
    }
}
