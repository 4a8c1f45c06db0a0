import Digests
import Memory
import RESP

/// One write of a client and what became of it.
struct WriteRecord {
    var key: String
    var version: Int
    var acknowledgedAt: Int64?
    /// WAIT said that at least one replica has it.
    var isConfirmed = false
}

/// A client that follows the sentinels: it asks one for the primary, writes there, one request at
/// a time, and asks again when anything goes wrong.
///
/// Its own keys hold versions that only grow, so what was lost can be read off the final state.
/// Between them it runs commands on keys shared by all clients, to stir the keyspace.
final class ClientNode: Node {
    enum Phase: Equatable {
        case idle
        case asking(Int)
        case dialling
        case working
    }
    let index: Int
    let address: String
    let port = 0
    var isRunning: Bool { true }

    let sentinels: [(host: String, port: Int)]
    let group: String
    /// Its keys, and most of what it stirs, are in this database.
    let database: Int
    let keyCount: Int
    let usesWait: Bool
    /// Pause between requests, microseconds.
    let thinkTime: Int64
    var isStopped = false

    private(set) var phase = Phase.idle
    private var connection: Connection?
    private var parser = ReplyParser()
    private var input = ByteBuffer(heap: Heap())
    private var expected = 0
    private var current: WriteRecord?
    private var nextVersion = 1
    private var token = 0
    private var deadline: Int64 = 0
    private(set) var acknowledged: [String: Int] = [:]
    private(set) var confirmed: [String: Int] = [:]
    /// Own writes that were acknowledged, and all requests answered.
    private(set) var operations = 0
    private(set) var requests = 0
    private(set) var errors = 0
    private(set) var lastAcknowledgedAt: Int64 = 0
    private(set) var longestGap: Int64 = 0

    init(
        index: Int, sentinels: [(host: String, port: Int)], group: String, usesWait: Bool,
        database: Int, keyCount: Int, thinkTime: Int64
    ) {
        self.index = index
        address = "10.0.9.\(index)"
        self.sentinels = sentinels
        self.group = group
        self.usesWait = usesWait
        self.database = database
        self.keyCount = keyCount
        self.thinkTime = thinkTime
    }

    func start(in world: World) { retry(in: world, after: Int64(world.random.below(100_000))) }

    private func retry(in world: World, after delay: Int64) {
        if let connection { world.close(connection, from: index) }
        connection = nil
        phase = .idle
        guard !isStopped else { return }
        token += 1
        let token = token
        world.after(delay) { [self] in
            guard token == self.token, phase == .idle, !isStopped else { return }
            ask(in: world)
        }
    }

    private func ask(in world: World) {
        let sentinel = sentinels[world.random.below(sentinels.count)]
        token += 1
        phase = .asking(token)
        arm(in: world, 500_000)
        world.dial(from: index, token: token, host: sentinel.host, port: sentinel.port)
    }

    /// Starts over unless something arrives in time.
    private func arm(in world: World, _ delay: Int64) {
        deadline = world.now + delay
        let deadline = deadline
        world.after(delay) { [self] in
            if deadline == self.deadline, phase != .idle { fail(in: world) }
        }
    }

    private func fail(in world: World) {
        errors += 1
        current = nil
        retry(in: world, after: 20_000 + Int64(world.random.below(80_000)))
    }

    func accepted(_ connection: Connection, in world: World) {}
    func drained(_ connection: Connection, in world: World) {}
    func wake(in world: World) {}
    func diskDone(_ completion: DiskCompletion, in world: World) {}

    func dialled(_ connection: Connection?, token: Int, in world: World) {
        guard token == self.token, phase != .idle else {
            if let connection { world.close(connection, from: index) }
            return
        }
        guard let connection else { return fail(in: world) }
        self.connection = connection
        parser = ReplyParser()
        input.removeAll()
        if case .asking = phase {
            send([["SENTINEL", "get-master-addr-by-name", group]], in: world)
        } else {
            phase = .working
            send([["SELECT", String(database)], ["ROLE"]], in: world)
        }
    }

    private func send(_ requests: [[String]], in world: World) {
        guard let connection else { return }
        var buffer = ByteBuffer(heap: Heap())
        for request in requests { RequestWriter.append(request, to: &buffer) }
        expected = requests.count
        arm(in: world, 2_000_000)
        world.send(buffer.readable.bytes, on: connection, from: index)
    }

    func closed(_ connection: Connection, in world: World) {
        guard connection === self.connection else { return }
        self.connection = nil
        fail(in: world)
    }

    func received(_ bytes: [UInt8], on connection: Connection, in world: World) {
        guard connection === self.connection else { return }
        input.append(bytes)
        while true {
            switch parser.next(input.readable, at: 0) {
            case .incomplete: return
            case .failure: return fail(in: world)
            case .value(let value, let end):
                input.consume(end)
                handle(value, in: world)
                if self.connection !== connection { return }
            }
        }
    }

    private func handle(_ value: RESPValue, in world: World) {
        if case .asking = phase { return resolved(value, in: world) }
        guard phase == .working else { return }
        if value.isError { return fail(in: world) }
        if let role = value.elements?.first?.string, current == nil, role == "slave" {
            return fail(in: world)
        }
        expected -= 1
        requests += 1
        if let record = current, expected == (usesWait ? 1 : 0) {
            acknowledged[record.key] = record.version
            operations += 1
            if lastAcknowledgedAt > 0 {
                longestGap = max(longestGap, world.now - lastAcknowledgedAt)
            }
            lastAcknowledgedAt = world.now
        } else if let record = current, usesWait, expected == 0, case .integer(let count) = value,
            count >= 1
        {
            confirmed[record.key] = record.version
        }
        if expected == 0 { proceed(in: world) }
    }

    private func resolved(_ value: RESPValue, in world: World) {
        if let connection { world.close(connection, from: index) }
        connection = nil
        guard let parts = value.elements, parts.count == 2, let host = parts[0].string,
            let port = parts[1].string.flatMap({ Int($0) })
        else { return fail(in: world) }
        phase = .dialling
        token += 1
        arm(in: world, 500_000)
        world.dial(from: index, token: token, host: host, port: port)
    }

    /// Sends the next request after a short pause.
    private func proceed(in world: World) {
        current = nil
        let pause = thinkTime / 2 + Int64(world.random.below(Int(thinkTime)))
        token += 1
        let token = token
        deadline = .max
        world.after(pause) { [self] in
            guard token == self.token, phase == .working else { return }
            if isStopped { return retry(in: world, after: 0) }
            switch world.random.below(12) {
            case 0...3: stir(in: world)
            case 4: writePair(in: world)
            default: write(in: world)
            }
        }
    }

    private func write(in world: World) {
        let key = "c\(index):\(world.random.below(keyCount))"
        let record = WriteRecord(key: key, version: nextVersion)
        nextVersion += 1
        current = record
        var requests = [["SET", key, String(record.version)]]
        if usesWait { requests.append(["WAIT", "1", "500"]) }
        send(requests, in: world)
    }

    /// Two keys that have the same value whenever anybody looks.
    var pair: (String, String) { ("p\(index):a", "p\(index):b") }

    private func writePair(in world: World) {
        let value = String(nextVersion)
        nextVersion += 1
        send(
            [["MULTI"], ["SET", pair.0, value], ["SET", pair.1, value], ["EXEC"]], in: world)
    }

    /// A request on shared keys; its effect is only compared between nodes.
    private func stir(in world: World) {
        let key = "s\(world.random.below(40))"
        let number = String(world.random.below(1_000_000))
        switch world.random.below(9) {
        case 0: send([["APPEND", key, number]], in: world)
        case 1: send([["DEL", key]], in: world)
        case 2:
            let life = String(200 + world.random.below(5000))
            send([["SET", key, number, "PX", life]], in: world)
        case 3: send([["MULTI"], ["SET", key, number], ["INCR", "n\(key)"], ["EXEC"]], in: world)
        case 4:
            let own = String(database)
            send([["SELECT", "3"], ["SET", key, number], ["SELECT", own]], in: world)
        case 5: send([["INCRBYFLOAT", "f\(key)", "0.1"]], in: world)
        case 6: send([["SETRANGE", key, String(world.random.below(300)), number]], in: world)
        case 7:
            let longest = world.random.below(4) == 0 ? 9000 : 900
            let long = String(repeating: number, count: 1 + world.random.below(longest))
            send([["SET", key, long]], in: world)
        default: send([["GET", key]], in: world)
        }
    }
}
