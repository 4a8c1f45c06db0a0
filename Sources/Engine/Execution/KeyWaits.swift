import Keyspace
import Memory
import Sessions

/// What a session wants of the keys it waits for.
enum KeyRequest: Equatable, Sendable {
    /// BLPOP, BRPOP.
    case pop(ListEnd)
    /// BLMPOP: so many elements at most.
    case popMany(ListEnd, count: Int)
    /// BLMOVE, BRPOPLPUSH (`isClassic`).
    case move(ListEnd, to: [UInt8], ListEnd, isClassic: Bool)
    /// BZPOPMIN and BZPOPMAX, or BZMPOP if they may be many.
    case popScored(SortedSetPop, isMany: Bool)

    /// Whether it must hear of the key's loss: it waits for something in a value that is there.
    var hearsOfLoss: Bool {
        switch self {
        case .pop, .popMany, .move, .popScored: false
        }
    }
}

/// A session that waits for keys.
struct KeyWait: ~Copyable {
    let session: Slot<Session>
    let request: KeyRequest
    /// When it has waited long enough, monotonic microseconds; nil for never.
    let deadline: Int64?
    /// Its number among all waits there were.
    let number: Int
    /// Where it is in the heap of deadlines.
    var heapIndex = -1
    /// The keys, the last one of the request first.
    var links: Slot<KeyLink>?
}

/// A place in the queue of a key.
struct KeyLink: ~Copyable {
    let wait: Slot<KeyWait>
    let queue: Slot<KeyQueue>
    /// Which of the request's keys it is, from 0.
    let index: Int
    var previous: Slot<KeyLink>?
    var next: Slot<KeyLink>?
    let nextOfWait: Slot<KeyLink>?
}

/// The sessions that wait for a key, in the order in which they came.
struct KeyQueue: ~Copyable {
    let key: ByteBuffer
    let database: Int
    let hash: UInt64
    /// Its number among all queues there were.
    let number: Int
    var first: Slot<KeyLink>?
    var last: Slot<KeyLink>?
    /// How many of them must hear of the key's loss.
    var lossListeners = 0
    /// In the list of keys that may be ready.
    var isReady = false
    /// Being served now.
    var isHeld = false
    var nextReady: Slot<KeyQueue>?
    /// The next queue whose key has the same number in the table.
    var sibling: Slot<KeyQueue>?

    var reference: KeyReference {
        KeyReference(database: database, key: key.readable, hash: hash)
    }
}

/// Who waits for which keys, and which of these may be ready.
///
/// Bound: a block for each session that waits, for each of its keys, and for each key that is
/// waited for; they are freed with the last who needs them.
struct KeyWaits: ~Copyable {
    private let heap: Heap
    /// Queues by hash and database.
    private var queues: [UInt64: Slot<KeyQueue>] = [:]
    private var firstReady: Slot<KeyQueue>?
    private var lastReady: Slot<KeyQueue>?
    private var deadlines = DeadlineHeap()
    private var nextNumber = 0
    /// Sessions that wait.
    private(set) var count = 0

    init(heap: Heap) { self.heap = heap }

    deinit {
        for first in queues.values {
            var queue: Slot<KeyQueue>? = first
            while let slot = queue {
                queue = slot.value.sibling
                KeyWaits.freeLinks(of: slot)
                slot.free()
            }
        }
    }

    /// Frees what hangs on a queue; a wait goes with the first key of its request.
    private static func freeLinks(of queue: Slot<KeyQueue>) {
        var link = queue.value.first
        while let slot = link {
            link = slot.value.next
            if slot.value.nextOfWait == nil { slot.value.wait.free() }
            slot.free()
        }
    }

    var isEmpty: Bool { count == 0 }

    /// Whether keys were marked as ready and not looked at since.
    var hasReady: Bool { firstReady != nil }

    /// The earliest deadline.
    var nextDeadline: Int64? { deadlines.first?.value.deadline }

    /// Sessions that do not wait for ever.
    var timedCount: Int { deadlines.count }

    /// A wait whose deadline has come.
    func due(at now: Int64) -> Slot<KeyWait>? {
        guard let first = deadlines.first, let deadline = first.value.deadline, deadline <= now
        else { return nil }
        return first
    }

    private static func place(_ database: Int, _ hash: UInt64) -> UInt64 {
        hash ^ UInt64(truncatingIfNeeded: database) &* 0x9e37_79b9_7f4a_7c15
    }

    private func find(_ key: KeyReference) -> Slot<KeyQueue>? {
        var queue = queues[KeyWaits.place(key.database, key.hash)]
        while let slot = queue {
            if slot.value.database == key.database, slot.value.key.readable == key.key {
                return slot
            }
            queue = slot.value.sibling
        }
        return nil
    }

    // MARK: Waiting

    /// Lets a session wait; `join` tells for which keys.
    mutating func begin(
        _ session: Slot<Session>, _ request: KeyRequest, deadline: Int64?
    ) -> Slot<KeyWait> {
        nextNumber += 1
        count += 1
        let wait = Slot(
            KeyWait(session: session, request: request, deadline: deadline, number: nextNumber))
        if deadline != nil { deadlines.insert(wait) }
        return wait
    }

    /// Puts a wait at the end of the queue of `key`, which is the key number `index` of its
    /// request; once if it is named twice. What it costs in bytes.
    mutating func join(_ wait: Slot<KeyWait>, _ key: KeyReference, _ index: Int) -> Int {
        let queue = find(key) ?? open(key)
        if queue.value.last?.value.wait == wait { return 0 }
        let link = Slot(
            KeyLink(
                wait: wait, queue: queue, index: index, previous: queue.value.last, next: nil,
                nextOfWait: wait.value.links))
        if let last = queue.value.last {
            last.value.next = link
        } else {
            queue.value.first = link
        }
        queue.value.last = link
        wait.value.links = link
        if wait.value.request.hearsOfLoss { queue.value.lossListeners += 1 }
        return KeyWaits.cost(key.key)
    }

    /// Bytes for one key of a session, with its share of the key's queue.
    private static func cost(_ key: ByteView) -> Int {
        MemoryLayout<KeyLink>.size + MemoryLayout<KeyQueue>.size + key.count
    }

    private mutating func open(_ key: KeyReference) -> Slot<KeyQueue> {
        var name = ByteBuffer(heap: heap)
        name.reserveExactly(key.key.count)
        name.append(key.key)
        nextNumber += 1
        let place = KeyWaits.place(key.database, key.hash)
        let queue = Slot(
            KeyQueue(
                key: name, database: key.database, hash: key.hash, number: nextNumber,
                sibling: queues[place]))
        queues[place] = queue
        return queue
    }

    /// Forgets a wait; the bytes that its keys cost.
    mutating func end(_ wait: Slot<KeyWait>) -> Int {
        count -= 1
        if wait.value.deadline != nil { deadlines.remove(wait) }
        var (link, bytes) = (wait.value.links, 0)
        while let slot = link {
            link = slot.value.nextOfWait
            let queue = slot.value.queue
            bytes += KeyWaits.cost(queue.value.key.readable)
            if let previous = slot.value.previous {
                previous.value.next = slot.value.next
            } else {
                queue.value.first = slot.value.next
            }
            if let next = slot.value.next {
                next.value.previous = slot.value.previous
            } else {
                queue.value.last = slot.value.previous
            }
            if wait.value.request.hearsOfLoss { queue.value.lossListeners -= 1 }
            slot.free()
            closeIfUnused(queue)
        }
        wait.free()
        return bytes
    }

    private mutating func closeIfUnused(_ queue: Slot<KeyQueue>) {
        guard queue.value.first == nil, !queue.value.isReady, !queue.value.isHeld else { return }
        let place = KeyWaits.place(queue.value.database, queue.value.hash)
        if queues[place] == queue {
            queues[place] = queue.value.sibling
        } else {
            var other = queues[place]
            while let slot = other {
                if slot.value.sibling == queue { slot.value.sibling = queue.value.sibling }
                other = slot.value.sibling
            }
        }
        queue.free()
        // What many took is given back when few are left.
        if queues.capacity > 64, queues.count < queues.capacity / 8 {
            queues = queues.mapValues { $0 }
        }
    }

    // MARK: Keys that may be ready

    /// A key was changed. One that is being served is looked at again by that anyway.
    mutating func mark(_ key: KeyReference) {
        if let queue = find(key) { mark(queue) }
    }

    private mutating func mark(_ queue: Slot<KeyQueue>) {
        guard !queue.value.isReady, !queue.value.isHeld else { return }
        queue.value.isReady = true
        if let lastReady {
            lastReady.value.nextReady = queue
        } else {
            firstReady = queue
        }
        lastReady = queue
    }

    /// All keys of a database changed, or of all databases: those waited for longest come first.
    mutating func markAll(of database: Int?) {
        var found: [Slot<KeyQueue>] = []
        for first in queues.values {
            var queue: Slot<KeyQueue>? = first
            while let slot = queue {
                if database == nil || slot.value.database == database { found.append(slot) }
                queue = slot.value.sibling
            }
        }
        for queue in found.sorted(by: { $0.value.number < $1.value.number }) { mark(queue) }
    }

    /// The key that was marked first, to be served; `release` gives it back.
    mutating func takeReady() -> Slot<KeyQueue>? {
        guard let queue = firstReady else { return nil }
        firstReady = queue.value.nextReady
        if firstReady == nil { lastReady = nil }
        queue.value.nextReady = nil
        queue.value.isReady = false
        queue.value.isHeld = true
        return queue
    }

    mutating func release(_ queue: Slot<KeyQueue>) {
        queue.value.isHeld = false
        closeIfUnused(queue)
    }
}

/// Waits by their deadlines: a binary heap in which each knows its place.
private struct DeadlineHeap {
    private var waits: [Slot<KeyWait>] = []

    var first: Slot<KeyWait>? { waits.first }
    var count: Int { waits.count }

    mutating func insert(_ wait: Slot<KeyWait>) {
        waits.append(wait)
        wait.value.heapIndex = waits.count - 1
        rise(waits.count - 1)
    }

    mutating func remove(_ wait: Slot<KeyWait>) {
        let index = wait.value.heapIndex
        invariant(index >= 0 && waits[index] == wait, "a wait that is not in its place")
        wait.value.heapIndex = -1
        let last = waits.removeLast()
        if last != wait {
            put(last, index)
            rise(index)
            sink(last.value.heapIndex)
        }
        // What many took is given back when few are left.
        if waits.capacity > 64, waits.count < waits.capacity / 4 { waits = waits.map { $0 } }
    }

    private mutating func put(_ wait: Slot<KeyWait>, _ index: Int) {
        waits[index] = wait
        wait.value.heapIndex = index
    }

    private func isEarlier(_ left: Int, _ right: Int) -> Bool {
        let (first, second) = (waits[left].value.deadline ?? 0, waits[right].value.deadline ?? 0)
        return first != second
            ? first < second : waits[left].value.number < waits[right].value.number
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        let held = waits[one]
        put(waits[other], one)
        put(held, other)
    }

    private mutating func rise(_ start: Int) {
        var index = start
        while index > 0, isEarlier(index, (index - 1) / 2) {
            exchange(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < waits.count && isEarlier(child, least) {
                least = child
            }
            if least == index { return }
            exchange(index, least)
            index = least
        }
    }
}
