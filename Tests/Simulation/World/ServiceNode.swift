import Digests
import Memory
import Sessions

/// The host of a service in the simulator: the same duties as the real host, on virtual time,
/// network and disk.
final class ServiceNode<S: Service & ~Copyable>: Node {
    let index: Int
    let address: String
    let port: Int
    var disk = Disk()
    /// Makes the process anew from what the disk holds.
    let boot: (ServiceNode<S>, World) -> Slot<S>
    private(set) var service: Slot<S>?
    private var sessions: [Int: Slot<Session>] = [:]
    private var ready: [Slot<Session>] = []
    private var dialling: Set<Int> = []
    /// Wall clock minus virtual time, microseconds.
    var wallOffset: Int64 = 1_700_000_000_000_000
    private var nextWake: Int64 = .max
    private var reads: [Int: (bytes: [UInt8], position: Int)] = [:]
    private(set) var exitStatus: Int32?
    /// Ends the process while its next write is under way; nil when it is to go on.
    var diesAtWrite: (() -> Void)?
    /// Called once when the process has stopped by itself.
    var whenStopped: () -> Void = {}
    /// Called at the end of every turn.
    var afterTurn: () -> Void = {}
    /// Log lines of all lives.
    var log: (LogLevel, String) -> Void = { _, _ in }

    var isRunning: Bool { service != nil }

    init(
        index: Int, address: String, port: Int,
        boot: @escaping (ServiceNode<S>, World) -> Slot<S>
    ) {
        self.index = index
        self.address = address
        self.port = port
        self.boot = boot
    }

    /// Starts the process.
    func start(in world: World) {
        guard service == nil else { return }
        exitStatus = nil
        world.lives[index] += 1
        service = boot(self, world)
        turn(in: world)
    }

    /// Kills the process. `silently`: the host died with it, so nobody is told.
    func kill(silently: Bool, in world: World) {
        guard let service else { return }
        disk.crash(&world.random)
        forget(service)
        world.processDied(index, silently: silently)
    }

    /// Asks the process to end in order (SIGTERM).
    func requestStop(in world: World) {
        guard let service else { return }
        begin(world)
        service.value.handle(.stopRequested(signal: 15))
        turn(in: world)
    }

    private func forget(_ service: Slot<S>) {
        self.service = nil
        sessions = [:]
        ready = []
        dialling = []
        reads = [:]
        nextWake = .max
        service.free()
    }

    // MARK: Network

    func accepted(_ connection: Connection, in world: World) {
        guard let service else { return }
        let slot = service.value.frontend.open(
            connection: connection.id, peer: connection.peer, local: "\(address):\(port)")
        sessions[connection.id] = slot
    }

    func dialled(_ connection: Connection?, token: Int, in world: World) {
        guard let service, dialling.remove(token) != nil else {
            if let connection { world.close(connection, from: index) }
            return
        }
        if let connection {
            let slot = service.value.frontend.open(
                role: .link(token), connection: connection.id, peer: "", local: address)
            sessions[connection.id] = slot
            service.value.handle(.linkOpened(link: token, session: slot, localAddress: address))
        } else {
            service.value.handle(.linkFailed(link: token, reason: "Connection refused"))
        }
        turn(in: world)
    }

    func received(_ bytes: [UInt8], on connection: Connection, in world: World) {
        guard let slot = sessions[connection.id] else { return }
        slot.value.input.append(bytes)
        slot.value.bytesIn += bytes.count
        ready.append(slot)
        turn(in: world)
    }

    func closed(_ connection: Connection, in world: World) {
        guard let service, let slot = sessions.removeValue(forKey: connection.id) else { return }
        ready.removeAll { $0 == slot }
        begin(world)
        service.value.disconnected(slot)
        turn(in: world)
    }

    func drained(_ connection: Connection, in world: World) {
        guard let slot = sessions[connection.id] else { return }
        flush(slot, connection.id, in: world)
    }

    func wake(in world: World) {
        guard world.now >= nextWake else { return }
        nextWake = .max
        turn(in: world)
    }

    // MARK: The turn

    private func begin(_ world: World) {
        service?.value.beginTurn(
            TurnTime(monotonic: world.now + 1_000_000, wall: world.now + wallOffset))
    }

    func turn(in world: World) {
        guard let service else { return }
        begin(world)
        let batch = ready
        ready = []
        service.value.process(batch)
        let deadline = service.value.tick() - 1_000_000
        requests(in: world)
        guard self.service == service else { return }
        for slot in service.value.frontend.takeFlushList() {
            flush(slot, slot.value.connection, in: world)
        }
        for slot in service.value.frontend.closeList { drop(slot, in: world) }
        service.value.frontend.closeList = []
        let next = service.value.hasPendingWork ? world.now + 10 : max(deadline, world.now + 100)
        if next < nextWake {
            nextWake = next
            world.schedule(
                .wake(node: index, life: world.lives[index], serial: 0), after: next - world.now)
        }
        afterTurn()
    }

    private func flush(_ slot: Slot<Session>, _ id: Int, in world: World) {
        guard let service, let connection = world.connections[id] else { return }
        while true {
            let view = service.value.nextOutput(slot)
            let count = min(view.count, world.room(connection, from: index), 16 * 1024)
            if view.isEmpty { break }
            guard count > 0 else { return }
            world.send(view[0..<count].bytes, on: connection, from: index)
            service.value.outputSent(slot, count)
        }
        if slot.value.flags.contains(.closeAfterReply) { drop(slot, in: world) }
    }

    private func drop(_ slot: Slot<Session>, in world: World) {
        let id = slot.value.connection
        guard sessions.removeValue(forKey: id) != nil else { return }
        ready.removeAll { $0 == slot }
        if let connection = world.connections[id] { world.close(connection, from: index) }
        service?.value.disconnected(slot)
    }

    // MARK: Requests

    private func requests(in world: World) {
        while let service, let request = service.value.nextRequest() {
            perform(request, in: world)
        }
    }

    private func perform(_ request: HostRequest, in world: World) {
        switch request {
        case .connect(let link, let host, let port, _):
            dialling.insert(link)
            world.dial(from: index, token: link, host: host, port: port)
        case .cancelConnect(let link): dialling.remove(link)
        case .log(let level, let text):
            world.note("\(address) \(text)")
            log(level, text)
        case .stop(let status):
            exitStatus = status
            if let service { forget(service) }
            disk.crash(&world.random)
            world.processDied(index, silently: false)
            whenStopped()
            whenStopped = {}
        case .crash:
            kill(silently: false, in: world)
        case .applySettings, .reopenLog, .status, .ready, .extendTimeout, .sleep, .run:
            break
        default:
            performOnDisk(request, in: world)
        }
    }

    private func performOnDisk(_ request: HostRequest, in world: World) {
        switch request {
        case .replaceFile(let id, let path, let bytes):
            disk.beginReplace(id, path, bytes)
            finish(id, .replaced, "write", in: world)
        case .createFile(let id, let path):
            disk.create(id, path)
        case .appendFile(let id, let bytes):
            let size = disk.append(id, bytes)
            finish(id, .progressed(size), "write", in: world)
        case .commitFile(let id, let path):
            finish(id, .committed(path), "fsync", in: world)
        case .abandonFile(let id): disk.abandon(id)
        case .removeFile(let path): disk.remove(path)
        case .readFile(let id, let path):
            guard let bytes = disk.files[path] else {
                let gone = DiskCompletion.Kind.failed(
                    operation: "open", errno: 2, reason: "No such file or directory")
                return complete(id, gone, in: world)
            }
            reads[id] = (bytes, 0)
            readMore(id, in: world)
        case .readMore(let id): readMore(id, in: world)
        default: break
        }
    }

    private func readMore(_ id: Int, in world: World) {
        guard let (bytes, position) = reads[id] else { return }
        let end = min(position + 4096, bytes.count)
        reads[id] = end == bytes.count ? nil : (bytes, end)
        complete(
            id, .read(Array(bytes[position..<end]), isLast: end == bytes.count), in: world)
    }

    private func finish(
        _ id: Int, _ kind: DiskCompletion.Kind, _ operation: String, in world: World
    ) {
        if let end = diesAtWrite {
            diesAtWrite = nil
            world.after(Int64(world.random.below(2000)), end)
        }
        if let (errno, reason) = disk.failure(at: world.now) {
            disk.cancelReplace(id)
            complete(
                id, .failed(operation: operation, errno: errno, reason: reason), in: world)
        } else {
            complete(id, kind, in: world)
        }
    }

    private func complete(_ id: Int, _ kind: DiskCompletion.Kind, in world: World) {
        world.schedule(
            .disk(node: index, life: world.lives[index], DiskCompletion(id: id, kind: kind)),
            after: disk.latency(at: world.now, &world.random))
    }

    func diskDone(_ completion: DiskCompletion, in world: World) {
        guard let service else { return }
        begin(world)
        let id = completion.id
        switch completion.kind {
        case .replaced:
            disk.finishReplace(id)
            service.value.handle(.fileDone(id: id))
        case .progressed(let size):
            service.value.handle(.fileProgress(id: id, written: size))
        case .committed(let path):
            disk.commit(id, path)
            service.value.handle(.fileDone(id: id))
        case .read(let bytes, let isLast):
            service.value.handle(.fileBytes(id: id, bytes: bytes, isLast: isLast))
        case .failed(let operation, let errno, let reason):
            service.value.handle(
                .fileFailed(id: id, operation: operation, errno: errno, reason: reason))
        }
        turn(in: world)
    }
}
