import Memory
import Platform
import Reactor
import Sessions

/// Listeners and the connections that arrive at them.
extension ServiceHost where Served: ~Copyable {
    /// Connections taken from one listener in one turn.
    private static var acceptsPerTurn: Int { 128 }

    /// Listens on what the settings say, or on the sockets that were handed over.
    mutating func openListeners() throws(HostError) {
        var notes: [String] = []
        var wanted = settings
        for descriptor in inherited {
            guard let address = Sockets.localAddress(of: descriptor) else { continue }
            // A handed-over socket replaces our own of its kind.
            if address.isUnix { wanted.unixSocket = "" } else { wanted.port = 0 }
            try add(Listener(descriptor: descriptor, address: address))
        }
        do throws(HostError) {
            let opened = try Listeners.open(wanted, notes: &notes)
            for note in notes { log.write(.warning, note) }
            for listener in opened { try add(listener) }
        } catch {
            for note in notes { log.write(.warning, note) }
            throw error
        }
    }

    private mutating func add(_ listener: Listener) throws(HostError) {
        do throws(SystemError) {
            try listener.descriptor.setNonblocking()
            let token = try loop.add(
                listener.descriptor, user: Owner.listener(listeners.count).user)
            listeners.append((listener, token))
        } catch {
            throw HostError("Cannot listen on \(listener.address): \(error)")
        }
    }

    mutating func closeListeners() {
        for (listener, token) in listeners {
            loop.close(token)
            let isOurs = listener.address.host == settings.unixSocket
            if listener.address.isUnix, isOurs { try? Files.remove(settings.unixSocket) }
        }
        listeners = []
        inherited = []
        listenersRestUntil = 0
    }

    /// Listens on other addresses from now on; on an error the old ones stay.
    mutating func replaceListeners(_ new: HostSettings) throws(HostError) {
        var notes: [String] = []
        // What both have in common must be closed before it can be opened again.
        let old = settings
        closeListeners()
        settings = new
        do throws(HostError) {
            for listener in try Listeners.open(new, notes: &notes) { try add(listener) }
            for note in notes { log.write(.warning, note) }
        } catch {
            for note in notes { log.write(.warning, note) }
            closeListeners()
            settings = old
            try openListeners()
            throw error
        }
    }

    mutating func accept(at index: Int) {
        guard index < listeners.count else { return }
        let listener = listeners[index].listener
        for _ in 0..<Self.acceptsPerTurn {
            do throws(SystemError) {
                guard let found = try Sockets.accept(listener.descriptor) else { return }
                welcome(found.socket, found.peer, at: listener)
                cannotAccept = false
            } catch {
                // Once, until it works again: it is tried ten times in a second.
                if !cannotAccept || !error.isOutOfDescriptors {
                    log.write(.warning, "Accepting client connection: \(error)")
                }
                cannotAccept = error.isOutOfDescriptors
                if error.isOutOfDescriptors { restListeners() }
                return
            }
        }
    }

    private mutating func welcome(
        _ socket: Descriptor, _ peer: SocketAddress, at listener: Listener
    ) {
        let isUnix = listener.address.isUnix
        let outside = !isUnix && !peer.isLoopback
        if let refusal = frontend.value.refusal(fromOutside: outside) {
            // The socket is new and takes one short text at once, or the client never hears why.
            try? socket.writeAll(Array(refusal.utf8))
            socket.close()
            return
        }
        if !isUnix {
            Sockets.setNoDelay(socket)
            Sockets.setKeepAlive(socket, seconds: settings.keepAlive)
        }
        let local = isUnix ? listener.address : Sockets.localAddress(of: socket)
        let near = local.map { $0.description } ?? ""
        let name = isUnix ? near : peer.description
        _ = open(socket, role: .client, peer: name, local: near, isUnixSocket: isUnix)
        if log.level <= .verbose { log.write(.verbose, "Accepted \(name)") }
    }

    /// Makes a connected socket a session; nil, and the socket closed, if the loop cannot take
    /// it.
    mutating func open(
        _ socket: Descriptor, role: SessionRole, peer: String, local: String,
        isUnixSocket: Bool = false
    ) -> Slot<Session>? {
        do throws(SystemError) {
            let token = try loop.add(socket, user: 0)
            let session = frontend.value.open(
                role: role, connection: token.connection, peer: peer, local: local,
                isUnixSocket: isUnixSocket)
            loop.setUser(token, Owner.session(session).user)
            return session
        } catch {
            log.write(.warning, "Error registering a connection: \(error)")
            socket.close()
            return nil
        }
    }

    /// Lets connections wait in the kernel for a while: with no descriptor left they would keep the
    /// loop busy, and before the service is ready it has nothing for them.
    mutating func restListeners() {
        for (_, token) in listeners { loop.watchReads(token, false) }
        listenersRestUntil = now + 100_000
        wake(at: listenersRestUntil)
    }

    mutating func wakeListeners() {
        listenersRestUntil = 0
        for (_, token) in listeners { loop.watchReads(token, true) }
    }
}
