/// Events in virtual time, earliest first; events of the same time in the order in which they were
/// scheduled, so that a run depends on nothing but its seed.
struct Timeline<Event> {
    private struct Item {
        var time: Int64
        var sequence: Int
        var event: Event
        func isBefore(_ other: Item) -> Bool {
            time != other.time ? time < other.time : sequence < other.sequence
        }
    }
    private var heap: [Item] = []
    private var nextSequence = 0

    var isEmpty: Bool { heap.isEmpty }

    /// Adds `event` at `time`, microseconds.
    mutating func schedule(_ event: Event, at time: Int64) {
        heap.append(Item(time: time, sequence: nextSequence, event: event))
        nextSequence += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes the earliest event.
    mutating func next() -> (time: Int64, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < heap.count && heap[child].isBefore(heap[least]) {
                    least = child
                }
                if least == parent { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (first.time, first.event)
    }
}
