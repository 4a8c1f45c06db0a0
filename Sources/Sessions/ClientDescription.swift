import Memory
import RESP

extension Frontend {
    /// Every session that CLIENT LIST shows, oldest first: clients, replicas and the stream of
    /// our primary, but no connection that we opened for questions of our own.
    package var listedSessions: [Slot<Session>] {
        sessions.values.filter { slot in
            if case .link = slot.value.role { return slot.value.flags.contains(.primaryStream) }
            return true
        }.sorted { $0.value.id < $1.value.id }
    }

    /// One line of CLIENT LIST, without the line end. `caller` is the request being executed, if
    /// it is of this session.
    package func describe(_ slot: Slot<Session>, caller: Call? = nil) -> String {
        String(decoding: description(of: slot, caller: caller), as: UTF8.self)
    }

    /// The same as bytes: the name of a user need not be text.
    package func description(of slot: Slot<Session>, caller: Call? = nil) -> [UInt8] {
        let own = caller.flatMap { $0.session == slot ? $0 : nil }
        let command = own?.command ?? slot.value.lastCommand
        // As in Redis what comes before the argument that is awaited is no longer in the buffer.
        let input = slot.value.parser.partialArgument ?? slot.value.input.count
        let output = slot.value.reply.buffer.count
        // Redis keeps the first 16 KiB of replies in a block of the client.
        let listed = max(0, output - 16384)
        var argumentBytes = 0
        if let own { for index in 0..<own.count { argumentBytes += own[index].count } }
        let transaction =
            slot.value.flags.contains(.inTransaction) ? slot.value.queue.requests.count : -1
        var text = "id=\(slot.value.id) addr=\(slot.value.peer) laddr=\(slot.value.local)"
        // The host's name for the connection has its place in the low half.
        text += " fd=\(slot.value.connection & 0xffff_ffff)"
        text += " name=\(String(decoding: slot.value.name, as: UTF8.self))"
        text += " age=\((time.monotonic - slot.value.createdAt) / 1_000_000)"
        text += " idle=\((time.monotonic - slot.value.lastInteraction) / 1_000_000)"
        text += " flags=\(flagLetters(slot)) db=\(slot.value.database)"
        text += " sub=\(slot.value.channels.count) psub=\(slot.value.patterns.count)"
        text += " ssub=\(slot.value.shardChannels.count) multi=\(transaction)"
        text += " qbuf=\(input) qbuf-free=\(max(0, slot.value.input.capacity - input))"
        text += " argv-mem=\(argumentBytes) multi-mem=\(slot.value.queue.bytes.count)"
        text += " rbs=\(slot.value.reply.buffer.capacity) rbp=\(output)"
        text += " obl=\(output - listed) oll=\(listed > 0 ? 1 : 0) omem=\(listed)"
        text += " tot-mem=\(memory(of: slot)) events=r"
        text += " cmd=\(command >= 0 ? table.rows[command].name : "NULL")"
        text += " user="
        let start = Array(text.utf8) + slot.value.user
        text = " redir=-1"
        text += " resp=\(slot.value.reply.version.rawValue)"
        // Redis 7.2's fields, for clients that said what they are.
        if !slot.value.libraryName.isEmpty || !slot.value.libraryVersion.isEmpty {
            text += " lib-name=\(String(decoding: slot.value.libraryName, as: UTF8.self))"
            text += " lib-ver=\(String(decoding: slot.value.libraryVersion, as: UTF8.self))"
        }
        return start + Array(text.utf8)
    }

    /// Bytes that a watched key or a subscription takes besides its name: entries in the set of
    /// the session and in the table of all of them.
    private static var bytesPerName: Int { 160 }

    /// Bytes that a session holds.
    package func memory(of slot: Slot<Session>) -> Int {
        let names =
            slot.value.watched.count + slot.value.subscriptionCount
            + slot.value.shardChannels.count
        // What was announced counts at once, as in Redis, though it gets room only as it comes.
        let announced = Heap.roundedSize(slot.value.parser.announcedBytes)
        return MemoryLayout<Session>.size + max(slot.value.input.capacity, announced)
            + slot.value.reply.buffer.capacity + slot.value.queue.bytes.capacity
            + slot.value.queue.overhead + slot.value.name.count + slot.value.heldNames
            + names * Frontend.bytesPerName
    }

    private func flagLetters(_ slot: Slot<Session>) -> String {
        let flags = slot.value.flags
        var letters = ""
        if flags.contains(.monitor) {
            letters += "O"
        } else if slot.value.role == .replica {
            letters += "S"
        }
        if case .link = slot.value.role { letters += "M" }
        if flags.contains(.subscribed) { letters += "P" }
        if !flags.isDisjoint(with: [.inTransaction, .executing]) { letters += "x" }
        if flags.contains(.blocked) { letters += "b" }
        if flags.contains(.watchTripped) { letters += "d" }
        if flags.contains(.closeAfterReply) { letters += "c" }
        if flags.contains(.closing) { letters += "A" }
        if flags.contains(.unixSocket) { letters += "U" }
        if flags.contains(.noEvict) { letters += "e" }
        if flags.contains(.noTouch) { letters += "T" }
        return letters.isEmpty ? "N" : letters
    }
}

extension ClientClass {
    /// The class with this name, in any case.
    package init?(_ name: ByteView) {
        let found = ClientClass.allCases.first { kind in
            Array(kind.name.utf8).withView { name.equalsIgnoringCase($0) }
        }
        if let found {
            self = found
        } else if name.equalsIgnoringCase("replica") {
            self = .replica
        } else {
            return nil
        }
    }
}
