import Memory
import Platform

/// Moving bytes. A connection that says `closed` or `failed` is closed by its owner.
extension EventLoop {
    /// Reads what is there and appends it to `buffer`. `expecting` is how many bytes of a long
    /// value are still to come, if that is known: then they are read in place.
    @usableFromInline
    package mutating func read(
        _ token: Token, into buffer: inout ByteBuffer, expecting: Int = 0
    ) -> Transfer {
        guard let index = place(of: token) else { return .badDescriptor }
        let descriptor = entries[index].descriptor
        if entries[index].hasTransform { return readTransformed(index, into: &buffer) }
        if expecting >= EventLoop.readSize {
            return readLong(descriptor, into: &buffer, expecting: expecting)
        }
        let transfer = unsafe descriptor.read(into: scratch)
        if case .done(let count) = transfer { buffer.append(received(count)) }
        return transfer
    }

    /// Reads what is there, by an event of this turn, into `buffer`. If that has no block it is
    /// lent one until the next `wait`, before which the owner must have eaten the bytes or made
    /// them its own (`own`).
    @inlinable @inline(__always)
    package mutating func lend(
        _ event: Event, to buffer: inout ByteBuffer, expecting: Int = 0
    ) -> Transfer {
        // The event was found for this entry just now.
        let index = event.token.index
        let isPlain = !entries[index].hasTransform && expecting < EventLoop.readSize
        guard isPlain, buffer.hasNoBlock, unsafe lent <= block.count - 2 * EventLoop.readSize else {
            return read(event.token, into: &buffer, expecting: expecting)
        }
        let start = unsafe block.baseAddress.unsafelyUnwrapped + lent
        let transfer = unsafe entries[index].descriptor.read(
            into: UnsafeMutableRawBufferPointer(start: start, count: EventLoop.readSize))
        if case .done(let count) = transfer {
            unsafe buffer.borrow(start.assumingMemoryBound(to: UInt8.self), count: count)
            // The next one begins on a cache line of its own.
            lent += (count + 63) & ~63
        }
        return transfer
    }

    /// Reads a long value in place, until no more is there or its share of a turn is reached.
    private func readLong(
        _ descriptor: Descriptor, into buffer: inout ByteBuffer, expecting: Int
    ) -> Transfer {
        var total = 0
        while total < EventLoop.longReadSize, total < expecting {
            // Room grows with what came: a promise alone gets no memory.
            let wanted = min(
                expecting - total, EventLoop.longReadSize, max(EventLoop.readSize, buffer.count))
            buffer.reserveExactly(wanted)
            let room = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer.writable(wanted)[..<wanted])
            let transfer = unsafe descriptor.read(into: room)
            guard case .done(let count) = transfer else {
                // The end or an error is met again by the next read.
                return total > 0 ? .done(total) : transfer
            }
            buffer.commit(count)
            total += count
            if count < wanted { break }
        }
        return .done(total)
    }

    /// Writes as much of `bytes` as the connection takes now.
    @inlinable @inline(__always)
    package mutating func write(_ token: Token, _ bytes: ByteView) -> Transfer {
        guard let index = place(of: token) else { return .badDescriptor }
        if entries[index].hasTransform { return writeTransformed(index, bytes) }
        return unsafe entries[index].descriptor.write(
            UnsafeRawBufferPointer(start: bytes.base, count: bytes.count))
    }

    /// Writes several pieces, at most 64 of them, in one system call.
    package mutating func write(_ token: Token, pieces: [ByteView]) -> Transfer {
        guard let index = place(of: token) else { return .badDescriptor }
        if entries[index].hasTransform {
            guard let first = pieces.first(where: { !$0.isEmpty }) else { return .done(0) }
            return writeTransformed(index, first)
        }
        let buffers = unsafe pieces.map { piece in
            unsafe UnsafeRawBufferPointer(start: piece.base, count: piece.count)
        }
        return unsafe entries[index].descriptor.write(pieces: buffers)
    }

    /// Bytes a transform has taken and the socket has not: nothing for plain connections.
    package func unsentBytes(_ token: Token) -> Int {
        guard let index = place(of: token), entries[index].hasTransform else { return 0 }
        return transforms[index]?.toSend.count ?? 0
    }

    /// The end of the block, which is never lent.
    private var scratch: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(rebasing: block[(block.count - EventLoop.readSize)...])
    }

    private func received(_ count: Int) -> ByteView {
        let base = unsafe scratch.baseAddress.unsafelyUnwrapped
        return unsafe ByteView(
            UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), count: count)
    }

    private mutating func readTransformed(
        _ index: Int, into buffer: inout ByteBuffer
    ) -> Transfer {
        guard let transform = transforms[index] else { return .badDescriptor }
        let before = buffer.count
        var holdsMore = transform.giveReceived(into: &buffer)
        if buffer.count == before && !holdsMore {
            let transfer = unsafe entries[index].descriptor.read(into: scratch)
            guard case .done(let count) = transfer else { return transfer }
            guard transform.takeReceived(received(count)) else { return .protocolError }
            holdsMore = transform.giveReceived(into: &buffer)
        }
        if holdsMore { makeReady(index) }
        if case .failed(let number) = flushTransform(index) { return .failed(number) }
        return buffer.count > before ? .done(buffer.count - before) : .wouldBlock
    }

    @usableFromInline
    mutating func writeTransformed(_ index: Int, _ bytes: ByteView) -> Transfer {
        guard let transform = transforms[index] else { return .badDescriptor }
        if case .failed(let number) = flushTransform(index) { return .failed(number) }
        guard transform.toSend.isEmpty else { return .wouldBlock }
        let taken = transform.takeToSend(bytes)
        if case .failed(let number) = flushTransform(index) { return .failed(number) }
        return taken > 0 || bytes.isEmpty ? .done(taken) : .wouldBlock
    }

    /// Sends what the transform has ready; what the socket does not take goes out when epoll
    /// says so, without the owner.
    @usableFromInline
    mutating func flushTransform(_ index: Int) -> Transfer {
        guard let transform = transforms[index] else { return .badDescriptor }
        var outcome = Transfer.done(0)
        sending: while !transform.toSend.isEmpty {
            let bytes = transform.toSend
            outcome = unsafe entries[index].descriptor.write(
                UnsafeRawBufferPointer(start: bytes.base, count: bytes.count))
            guard case .done(let count) = outcome, count > 0 else { break sending }
            transform.sent(count)
        }
        updateInterest(index)
        return outcome
    }
}
