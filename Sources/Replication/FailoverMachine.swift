import Memory

/// The FAILOVER command: a primary pauses its writers, waits until a replica has everything,
/// becomes its replica and asks it, by `PSYNC … FAILOVER`, to promote itself.
package struct FailoverMachine: Equatable, Sendable {
    /// Where a node is reached.
    package struct Target: Equatable, Sendable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// The arguments of FAILOVER.
    package struct Order: Equatable, Sendable {
        /// A certain replica; nil for the first that has everything.
        package var target: Target?
        /// How long to wait, in ms; nil for ever.
        package var timeout: Int?
        /// Whether to hand over to `target` even if it lacks something when time is up.
        package var isForced = false

        package init(target: Target? = nil, timeout: Int? = nil, isForced: Bool = false) {
            self.target = target
            self.timeout = timeout
            self.isForced = isForced
        }
    }

    private enum State: Equatable {
        case idle
        /// Writes are paused until a replica has the stream's end. Deadline in monotonic µs.
        case waitingForSync(Order, deadline: Int64?)
        /// This node follows the target and waits for its answer.
        case inProgress(Target)
    }

    /// What to do, in order.
    package enum Action: Equatable, Sendable {
        case log(LogLine)
        /// Pause commands that write until `resumeWrites`.
        case pauseWrites
        case resumeWrites
        /// Become a replica of the target; its handshake asks for a failover.
        case follow(Target)
        /// Become a primary again: the target did not take over.
        case returnToPrimary
    }

    private var state = State.idle

    package init() {}

    /// Whether a failover is under way: no `REPLICAOF`, no PSYNC from others.
    package var isActive: Bool {
        if case .idle = state { false } else { true }
    }

    /// Whether the handshake with the new primary is to ask for a failover.
    package var isInProgress: Bool {
        if case .inProgress = state { true } else { false }
    }

    /// Whether the stream must not grow: no PING in it.
    package var pausesStream: Bool {
        if case .waitingForSync = state { true } else { false }
    }

    /// `master_failover_state` of INFO.
    package var name: String {
        switch state {
        case .idle: "no-failover"
        case .waitingForSync: "waiting-for-sync"
        case .inProgress: "failover-in-progress"
        }
    }

    /// When time is up (monotonic µs); nil when there is no limit.
    package var deadline: Int64? {
        if case .waitingForSync(_, let deadline) = state { deadline } else { nil }
    }

    /// The command. Returns the text of the error, with its code, or nil when it started, and
    /// what to do.
    package mutating func start(
        _ order: Order, isReplica: Bool, replicas: AttachedReplicas, at now: Int64
    ) -> (refusal: String?, actions: [Action]) {
        if isActive { return ("ERR FAILOVER already in progress.", []) }
        if isReplica { return ("ERR FAILOVER is not valid when server is a replica.", []) }
        if replicas.isEmpty { return ("ERR FAILOVER requires connected replicas.", []) }
        if order.isForced, order.timeout == nil || order.target == nil {
            return (
                "ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
                []
            )
        }
        var line = "FAILOVER requested to any replica."
        if let target = order.target {
            guard let member = replicas.find(host: target.host, port: target.port) else {
                return ("ERR FAILOVER target HOST and PORT is not a replica.", [])
            }
            guard member.link.state == .online else {
                return ("ERR FAILOVER target replica is not online.", [])
            }
            line = "FAILOVER requested to \(target.host):\(target.port)."
        }
        let deadline = order.timeout.flatMap { FailoverMachine.deadline(in: $0, from: now) }
        state = .waitingForSync(order, deadline: deadline)
        return (nil, [.log(.notice(line)), .pauseWrites])
    }

    /// `timeout` ms after `now`; nil, as for ever, for a time that the clock will not reach.
    private static func deadline(in timeout: Int, from now: Int64) -> Int64? {
        let (duration, isTooLong) = Int64(timeout).multipliedReportingOverflow(by: 1000)
        let (deadline, isTooLate) = now.addingReportingOverflow(duration)
        return isTooLong || isTooLate ? nil : deadline
    }

    /// `FAILOVER ABORT`. Returns the text of the error, or nil, and what to do.
    package mutating func abort() -> (refusal: String?, actions: [Action]) {
        guard isActive else { return ("ERR No failover in progress.", []) }
        return (nil, stop(because: "Failover manually aborted"))
    }

    /// To be asked each turn and at the deadline. `offset` is the stream's end.
    package mutating func advance(
        _ replicas: AttachedReplicas, offset: Int, at now: Int64
    ) -> [Action] {
        guard case .waitingForSync(let order, let deadline) = state else { return [] }
        if let deadline, deadline <= now {
            guard order.isForced, let target = order.target else {
                return stop(because: "Replica never caught up before timeout")
            }
            return follow(target, "FAILOVER to \(target.host):\(target.port) time out exceeded, ")
        }
        let synced: AttachedReplicas.Member?
        if let target = order.target {
            synced = replicas.find(host: target.host, port: target.port)
        } else {
            synced = replicas.members.first {
                $0.link.state == .online && $0.link.acknowledged == offset
            }
        }
        guard let link = synced?.link, link.state == .online,
            link.acknowledged == offset || Mutation.failoverWithoutCatchUp.isActive
        else { return [] }
        let target = order.target ?? Target(host: link.address, port: link.listeningPort)
        return follow(target, "Failover target \(target.host):\(target.port) is synced, ")
    }

    private mutating func follow(_ target: Target, _ text: String) -> [Action] {
        state = .inProgress(target)
        return [.log(.notice(text + "failing over.")), .follow(target)]
    }

    /// The target took over: it answered PSYNC with a snapshot or with the stream.
    package mutating func accepted() -> [Action] {
        guard isInProgress else { return [] }
        state = .idle
        return [.resumeWrites]
    }

    /// The target answered PSYNC otherwise.
    package mutating func rejected() -> [Action] {
        isInProgress ? stop(because: "Failover target rejected psync request") : []
    }

    /// The request could not be sent.
    package mutating func unreachable() -> [Action] {
        isInProgress ? stop(because: "Write error to failover target") : []
    }

    private mutating func stop(because reason: String) -> [Action] {
        var target = "any replica"
        var actions: [Action] = []
        switch state {
        case .idle: return []
        case .waitingForSync(let order, _):
            if let wanted = order.target { target = "\(wanted.host):\(wanted.port)" }
        case .inProgress(let wanted):
            target = "\(wanted.host):\(wanted.port)"
            actions = [.returnToPrimary]
        }
        state = .idle
        return [.log(.notice("FAILOVER to \(target) aborted: \(reason)"))] + actions
            + [.resumeWrites]
    }
}
