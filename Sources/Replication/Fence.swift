/// Keeps a server that came back from a crash as a primary from serving until its sentinels have
/// said that it still is one. While it was down a secondary may have been promoted, and even if
/// not, a secondary may hold writes that this server acknowledged and lost.
///
/// Closed, the server neither reads nor writes nor answers PSYNC. Every watching sentinel sends
/// what it knows; the server decides by `Fence.decide`, so that the rule is in one place. It
/// opens by itself only on a majority's word; by order (REPLICAOF, an operator) always.
package struct Fence: Equatable, Sendable {
    /// What a sentinel knows of a secondary it reaches.
    package struct Secondary: Equatable, Sendable {
        package let host: String
        package let port: Int
        /// Nil when it has never been synchronised: it cannot hold anything of ours.
        package let position: StreamPosition?

        package init(host: String, port: Int, position: StreamPosition?) {
            self.host = host
            self.port = port
            self.position = position
        }
    }

    /// What one sentinel says.
    package struct Report: Equatable, Sendable {
        /// The sentinel's ID.
        package let sentinel: String
        /// The epoch of the group's configuration it knows.
        package let epoch: Int
        /// The primary of that configuration if it is another node.
        package let otherPrimary: FailoverMachine.Target?
        /// The secondaries it reaches at present.
        package let secondaries: [Secondary]

        package init(
            sentinel: String, epoch: Int, otherPrimary: FailoverMachine.Target?,
            secondaries: [Secondary]
        ) {
            self.sentinel = sentinel.lowercased()
            self.epoch = epoch
            self.otherPrimary = otherPrimary
            self.secondaries = secondaries
        }
    }

    /// The data this server has after loading.
    package struct Store: Equatable, Sendable {
        /// Where in which history they end; nil when nothing was loaded.
        package let position: StreamPosition?
        /// The end of the history before, which they contain; nil when unknown.
        package let previous: StreamPosition?

        package init(position: StreamPosition?, previous: StreamPosition? = nil) {
            self.position = position
            self.previous = previous
        }

        /// Whether everything `secondary` holds is in this store.
        package func covers(_ secondary: Secondary) -> Bool {
            guard let theirs = secondary.position else { return true }
            if let position, theirs.id == position.id { return theirs.offset <= position.offset }
            if let previous, theirs.id == previous.id { return theirs.offset <= previous.offset }
            return false
        }
    }

    package enum Decision: Equatable, Sendable {
        /// Too few sentinels have spoken.
        case wait(heard: Int, needed: Int)
        /// Serve as the primary.
        case resume(Reason)
        /// A newer configuration names another primary.
        case follow(FailoverMachine.Target)
        /// A secondary holds more. Stay closed, as good as dead, until it has been promoted.
        case yield(to: FailoverMachine.Target)

        package enum Reason: Equatable, Sendable { case newest, noSecondaryLeft }
    }

    /// The rule. Reports of sentinels that do not watch this server, and of those that know less
    /// than the server itself, do not count.
    package static func decide(
        epoch: Int, store: Store, watchers: [String], reports: [Report]
    ) -> Decision {
        let known = reports.filter { watchers.contains($0.sentinel) && $0.epoch >= epoch }
        let newest = known.max { $0.epoch < $1.epoch }
        if let newest, newest.epoch > epoch, let other = newest.otherPrimary {
            return .follow(other)
        }
        let needed = watchers.count / 2 + 1
        let agreeing = known.filter { $0.otherPrimary == nil }
        guard agreeing.count >= needed else {
            return .wait(heard: agreeing.count, needed: needed)
        }
        let secondaries = agreeing.flatMap(\.secondaries)
        if secondaries.isEmpty { return .resume(.noSecondaryLeft) }
        let ahead = secondaries.filter { !store.covers($0) }
        let best = ahead.max { ($0.position?.offset ?? 0) < ($1.position?.offset ?? 0) }
        guard let best else { return .resume(.newest) }
        return .yield(to: FailoverMachine.Target(host: best.host, port: best.port))
    }

    /// What to do, in order.
    package enum Action: Equatable, Sendable {
        /// Serve from now on.
        case open
        /// Become a replica; the fence is open.
        case follow(FailoverMachine.Target)
        /// Tell the sentinels that a secondary should be promoted.
        case yield
        case log(LogLine)
    }

    /// The reply to every command that is refused meanwhile.
    package static let refusal: StaticString =
        "FENCED This server was a primary and stopped uncleanly. It waits for its sentinels."

    /// How long a report counts, and how often the log is reminded, in µs.
    package static let reportLifetime: Int64 = 10_000_000
    package static let reminderInterval: Int64 = 30_000_000

    private struct Timed: Equatable {
        var report: Report
        var at: Int64
    }

    package private(set) var isClosed: Bool
    /// Whether the sentinels are asked to promote a secondary.
    package private(set) var isYielding = false
    private let epoch: Int
    private let store: Store
    private let watchers: [String]
    private var reports: [Timed] = []
    private var nextReminder: Int64

    /// An open fence, for servers that need none.
    package init() {
        isClosed = false
        epoch = 0
        store = Store(position: nil)
        watchers = []
        nextReminder = .max
    }

    /// The fence of a server that starts with what `node` remembers and has loaded `store`:
    /// closed for a primary that was watched and did not stop in order.
    package init(_ node: NodeState, store: Store, at now: Int64) {
        isClosed = node.role == .primary && node.stop == .unclean && !node.watchers.isEmpty
        epoch = node.epoch
        self.store = store
        watchers = node.watchers.map(\.id)
        nextReminder = isClosed ? now : .max
    }

    /// When `tick` wants to be called (monotonic µs).
    package var deadline: Int64 { nextReminder }

    /// A sentinel reports.
    package mutating func received(_ report: Report, at now: Int64) -> [Action] {
        guard isClosed else { return [] }
        reports.removeAll {
            $0.report.sentinel == report.sentinel || now - $0.at > Fence.reportLifetime
        }
        guard watchers.contains(report.sentinel) else { return [] }
        reports.append(Timed(report: report, at: now))
        let decision = Fence.decide(
            epoch: epoch, store: store, watchers: watchers, reports: reports.map(\.report))
        switch decision {
        case .wait:
            return []
        case .resume(let reason):
            open()
            let why =
                reason == .newest
                ? "no secondary has newer data" : "no secondary is left"
            return [.log(.notice("Fence opened: a majority of sentinels agrees, \(why)")), .open]
        case .follow(let target):
            open()
            let text = "Fence: \(target.host):\(target.port) was promoted meanwhile, following it"
            return [.log(.warning(text)), .follow(target)]
        case .yield(let target):
            guard !isYielding else { return [] }
            isYielding = true
            let text =
                "Fence stays closed: the secondary \(target.host):\(target.port) has writes that "
                + "were lost here and is to be promoted"
            return [.log(.warning(text)), .yield]
        }
    }

    /// Time passes.
    package mutating func tick(at now: Int64) -> [Action] {
        guard isClosed, now >= nextReminder else { return [] }
        nextReminder = now + Fence.reminderInterval
        let heard = reports.count { now - $0.at <= Fence.reportLifetime }
        return [
            .log(
                .warning(
                    "This server was a primary and stopped uncleanly: it serves nothing until a "
                        + "majority of its sentinels has decided (\(heard) of \(watchers.count) "
                        + "heard, \(watchers.count / 2 + 1) needed)"))
        ]
    }

    /// An order that settles the matter: REPLICAOF, or an operator who overrides.
    package mutating func open() {
        isClosed = false
        isYielding = false
        reports = []
        nextReminder = .max
    }
}
