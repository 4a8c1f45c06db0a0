import Memory
import Platform

/// Waits for descriptors and moves bytes between them and buffers. One thread; `waker` is the
/// only part another thread may touch. Knows no protocol: what a descriptor is for is the number
/// its owner added it with.
///
/// Level-triggered, so a connection that was not read to its end is found again, and a turn may
/// stop anywhere. Nothing is asked of epoll for an ordinary request and reply.
@safe @usableFromInline
package struct EventLoop: ~Copyable {
    /// Bytes a read takes at most, unless more are known to come: a value of 64 KiB and the rest
    /// of its request are one read.
    @inlinable package static var readSize: Int { 68 * 1024 }
    /// Bytes a read takes at most when a long value is under way.
    @inlinable package static var longReadSize: Int { 1024 * 1024 }
    /// Bytes that the reads of one turn may lend before they copy, and room for one more.
    @inlinable static var blockSize: Int { 16 * readSize }

    @usableFromInline
    struct Entry: BitwiseCopyable {
        @usableFromInline var descriptor = Descriptor(-1)
        @usableFromInline var generation: UInt32 = 0
        @usableFromInline var isUsed = false
        @usableFromInline var isReading = true
        /// The owner wants to hear of writability.
        @usableFromInline var isWriting = false
        /// What epoll knows.
        @usableFromInline var interest: Epoll.Interest = []
        @usableFromInline var hasTransform = false
        /// Whether it stands in the list of those that are readable without epoll.
        @usableFromInline var isReady = false
        @usableFromInline var user: UInt = 0
    }

    @inlinable static var wakeToken: UInt64 { UInt64.max }

    /// Wakes the loop from another thread or a signal handler.
    package let waker: EventFD

    @usableFromInline var epoll: Epoll
    /// By number of the descriptor, so bounded by the process's limit of descriptors.
    @usableFromInline var entries = FlatList<Entry>(capacity: 64)
    /// Descriptors in the loop.
    package private(set) var count = 0
    /// Transforms by place in `entries`; plain connections have none.
    var transforms: [Int: any ByteTransform] = [:]
    /// Connections whose transform holds bytes back.
    @usableFromInline var ready: [Token] = []
    /// Those of them that the last wait took.
    @usableFromInline var taken: [Token] = []
    /// Events of the last wait that came from epoll.
    @usableFromInline var found = 0
    /// Whether `waker` was signalled before the last wait ended.
    @usableFromInline package internal(set) var wasWoken = false
    /// Where reads land, one behind the other, and whence they are lent to the connections'
    /// buffers for the turn: idle connections own no memory, and nothing is copied that is eaten
    /// at once.
    @usableFromInline let block: UnsafeMutableRawBufferPointer
    /// Bytes of `block` that are lent.
    @usableFromInline var lent = 0

    package init() throws(SystemError) {
        let epoll = try Epoll()
        let waker = try EventFD()
        try epoll.add(waker.descriptor, token: EventLoop.wakeToken, .read)
        self.epoll = epoll
        self.waker = waker
        unsafe block = .allocate(byteCount: EventLoop.blockSize, alignment: 64)
    }

    deinit {
        for index in 0..<entries.count where entries[index].isUsed {
            entries[index].descriptor.close()
        }
        waker.descriptor.close()
        unsafe block.deallocate()
    }

    /// Takes a descriptor, which must not block, into the loop and owns it from now on. `user`
    /// comes back with each of its events.
    package mutating func add(
        _ descriptor: Descriptor, user: UInt, reading: Bool = true, writing: Bool = false,
        transform: (any ByteTransform)? = nil
    ) throws(SystemError) -> Token {
        let index = Int(descriptor.number)
        while entries.count <= index { entries.append(Entry()) }
        let token = Token(index: index, generation: entries[index].generation)
        let interest = EventLoop.interest(reading, writing)
        try epoll.add(descriptor, token: token.rawValue, interest)
        count += 1
        entries[index] = Entry(
            descriptor: descriptor, generation: token.generation, isUsed: true,
            isReading: reading, isWriting: writing, interest: interest,
            hasTransform: transform != nil, user: user)
        if let transform { transforms[index] = transform }
        return token
    }

    /// Closes the descriptor; its events that are still in the list of this turn are dropped.
    package mutating func close(_ token: Token) {
        guard let index = place(of: token) else { return }
        entries[index].descriptor.close()
        vacate(index)
    }

    /// Takes the descriptor out of the loop without closing it.
    package mutating func release(_ token: Token) -> Descriptor? {
        guard let index = place(of: token) else { return nil }
        let descriptor = entries[index].descriptor
        epoll.remove(descriptor)
        vacate(index)
        return descriptor
    }

    private mutating func vacate(_ index: Int) {
        if entries[index].hasTransform { transforms[index] = nil }
        entries[index].generation &+= 1
        entries[index].isUsed = false
        count -= 1
    }

    /// Gives the descriptor another `user` number.
    package mutating func setUser(_ token: Token, _ user: UInt) {
        guard let index = place(of: token) else { return }
        entries[index].user = user
    }

    /// Whether the token still names a descriptor of the loop.
    @inlinable
    package func contains(_ token: Token) -> Bool { place(of: token) != nil }

    /// The descriptor behind the token, still the loop's.
    package func descriptor(of token: Token) -> Descriptor? {
        place(of: token).map { entries[$0].descriptor }
    }

    /// Says whether the owner wants to hear that reading is possible. Off is how a listener
    /// rests, or a connection whose input is not wanted.
    package mutating func watchReads(_ token: Token, _ on: Bool) {
        guard let index = place(of: token) else { return }
        entries[index].isReading = on
        updateInterest(index)
    }

    /// Says whether the owner wants to hear that writing is possible: after a write that would
    /// have blocked, until everything is out.
    package mutating func watchWrites(_ token: Token, _ on: Bool) {
        guard let index = place(of: token) else { return }
        entries[index].isWriting = on
        updateInterest(index)
    }

    /// Waits until something happened or `timeout` microseconds are over (negative: for ever),
    /// and returns the number of events, which `event` gives one by one. What was lent is taken
    /// back.
    @inlinable @inline(__always)
    package mutating func wait(timeout: Int64) throws(SystemError) -> Int {
        wasWoken = false
        lent = 0
        let isPressed = _slowPath(!taken.isEmpty || !ready.isEmpty) && takeReady()
        found = try epoll.wait(milliseconds: isPressed ? 0 : EventLoop.milliseconds(timeout))
        return found &+ taken.count
    }

    /// Takes the connections that are readable without epoll; whether there are any.
    @usableFromInline
    mutating func takeReady() -> Bool {
        taken = ready
        ready = []
        return !taken.isEmpty
    }

    /// Event `index` of the last wait; nil when its descriptor was closed since, or when it is
    /// none for the owner. Each is asked for once, in order.
    @inlinable @inline(__always)
    package mutating func event(_ index: Int) -> Event? {
        if _slowPath(index >= found) { return readyEvent(index &- found) }
        let event = epoll[index]
        if _slowPath(event.token == EventLoop.wakeToken) { return noteWake() }
        let token = Token(rawValue: event.token)
        guard let place = place(of: token) else { return nil }
        let entry = entries[place]
        if _fastPath(event.isOnlyReadable && entry.isReading && !entry.isReady) {
            return Event(token: token, user: entry.user, isReadable: true, isWritable: false)
        }
        if entry.hasTransform, event.isWritable { _ = flushTransform(place) }
        let reads = event.isReadable && entry.isReading
        let writes = event.isWritable && entry.isWriting
        if reads, entry.isReady { entries[place].isReady = false }
        guard reads || writes else { return nil }
        return Event(token: token, user: entry.user, isReadable: reads, isWritable: writes)
    }

    @usableFromInline
    mutating func noteWake() -> Event? {
        waker.drain()
        wasWoken = true
        return nil
    }

    /// A connection that is readable without epoll, unless epoll told of it too.
    @usableFromInline
    mutating func readyEvent(_ number: Int) -> Event? {
        let token = taken[number]
        guard let index = place(of: token), entries[index].isReady else { return nil }
        entries[index].isReady = false
        return Event(token: token, user: entries[index].user, isReadable: true, isWritable: false)
    }

    /// Puts a connection on the list of those to be read in the next turn without epoll.
    mutating func makeReady(_ index: Int) {
        if entries[index].isReady { return }
        entries[index].isReady = true
        ready.append(Token(index: index, generation: entries[index].generation))
    }

    /// Tells epoll what is wanted now, if that changed.
    mutating func updateInterest(_ index: Int) {
        let hasOutput = entries[index].hasTransform && transforms[index]?.toSend.isEmpty == false
        let wanted = EventLoop.interest(
            entries[index].isReading, entries[index].isWriting || hasOutput)
        guard wanted != entries[index].interest else { return }
        let token = Token(index: index, generation: entries[index].generation)
        // The descriptor is in epoll, so only lack of kernel memory can make this fail; then the
        // next change tries again.
        let changed: Void? = try? epoll.modify(
            entries[index].descriptor, token: token.rawValue, wanted)
        if changed != nil { entries[index].interest = wanted }
    }

    /// Where the token's entry is, unless it was closed.
    @inlinable @inline(__always)
    func place(of token: Token) -> Int? {
        let index = token.index
        guard index < entries.count, entries[index].isUsed,
            entries[index].generation == token.generation
        else { return nil }
        return index
    }

    private static func interest(_ reading: Bool, _ writing: Bool) -> Epoll.Interest {
        var interest: Epoll.Interest = []
        if reading { interest.insert(.read) }
        if writing { interest.insert(.write) }
        return interest
    }

    /// Rounded up: waking before a deadline would only mean waiting again.
    @inlinable @inline(__always)
    static func milliseconds(_ microseconds: Int64) -> Int32 {
        microseconds < 0 ? -1 : Int32(clamping: (microseconds + 999) / 1000)
    }
}
