import RESP
import Sessions

/// A file of ours that is written as a whole: what waits for the next write, and what for the
/// one under way. At most one write is under way, so a slow disk makes writes rarer, not more.
struct SavedFile: Equatable, Sendable {
    /// What happens when a write is done.
    enum Waiter: Equatable, Sendable {
        case vote(session: Int, group: String, Vote)
        case candidacy(group: String, epoch: UInt64)
        case reply(session: Int, RESPValue)
    }

    /// Whether memory has something that the file has not.
    var isDirty = false
    var token: Int?
    var inFlight: [Waiter] = []
    var waiting: [Waiter] = []
    /// The votes that the write under way holds.
    var votes: [String: Vote] = [:]
    /// After a failure: when to try again if nobody asks before.
    var retryAt: Int64?

    /// More waiters than this are refused.
    static let waiterLimit = 1024

    var deadline: Int64 { token == nil && isDirty ? retryAt ?? .min : .max }

    /// Whether a write is to be started now.
    func isDue(_ now: Int64) -> Bool {
        guard token == nil else { return false }
        return !waiting.isEmpty || (isDirty && now >= retryAt ?? .min)
    }

    mutating func begin(_ token: Int) {
        self.token = token
        isDirty = false
        retryAt = nil
        inFlight = waiting
        waiting = []
    }

    /// Ends the write; the waiters it had.
    mutating func end() -> [Waiter] {
        token = nil
        defer { inFlight = [] }
        return inFlight
    }
}

extension SentinelState {
    /// Starts the writes that are due.
    mutating func saveFiles() {
        if stateFile.isDue(now) {
            let token = takeToken()
            stateFile.begin(token)
            stateFile.votes = Dictionary(
                groups.map { ($0.name, $0.vote) }, uniquingKeysWith: { first, _ in first })
            actions.append(.persist(token, stateText))
        }
        if configurationFile.isDue(now) {
            let token = takeToken()
            configurationFile.begin(token)
            actions.append(.rewriteConfiguration(token, snapshot.lines))
        }
    }

    private mutating func takeToken() -> Int {
        defer { nextToken += 1 }
        return nextToken
    }

    mutating func fileSaved(_ token: Int) {
        if token == stateFile.token {
            let waiters = stateFile.end()
            noteSavedVotes()
            for waiter in waiters { saved(waiter) }
        } else if token == configurationFile.token {
            for waiter in configurationFile.end() { saved(waiter) }
        }
    }

    private mutating func noteSavedVotes() {
        for group in groups.indices {
            guard let vote = stateFile.votes[groups[group].name],
                vote != groups[group].savedVote
            else { continue }
            let isNew = vote.epoch > groups[group].savedVote.epoch
            groups[group].savedVote = vote
            if isNew, let leader = vote.leader {
                event(.warning, .voteForLeader, group: group, text: "\(leader) \(vote.epoch)")
            }
        }
    }

    private mutating func saved(_ waiter: SavedFile.Waiter) {
        switch waiter {
        case .vote(let session, let group, _): voteSaved(session, group)
        case .candidacy(let group, let epoch): candidacySaved(group, epoch)
        case .reply(let session, let value): reply(session, value)
        }
    }

    mutating func fileFailed(_ token: Int, _ reason: String) {
        var waiters: [SavedFile.Waiter] = []
        let retry = now + microseconds(Timing.saveRetryDelay)
        if token == stateFile.token {
            waiters = stateFile.end()
            stateFile.isDirty = true
            stateFile.retryAt = retry
        } else if token == configurationFile.token {
            waiters = configurationFile.end()
            configurationFile.isDirty = true
            configurationFile.retryAt = retry
        } else {
            return
        }
        actions.append(
            .log(
                .warning,
                "WARNING: Sentinel was not able to save the new configuration on disk!!!: "
                    + reason))
        for waiter in waiters { failed(waiter, reason) }
    }

    private mutating func failed(_ waiter: SavedFile.Waiter, _ reason: String) {
        switch waiter {
        case .vote(let session, let group, let vote): voteRefused(session, group, vote, reason)
        case .candidacy(let group, let epoch): candidacyRefused(group, epoch, reason)
        case .reply(let session, _):
            reply(session, .error("ERR Failed to save config file. Check server logs."))
        }
    }

    /// Replies when the configuration file holds what the command changed.
    mutating func replyWhenSaved(_ session: Int, _ value: RESPValue = .simple("OK")) {
        changed()
        configurationFile.waiting.append(.reply(session: session, value))
    }
}
