import Configuration
import Memory
import RESP
import Sessions

/// What clients hold together, for `maxmemory-clients`. Clients that must not be closed
/// (replicas, links, CLIENT NO-EVICT) are not counted.
struct ClientMemory {
    /// Whether there is a limit at all.
    var isCounted = false
    /// Whether the output of an ordinary client has a limit of its own.
    var limitsOutput = false
    /// The sum of what sessions count.
    var total = 0
    /// Sessions that had input or output in this turn, by id.
    var touched: [Int] = []
}

extension DataEngine {
    /// The least limit that is put into effect, so that a bad setting does not lock everybody out.
    private static var leastClientLimit: Int { 128 << 10 }

    /// Bytes that clients may hold; 0 for no limit.
    private var clientLimit: Int {
        let wanted = settings.maxmemoryClients
        if wanted == 0 || wanted < 0 && settings.maxmemory == 0 { return 0 }
        let bytes =
            wanted > 0
            ? wanted
            : settings.maxmemory / 100 * -wanted + settings.maxmemory % 100 * -wanted / 100
        return max(bytes, DataEngine.leastClientLimit)
    }

    /// Takes over what settings say about clients' memory.
    mutating func applyClientLimit() {
        let normal = settings.frontend.outputLimits[ClientClass.normal.rawValue]
        clientMemory.limitsOutput = normal.hardBytes > 0 || normal.softBytes > 0
        let isCounted = clientLimit > 0
        guard isCounted != clientMemory.isCounted else { return }
        clientMemory.isCounted = isCounted
        frontend.countsOutput = isCounted
        if isCounted { gates.insert(.clientLimit) } else { gates.remove(.clientLimit) }
        clientMemory.touched = []
        recountClients()
    }

    private func mayEvict(_ slot: Slot<Session>) -> Bool {
        slot.value.role == .client
            && slot.value.flags.isDisjoint(with: [.closing, .noEvict, .primaryStream])
    }

    /// Brings what a session counts up to date.
    mutating func count(_ slot: Slot<Session>) {
        let size = clientMemory.isCounted && mayEvict(slot) ? frontend.memory(of: slot) : 0
        clientMemory.total += size - slot.value.countedMemory
        slot.value.countedMemory = size
    }

    private mutating func recountClients() {
        for slot in frontend.sessions.values { count(slot) }
    }

    /// Sessions got input. Who holds too much is closed before the input is executed.
    @inline(never)
    mutating func countClients() {
        frontend.quietUntil = 0
        guard clientMemory.isCounted else { return }
        for slot in frontend.queuedSessions {
            count(slot)
            clientMemory.touched.append(slot.value.id)
        }
        evictClients()
    }

    /// Looks at the outputs of this turn before they are written: a client over the limit of its
    /// own must not make others go.
    mutating func enforceOutputLimits() {
        for index in 0..<frontend.flushList.count {
            let slot = frontend.flushList[index]
            if clientMemory.isCounted { clientMemory.touched.append(slot.value.id) }
            guard slot.value.role == .client else { continue }
            frontend.enforceOutputLimit(slot)
            // Nothing of too long an output is sent.
            if slot.value.flags.contains(.closing) { slot.value.reply.buffer.removeAll() }
        }
    }

    /// After a command: its output may be what others have to go for.
    mutating func countAfterCommand(_ slot: Slot<Session>) {
        if slot.value.role == .client { frontend.enforceOutputLimit(slot) }
        count(slot)
    }

    /// At the end of a turn: counts the sessions that had a part in it, and closes the biggest
    /// until the others are within the limit.
    mutating func recountTouchedClients() {
        for id in clientMemory.touched {
            if let slot = frontend.sessions[id] { count(slot) }
        }
        clientMemory.touched.removeAll(keepingCapacity: true)
        evictClients()
    }

    mutating func evictClients() {
        let limit = clientLimit
        guard limit > 0, clientMemory.total > limit else { return }
        // Sessions whose output went out meanwhile count less than they did.
        recountClients()
        guard clientMemory.total > limit else { return }
        let candidates = frontend.sessions.values.filter { $0.value.countedMemory > 0 }.sorted {
            let (left, right) = ($0.value.countedMemory, $1.value.countedMemory)
            return left == right ? $0.value.id < $1.value.id : left > right
        }
        for slot in candidates {
            if clientMemory.total <= limit { return }
            frontend.log(.notice, "Evicting client: \(frontend.describe(slot))")
            frontend.close(slot)
            // What it will not be sent any more makes room at once; its input may be in use.
            slot.value.reply.buffer.removeAll()
            slot.value.reply.buffer.releaseIfEmpty()
            discardTransaction(slot)
            count(slot)
            statistics.evictedClients += 1
        }
    }
}
