import Digests
import Memory

extension SegmentTable {
    /// What does not hold of the table's structure; empty when all is well.
    package func checkInvariants(hashKey: HashKey) -> [String] {
        var faults: [String] = []
        var sums = SegmentSums()
        for index in 0..<segments {
            check(Segment(word: word(index)), index, hashKey, &sums, &faults)
        }
        sums.footprint += checkTree(directory, depth, 0, &faults)
        if sums.count != count { faults.append("\(sums.count) entries, counts \(count)") }
        if sums.bytes != bytes { faults.append("\(sums.bytes) bytes, counts \(bytes)") }
        if sums.expiring != expiring { faults.append("\(sums.expiring) expire, not \(expiring)") }
        if sums.long != longStrings { faults.append("\(sums.long) long ones, not \(longStrings)") }
        if sums.footprint != footprint {
            faults.append("holds \(sums.footprint) bytes, counts \(footprint)")
        }
        if depth > 0, segments <= 1 << (SegmentTable.fanBits * (depth - 1)) {
            faults.append("a tree of depth \(depth) for \(segments) segments")
        }
        return faults
    }

    /// Greatest number of entries in a segment.
    package var longestSegment: Int {
        (0..<segments).reduce(0) { max($0, Segment(word: word($1)).count) }
    }

    private func check(
        _ segment: Segment, _ index: Int, _ hashKey: HashKey, _ sums: inout SegmentSums,
        _ faults: inout [String]
    ) {
        let capacity = segment.node.capacity
        var (taken, expiring) = (0, 0)
        var last: UInt32 = 0
        var places: [Range<Int>] = []
        for number in 0..<segment.count {
            let slot = segment.slot(number)
            let parts = segment.parts(slot, hasValues: hasValues)
            let key = SegmentKey(item: segment.key(number), hashKey)
            if home(key.hash) != index { faults.append("an entry of another in \(index)") }
            if key.tag != slot >> 16 { faults.append("a wrong tag in \(index)") }
            if slot >> 16 < last { faults.append("slots out of order in \(index)") }
            if parts.start < segment.floor || parts.end > capacity {
                faults.append("an entry out of bounds in \(index)")
            }
            last = slot >> 16
            taken += parts.size
            places.append(parts.start..<parts.end)
            if let expiry = segment.expiry(slot) {
                expiring += 1
                if expiry < segment.earliest { faults.append("expires too early in \(index)") }
            }
            let long = hasValues ? [parts.key, parts.value] : [parts.key]
            for node in long.compactMap({ segment.reader($0).longNode }) {
                sums.long += 1
                sums.footprint += node.footprint
            }
        }
        places.sort { $0.lowerBound < $1.lowerBound }
        for (one, next) in zip(places, places.dropFirst()) where one.upperBound > next.lowerBound {
            faults.append("entries overlap in \(index)")
        }
        if taken + segment.garbage != capacity - segment.floor {
            faults.append("\(index) has holes of another size than \(segment.garbage)")
        }
        if segment.free < 0 { faults.append("slots and entries overlap in \(index)") }
        if expiring != segment.expiring { faults.append("\(expiring) expire in \(index)") }
        if word(index) != segment.word { faults.append("\(index) is marked wrongly") }
        sums.count += segment.count
        sums.bytes += segment.live
        sums.expiring += expiring
        sums.footprint += segment.node.footprint
    }

    /// Checks the marks of a node and of what is below, and returns the memory of these nodes.
    private func checkTree(
        _ word: UInt, _ height: Int, _ first: Int, _ faults: inout [String]
    ) -> Int {
        if height == 0 { return 0 }
        let span = 1 << (SegmentTable.fanBits * (height - 1))
        var footprint = Node(address: word & ~15).footprint
        var mark: UInt = 0
        for child in 0..<SegmentTable.fan where first + child * span < segments {
            let below = SegmentTable.load(SegmentTable.place(word, child))
            mark |= below & 1
            footprint += checkTree(below, height - 1, first + child * span, &faults)
        }
        if mark != word & 1 { faults.append("a node of the tree is marked wrongly") }
        return footprint
    }
}

/// Sums over all segments.
private struct SegmentSums {
    var count = 0
    var bytes = 0
    var expiring = 0
    var long = 0
    var footprint = 0
}
