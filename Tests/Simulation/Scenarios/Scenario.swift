/// A story told in a text file: a group, what happens to it when, and what must then be true.
/// Tests/README.md shows how one is written.
struct Scenario {
    struct Step {
        var line: Int
        /// Virtual microseconds.
        var at: Int64
        var text: String
        var action: Action
    }

    enum Action: Equatable {
        /// The process dies; with its host nobody is told.
        case kill(NodeName, withHost: Bool)
        /// The process dies and its data directory is lost.
        case wipe(NodeName)
        case stop(NodeName)
        case start(NodeName)
        case pause(NodeName, Int64)
        case isolate(NodeName)
        /// These nodes and the rest cannot reach each other.
        case split([NodeName])
        case cut(from: NodeName, to: NodeName)
        case delay(from: NodeName, to: NodeName, by: Int64)
        /// A node stops reading what another sends.
        case slow(NodeName, from: NodeName)
        case disk(NodeName, fails: Bool)
        case clock(NodeName, by: Int64)
        /// Paths, disks and readers work again.
        case heal
        /// A request to a node, and the reply it must get.
        case tell(NodeName, [String], reply: String?)
        /// Clients stop writing.
        case quiet
        case expect(Expectation, isTrue: Bool)
    }

    /// What is looked at when its time has come.
    enum Expectation: Equatable {
        /// All running sentinels name it, and it takes writes.
        case primary(NodeName)
        case writable(NodeName)
        case running(NodeName)
        /// It follows the other and its link is up.
        case replica(NodeName, of: NodeName)
        /// Sentinels and servers agree on the primary, and all servers are at the same place.
        case agreement
        /// Every write that was acknowledged is there.
        case nothingLost
        /// Every write that WAIT confirmed is there.
        case confirmedKept
        case keys(NodeName, atLeast: Int)
        /// Replicas were promoted this often.
        case promotions(Int)
    }

    /// `server0` is the first primary; `sentinel0` the first sentinel.
    struct NodeName: Equatable {
        var isSentinel: Bool
        var number: Int
        var text: String { (isSentinel ? "sentinel" : "server") + String(number) }
    }

    var plan = Plan()
    var steps: [Step] = []
}

/// Why a file is no scenario.
package struct ScenarioError: Error, CustomStringConvertible {
    var line: Int
    var reason: String
    package var description: String { "line \(line): \(reason)" }
}

extension Scenario {
    /// Reads a scenario: settings first, then steps in the order of their times.
    init(_ text: String) throws(ScenarioError) {
        plan.faults = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let words = content[0].split(separator: " ").map(String.init)
            guard let first = words.first else { continue }
            let number = index + 1
            guard let seconds = Double(first), seconds >= 0 else {
                try set(words, number)
                continue
            }
            let at = Int64(seconds * 1_000_000)
            if let last = steps.last, last.at > at {
                throw ScenarioError(line: number, reason: "earlier than the line before")
            }
            let rest = Array(words.dropFirst())
            guard let action = Action(rest) else {
                throw ScenarioError(
                    line: number, reason: "unknown step: \(words.joined(separator: " "))")
            }
            try check(action, number)
            steps.append(
                Step(line: number, at: at, text: rest.joined(separator: " "), action: action))
        }
        guard !steps.isEmpty else { throw ScenarioError(line: lines.count, reason: "no steps") }
    }

    private mutating func set(_ words: [String], _ line: Int) throws(ScenarioError) {
        guard words.count == 2, steps.isEmpty, let value = Int(words[1]), value >= 0 else {
            throw ScenarioError(line: line, reason: "neither a setting nor a step with its time")
        }
        switch words[0] {
        case "replicas" where (1...8).contains(value): plan.replicas = value
        case "sentinels" where (1...9).contains(value): plan.sentinels = value
        case "quorum" where value > 0: plan.quorum = value
        case "clients": plan.clients = value
        case "down-after" where value > 0: plan.downAfter = value
        case "failover-timeout" where value > 0: plan.failoverTimeout = value
        case "saves": plan.savesToDisk = value > 0
        case "snapshot-delay": plan.snapshotDelay = value
        case "backlog-ttl": plan.backlogTTL = value
        default: throw ScenarioError(line: line, reason: "no setting '\(words[0]) \(value)'")
        }
    }

    /// Whether every node that the action names exists.
    private func check(_ action: Action, _ line: Int) throws(ScenarioError) {
        for name in action.nodes {
            guard name.number < (name.isSentinel ? plan.sentinels : plan.replicas + 1) else {
                throw ScenarioError(line: line, reason: "there is no \(name.text)")
            }
        }
    }
}

extension Scenario.NodeName {
    init?(_ text: String) {
        for (prefix, isSentinel) in [("server", false), ("sentinel", true)] {
            guard text.hasPrefix(prefix), let number = Int(text.dropFirst(prefix.count)),
                number >= 0
            else { continue }
            self.init(isSentinel: isSentinel, number: number)
            return
        }
        return nil
    }
}

extension Scenario.Action {
    typealias NodeName = Scenario.NodeName

    fileprivate init?(_ words: [String]) {
        let names = words.compactMap { NodeName($0) }
        switch (words.first, names.count, words.count) {
        case ("kill", 1, 2): self = .kill(names[0], withHost: false)
        case ("lose", 1, 2): self = .kill(names[0], withHost: true)
        case ("wipe", 1, 2): self = .wipe(names[0])
        case ("stop", 1, 2): self = .stop(names[0])
        case ("start", 1, 2): self = .start(names[0])
        case ("isolate", 1, 2): self = .isolate(names[0])
        case ("split", 1..., names.count + 1): self = .split(names)
        case ("cut", 2, 4) where words[2] == "to": self = .cut(from: names[0], to: names[1])
        case ("slow", 2, 4) where words[2] == "from": self = .slow(names[0], from: names[1])
        case ("heal", 0, 1): self = .heal
        case ("quiet", 0, 1): self = .quiet
        case ("tell", 1..., 3...): self.init(telling: words)
        case ("expect", _, 2...): self.init(expecting: Array(words.dropFirst()))
        default: self.init(measured: words, names)
        }
    }

    private init?(measured words: [String], _ names: [NodeName]) {
        guard let last = words.last else { return nil }
        let amount = Double(last).map { Int64($0 * 1_000_000) }
        switch (words.first, names.count, words.count, amount) {
        case ("pause", 1, 3, let time?): self = .pause(names[0], time)
        case ("clock", 1, 3, let time?): self = .clock(names[0], by: time)
        case ("delay", 2, 5, let time?) where words[2] == "to":
            self = .delay(from: names[0], to: names[1], by: time)
        case ("disk", 1, 3, nil) where last == "fails" || last == "works":
            self = .disk(names[0], fails: last == "fails")
        default: return nil
        }
    }

    private init?(telling words: [String]) {
        guard let node = NodeName(words[1]) else { return nil }
        let request = words.dropFirst(2)
        guard let arrow = request.firstIndex(of: "->") else {
            self = .tell(node, Array(request), reply: nil)
            return
        }
        let reply = request[(arrow + 1)...].joined(separator: " ")
        self = .tell(node, Array(request[..<arrow]), reply: reply)
    }

    private init?(expecting words: [String]) {
        let isTrue = words[0] != "not"
        let rest = isTrue ? words : Array(words.dropFirst())
        guard let expectation = Scenario.Expectation(rest) else { return nil }
        self = .expect(expectation, isTrue: isTrue)
    }

    fileprivate var nodes: [NodeName] {
        switch self {
        case .kill(let node, _), .wipe(let node), .stop(let node), .start(let node),
            .pause(let node, _),
            .isolate(let node), .disk(let node, _), .clock(let node, _), .tell(let node, _, _):
            [node]
        case .split(let nodes): nodes
        case .cut(let from, let to), .delay(let from, let to, _), .slow(let to, let from):
            [from, to]
        case .expect(let expectation, _): expectation.nodes
        case .heal, .quiet: []
        }
    }
}

extension Scenario.Expectation {
    fileprivate init?(_ words: [String]) {
        let names = words.compactMap { Scenario.NodeName($0) }
        let number = words.last.flatMap { Int($0) }
        switch (words.first, names.count, words.count) {
        case ("primary", 1, 2): self = .primary(names[0])
        case ("writable", 1, 2): self = .writable(names[0])
        case ("running", 1, 2): self = .running(names[0])
        case ("replica", 2, 4) where words[2] == "of": self = .replica(names[0], of: names[1])
        case ("agreement", 0, 1): self = .agreement
        case ("nothing", 0, 2) where words[1] == "lost": self = .nothingLost
        case ("confirmed", 0, 2) where words[1] == "kept": self = .confirmedKept
        case ("keys", 1, 3):
            guard let number else { return nil }
            self = .keys(names[0], atLeast: number)
        case ("promotions", 0, 2):
            guard let number else { return nil }
            self = .promotions(number)
        default: return nil
        }
    }

    fileprivate var nodes: [Scenario.NodeName] {
        switch self {
        case .primary(let node), .writable(let node), .running(let node), .keys(let node, _):
            [node]
        case .replica(let node, let primary): [node, primary]
        case .agreement, .nothingLost, .confirmedKept, .promotions: []
        }
    }
}
