import Configuration
import Memory
import RESP

extension Frontend {
    /// Opens a session for a connection. The host checks `maxclients` with `refusal` first.
    package mutating func open(
        role: SessionRole = .client, connection: Int, peer: String, local: String,
        isUnixSocket: Bool = false
    ) -> Slot<Session> {
        let slot = Slot(Session(id: nextSessionID, heap: heap))
        nextSessionID += 1
        slot.value.role = role
        slot.value.connection = connection
        slot.value.peer = peer
        slot.value.local = local
        slot.value.createdAt = time.monotonic
        slot.value.lastInteraction = time.monotonic
        if isUnixSocket { slot.value.flags.insert(.unixSocket) }
        makeStandard(slot)
        sessions[slot.value.id] = slot
        if role == .client { statistics.connectionsReceived += 1 }
        statistics.peakClients = max(statistics.peakClients, sessions.count)
        return slot
    }

    /// Why a new client must be refused, as the error line to send before closing; nil if it may
    /// come in. `fromOutside` says that the peer is not on a loopback address or unix socket.
    package mutating func refusal(fromOutside: Bool) -> String? {
        if sessions.count >= settings.maxClients {
            statistics.connectionsRejected += 1
            return "-ERR max number of clients reached\r\n"
        }
        if fromOutside, settings.protectedMode, acl.standard.needsNoPassword {
            statistics.connectionsRejected += 1
            return protectedModeRefusal
        }
        return nil
    }

    private var protectedModeRefusal: String {
        """
        -DENIED Redis is running in protected mode because protected mode is enabled and no \
        password is set for the default user. In this mode connections are only accepted from \
        the loopback interface. If you want to connect from external computers to Redis you may \
        adopt one of the following solutions: 1) Just disable protected mode sending the command \
        'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from \
        the same host the server is running, however MAKE SURE Redis is not publicly accessible \
        from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) \
        Alternatively you can just disable the protected mode by editing the Redis configuration \
        file, and setting the protected mode option to 'no', and then restarting the server. 3) \
        If you started the server manually just for testing, restart it with the \
        '--protected-mode no' option. 4) Setup a an authentication password for the default \
        user. NOTE: You only need to do one of the above things in order for the server to start \
        accepting connections from the outside.\r\n
        """
    }

    /// Forgets a session whose connection is closed. The slot is gone afterwards.
    package mutating func drop(_ slot: Slot<Session>) {
        pubsub.removeAll(of: slot)
        queue.remove(slot)
        flushList.removeAll { $0 == slot }
        closeList.removeAll { $0 == slot }
        sessions[slot.value.id] = nil
        slot.free()
    }

    /// Asks the host to close the session: at once, or when its replies are written.
    package mutating func close(_ slot: Slot<Session>, afterReply: Bool = false) {
        if afterReply {
            slot.value.flags.insert(.closeAfterReply)
            noteOutput(slot)
        } else if !slot.value.flags.contains(.closing) {
            slot.value.flags.insert(.closing)
            closeList.append(slot)
        }
    }

    /// Puts the session on the list of those to flush.
    @inlinable @inline(__always)
    package mutating func noteOutput(_ slot: Slot<Session>) {
        if !slot.value.flags.contains(.flushing) {
            slot.value.flags.insert(.flushing)
            flushList.append(slot)
        }
    }

    /// The sessions to flush, each of which leaves the list by `beginFlush`; it starts anew.
    @inlinable @inline(__always)
    package mutating func takeFlushList(into list: inout FlatList<Slot<Session>>) {
        list.removeAll()
        swap(&list, &flushList)
    }

    /// Output of the session from now on puts it on the list again.
    @inlinable @inline(__always)
    package func beginFlush(_ slot: Slot<Session>) { slot.value.flags.remove(.flushing) }

    /// The same as an array, for hosts that need not be fast.
    package mutating func takeFlushList() -> [Slot<Session>] {
        var list = FlatList<Slot<Session>>()
        takeFlushList(into: &list)
        for slot in list.array { beginFlush(slot) }
        return list.array
    }

    /// Bytes of replies that may leave now; a held reply stops it.
    @inlinable @inline(__always)
    package func sendable(_ slot: Slot<Session>) -> ByteView {
        let all = slot.value.reply.buffer.readable
        return slot.value.held.isEmpty ? all : releasedPart(slot, all)
    }

    @usableFromInline @inline(never)
    func releasedPart(_ slot: Slot<Session>, _ all: ByteView) -> ByteView {
        // The first held reply starts where the one before it ended.
        let limit = slot.value.heldStart - slot.value.replySent
        return all[0..<max(0, min(limit, all.count))]
    }

    /// `count` bytes of the session's replies were written.
    @inlinable @inline(__always)
    package mutating func sent(_ slot: Slot<Session>, _ count: Int) {
        slot.value.reply.buffer.consume(count)
        slot.value.replySent &+= count
        slot.value.bytesOut &+= count
        statistics.bytesOut &+= count
        statistics.writesProcessed &+= 1
    }

    /// Class of the session for output limits and CLIENT KILL TYPE.
    package func clientClass(_ slot: Slot<Session>) -> ClientClass {
        switch slot.value.role {
        case .replica: .replica
        case .link: .primary
        case .client: slot.value.flags.contains(.subscribed) ? .pubsub : .normal
        }
    }

    /// Closes the session if its unsent output is over the limits of its class. `extra` counts
    /// output that lies elsewhere, such as a replica's share of the stream.
    package mutating func enforceOutputLimit(_ slot: Slot<Session>, extra: Int = 0) {
        let kind = clientClass(slot)
        guard kind != .primary else { return }
        let limit = settings.outputLimits[kind.rawValue]
        let size = slot.value.reply.buffer.count + extra
        var over = limit.hardBytes > 0 && size > limit.hardBytes
        if limit.softBytes > 0, size > limit.softBytes {
            if slot.value.overSoftLimitSince == 0 {
                slot.value.overSoftLimitSince = time.monotonic
            } else if time.monotonic - slot.value.overSoftLimitSince
                > Int64(limit.softSeconds) * 1_000_000
            {
                over = true
            }
        } else {
            slot.value.overSoftLimitSince = 0
        }
        guard over, !slot.value.flags.contains(.closing) else { return }
        statistics.outputLimitDisconnections += 1
        log(
            .warning,
            "Client id=\(slot.value.id) addr=\(slot.value.peer) scheduled to be closed ASAP for "
                + "overcoming of output buffer limits.")
        close(slot)
    }
}

extension Session {
    /// Position of the first byte that is held back.
    var heldStart: Int { held.first.map { $0.start } ?? replySent + reply.buffer.count }

    /// Holds back what was written to the session since its output was `start` bytes long, until
    /// the stream offset `tag` is safe.
    package mutating func hold(from start: Int, tag: Int) {
        let position = replySent + start
        if let last = held.last, last.tag >= tag { return }
        held.append(HeldReply(tag: tag, start: position))
    }

    /// Releases replies that depend on nothing beyond `offset`; whether anything was released.
    package mutating func release(upTo offset: Int) -> Bool {
        let count = held.prefix { $0.tag <= offset }.count
        held.removeFirst(count)
        return count > 0
    }
}
