/// Periods and limits in milliseconds; those that SENTINEL DEBUG shows and sets, with Redis's
/// defaults, and a few that only follow from them.
package struct Timing: Equatable, Sendable {
    package var infoPeriod: Int64 = 10000
    package var pingPeriod: Int64 = 1000
    package var askPeriod: Int64 = 1000
    package var publishPeriod: Int64 = 2000
    package var defaultDownAfter: Int64 = 30000
    package var defaultFailoverTimeout: Int64 = 180_000
    /// A gap between two looks at the clock that counts as a stall of our own.
    package var tiltTrigger: Int64 = 2000
    package var tiltPeriod: Int64 = 30000
    package var replicaReconfigurationTimeout: Int64 = 10000
    package var minimumLinkReconnectPeriod: Int64 = 15000
    package var electionTimeout: Int64 = 10000
    package var scriptMaximumRuntime: Int64 = 60000
    package var scriptRetryDelay: Int64 = 30000

    package init() {}

    /// The rows of SENTINEL DEBUG in their order.
    static var rows: [(name: String, value: WritableKeyPath<Timing, Int64>)] {
        [
            ("info-period", \.infoPeriod), ("ping-period", \.pingPeriod),
            ("ask-period", \.askPeriod), ("publish-period", \.publishPeriod),
            ("default-down-after", \.defaultDownAfter),
            ("default-failover-timeout", \.defaultFailoverTimeout),
            ("tilt-trigger", \.tiltTrigger), ("tilt-period", \.tiltPeriod),
            (DirectiveName.replicaReconfigurationTimeout, \.replicaReconfigurationTimeout),
            ("min-link-reconnect-period", \.minimumLinkReconnectPeriod),
            ("election-timeout", \.electionTimeout),
            ("script-max-runtime", \.scriptMaximumRuntime),
            ("script-retry-delay", \.scriptRetryDelay),
        ]
    }

    /// The longest time that may be set, about a thousand years: small multiples of it still fit
    /// in microseconds.
    static let longest: Int64 = 1 << 45

    /// `time` within what can be calculated with.
    static func bounded(_ time: Int64) -> Int64 { max(-longest, min(time, longest)) }

    /// How long a coordinated switchover may hold back writes before it is given up.
    static let switchoverLimit: Int64 = 2000
    /// Between two looks at a node whose change of role is awaited.
    static let pollPeriod: Int64 = 15
    /// Between two questions for the role of a primary of ours.
    static let rolePeriod: Int64 = 200
    /// Between two questions to a peer that does not yet see the primary down.
    static let quickAskPeriod: Int64 = 100
    /// How long fresh offsets of replicas are awaited before one is selected.
    static let selectionPatience: Int64 = 150
    /// How long replicas that seem down may still answer before a fenced primary is let serve.
    static let fencePatience: Int64 = 1000
    /// Head start of a sentinel over the next in the order of ids, and the random part of it:
    /// enough for a saved vote to travel before the next one stands for election.
    static let rankDelay: Int64 = 25
    static let rankJitter: Int64 = 15
    /// A leader that cannot be reached for this long is given up.
    static let lostLeaderPatience: Int64 = 1000
    /// After news that end the pauses between attempts: how long the one voted for goes first. A
    /// switchover takes no longer.
    static let leaderHeadStart: Int64 = 3000
    /// How long a server that is watched no longer may take to write that down.
    static let farewellLimit: Int64 = 2000
    /// The first pause before another attempt; it doubles with each that fails.
    static let firstRetryDelay: Int64 = 1000
    /// The first pause before another connection attempt; it doubles up to the ping period.
    static let firstReconnectDelay: Int64 = 100
    /// A connection attempt without an answer is repeated after this long.
    static let connectLimit: Int64 = 2000
    /// Between two attempts to save state that could not be written.
    static let saveRetryDelay: Int64 = 1000
}

/// `milliseconds` as microseconds, the unit of the clock.
func microseconds(_ milliseconds: Int64) -> Int64 { milliseconds * 1000 }
