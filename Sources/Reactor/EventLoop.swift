import Memory
import Platform

/// Waits for descriptors and moves bytes between them and buffers. One thread; `waker` is the
/// only part another thread may touch. Knows no protocol: what a descriptor is for is the number
/// its owner added it with.
///
/// Level-triggered, so a connection that was not read to its end is found again, and a turn may
/// stop anywhere. Nothing is asked of epoll for an ordinary request and reply.
@safe
package struct EventLoop: ~Copyable {
    /// Bytes a read takes at most, unless more are known to come.
    package static let readSize = 64 * 1024
    /// Bytes a read takes at most when a long value is under way.
    package static let longReadSize = 1024 * 1024

    struct Entry {
        var descriptor = Descriptor(-1)
        var generation: UInt32 = 0
        var isUsed = false
        var isReading = true
        /// The owner wants to hear of writability.
        var isWriting = false
        /// What epoll knows.
        var interest: Epoll.Interest = []
        var hasTransform = false
        /// Whether it stands in the list of those that are readable without epoll.
        var isReady = false
        var user: UInt = 0
    }

    private static let wakeToken = UInt64.max

    /// Wakes the loop from another thread or a signal handler.
    package let waker: EventFD

    private var epoll: Epoll
    /// By number of the descriptor, so bounded by the process's limit of descriptors.
    var entries: [Entry] = []
    /// Descriptors in the loop.
    package private(set) var count = 0
    /// Transforms by place in `entries`; plain connections have none.
    var transforms: [Int: any ByteTransform] = [:]
    /// Connections whose transform holds bytes back.
    private var ready: [Token] = []
    private var events: [Event] = []
    /// Whether `waker` was signalled before the last wait ended.
    package private(set) var wasWoken = false
    /// Where reads land before the bytes go to a buffer of the right size, so that idle
    /// connections own no memory and busy ones read into warm cache lines.
    let block: UnsafeMutableRawBufferPointer

    package init() throws(SystemError) {
        let epoll = try Epoll()
        let waker = try EventFD()
        try epoll.add(waker.descriptor, token: EventLoop.wakeToken, .read)
        self.epoll = epoll
        self.waker = waker
        unsafe block = .allocate(byteCount: EventLoop.readSize, alignment: 64)
        events.reserveCapacity(256)
    }

    deinit {
        for entry in entries where entry.isUsed { entry.descriptor.close() }
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
    /// and returns the number of events, which `event` gives one by one.
    package mutating func wait(timeout: Int64) throws(SystemError) -> Int {
        events.removeAll(keepingCapacity: true)
        wasWoken = false
        let fetched = ready
        ready.removeAll(keepingCapacity: true)
        let wait = fetched.isEmpty ? EventLoop.milliseconds(timeout) : 0
        let count = try epoll.wait(milliseconds: wait)
        for index in 0..<count { note(epoll[index]) }
        for token in fetched {
            guard let index = place(of: token), entries[index].isReady else { continue }
            entries[index].isReady = false
            events.append(
                Event(
                    token: token, user: entries[index].user, isReadable: true,
                    isWritable: false))
        }
        return events.count
    }

    /// Event `index` of the last wait; nil when its descriptor was closed since.
    package func event(_ index: Int) -> Event? {
        let event = events[index]
        return place(of: event.token) == nil ? nil : event
    }

    private mutating func note(_ event: Epoll.Event) {
        if event.token == EventLoop.wakeToken {
            waker.drain()
            wasWoken = true
            return
        }
        let token = Token(rawValue: event.token)
        guard let index = place(of: token) else { return }
        if event.isWritable, entries[index].hasTransform { _ = flushTransform(index) }
        let reads = event.isReadable && entries[index].isReading
        let writes = event.isWritable && entries[index].isWriting
        if reads { entries[index].isReady = false }
        guard reads || writes else { return }
        events.append(
            Event(token: token, user: entries[index].user, isReadable: reads, isWritable: writes))
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
    private static func milliseconds(_ microseconds: Int64) -> Int32 {
        microseconds < 0 ? -1 : Int32(clamping: (microseconds + 999) / 1000)
    }
}
