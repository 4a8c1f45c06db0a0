import RESP
import Sessions

/// A script that is to run or runs.
package struct ScriptJob: Equatable, Sendable {
    var path: String
    var arguments: [String]
    /// Its number while it runs.
    package var running: Int?
    /// When it was started, or may be.
    var at: Int64
    var tries = 0
}

/// Scripts of the operator, in the order in which they were asked for.
package struct ScriptQueue: Equatable, Sendable {
    package internal(set) var jobs: [ScriptJob] = []
    var nextID = 1

    /// The oldest waiting job makes room when there are more.
    static let limit = 256
    static let parallelLimit = 16
    static let retryLimit = 10

    package var runningCount: Int { jobs.count { $0.running != nil } }

    var deadline: Int64 {
        guard runningCount < Self.parallelLimit else { return .max }
        return jobs.lazy.filter { $0.running == nil }.map(\.at).min() ?? .max
    }
}

extension SentinelState {
    mutating func schedule(_ path: String, _ arguments: [String]) {
        scripts.jobs.append(ScriptJob(path: path, arguments: arguments, at: now))
        guard scripts.jobs.count > ScriptQueue.limit else { return }
        if let oldest = scripts.jobs.firstIndex(where: { $0.running == nil }) {
            scripts.jobs.remove(at: oldest)
        }
    }

    /// `name leader|observer start old-ip old-port new-ip new-port`
    mutating func runReconfigurationScript(
        _ group: Int, role: String, from old: Address, to new: Address
    ) {
        guard let path = groups[group].settings.clientReconfigurationScript else { return }
        let (old, new) = (announced(old), announced(new))
        schedule(
            path,
            [
                groups[group].name, role, "start", old.host, String(old.port), new.host,
                String(new.port),
            ])
    }

    /// Starts what is due and has room.
    mutating func runScripts() {
        for index in scripts.jobs.indices {
            guard scripts.runningCount < ScriptQueue.parallelLimit else { return }
            guard scripts.jobs[index].running == nil, scripts.jobs[index].at <= now else {
                continue
            }
            let id = scripts.nextID
            scripts.nextID += 1
            scripts.jobs[index].running = id
            scripts.jobs[index].at = now
            scripts.jobs[index].tries += 1
            let job = scripts.jobs[index]
            actions.append(
                .runScript(
                    id, path: job.path, arguments: job.arguments,
                    limitMicroseconds: microseconds(timing.scriptMaximumRuntime)))
        }
    }

    /// A script that was killed or asks for it with exit code 1 is run again later; any other
    /// code but 0 is reported.
    mutating func scriptExited(_ id: Int, _ status: Int32, _ signal: Int32) {
        guard let index = scripts.jobs.firstIndex(where: { $0.running == id }) else { return }
        let job = scripts.jobs[index]
        let hasTimedOut = signal != 0 && now - job.at >= microseconds(timing.scriptMaximumRuntime)
        if hasTimedOut {
            event(.warning, .scriptTimeout, group: nil, text: "\(job.path) \(id)")
        }
        if (signal != 0 || status == 1) && job.tries <= ScriptQueue.retryLimit {
            scripts.jobs[index].running = nil
            let delay = microseconds(timing.scriptRetryDelay) << Int64(min(job.tries - 1, 12))
            scripts.jobs[index].at = now + delay
            return
        }
        scripts.jobs.remove(at: index)
        if signal != 0 || status != 0 {
            event(.warning, .scriptError, group: nil, text: "\(job.path) \(signal) \(status)")
        }
    }
}
