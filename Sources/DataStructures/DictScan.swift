import Digests
import Memory

/// Walks over a dict that may change between steps, and random elements.
extension Dict {
    /// Visits the elements of one chain.
    @inlinable
    func visit(_ head: DictBucket, _ body: (Element) -> Void) {
        var link: DictBucket? = head
        while let bucket = link {
            var left = bucket.occupied
            while left != 0 {
                body(element(bucket[left.trailingZeroBitCount &>> 3]))
                left &= left &- 1
            }
            link = bucket.child
        }
    }

    /// One step of a walk that starts and ends with cursor 0. Whatever is in the dict from the
    /// first step to the last is visited at least once, whatever happens between steps.
    ///
    /// The cursor is as `HashOrder` says. While there are two tables, a step covers a bucket of
    /// the smaller and all its counterparts in the bigger.
    @inlinable
    package func scan(_ cursor: UInt64, _ body: (Element) -> Void) -> UInt64 {
        guard next.exists else {
            let index = current.index(cursor)
            if index >= moved { visit(current.bucket(index), body) }
            return HashOrder.advance(cursor, mask: current.mask)
        }
        let small = min(current.mask, next.mask)
        let large = max(current.mask, next.mask)
        var cursor = cursor
        let index = current.index(cursor & small)
        if current.mask == small {
            if index >= moved { visit(current.bucket(index), body) }
        } else {
            visit(next.bucket(next.index(cursor)), body)
        }
        repeat {
            if current.mask == large {
                let index = current.index(cursor)
                if index >= moved { visit(current.bucket(index), body) }
            } else {
                visit(next.bucket(next.index(cursor)), body)
            }
            cursor = HashOrder.advance(cursor, mask: large)
        } while cursor & (small ^ large) != 0
        return cursor
    }

    /// Visits every element once.
    @inlinable
    package func forEach(_ body: (Element) -> Void) {
        if current.exists {
            for index in moved..<current.buckets { visit(current.bucket(index), body) }
        }
        if next.exists {
            for index in 0..<next.buckets { visit(next.bucket(index), body) }
        }
    }

    /// The chain numbered `number` when those of the old table that are still in use are counted
    /// first and those of the new one after them.
    @inlinable
    func chain(_ number: Int) -> DictBucket {
        let held = current.buckets - moved
        return number < held ? current.bucket(moved + number) : next.bucket(number - held)
    }

    /// Number of chains that `chain` knows.
    @inlinable
    var chains: Int { current.buckets - moved + (next.exists ? next.buckets : 0) }

    /// An element, each as likely as any other unless its chain holds more than 16.
    @inlinable
    package func random(_ random: inout RandomGenerator) -> Element? {
        guard count > 0 else { return nil }
        let chains = self.chains
        for _ in 0..<256 {
            let head = chain(random.below(chains))
            let held = Dict.length(head)
            if held > 0, random.below(16) < held { return pick(head, random.below(held)) }
        }
        // Nearly empty, as after a reservation for much more: the next one there is.
        let start = random.below(chains)
        for step in 0..<chains {
            let head = chain((start + step) % chains)
            let held = Dict.length(head)
            if held > 0 { return pick(head, random.below(held)) }
        }
        return nil
    }

    /// Elements in a chain.
    @inlinable
    static func length(_ head: DictBucket) -> Int {
        var held = head.count
        var link = head.child
        while let bucket = link {
            held += bucket.count
            link = bucket.child
        }
        return held
    }

    /// Element `number` of a chain.
    @inlinable
    func pick(_ head: DictBucket, _ number: Int) -> Element? {
        var left = number
        var found: Element?
        visit(head) { element in
            if left == 0 { found = element }
            left -= 1
        }
        return found
    }

    /// Visits about `wanted` elements that lie side by side from a random place on: cheaper than
    /// as many independent ones, and good enough to choose what to evict. At most ten chains for
    /// each element wanted are looked at.
    @inlinable
    package func sample(
        _ wanted: Int, _ random: inout RandomGenerator, _ body: (Element) -> Void
    ) {
        guard count > 0, wanted > 0 else { return }
        let chains = self.chains
        let start = random.below(chains)
        // Starts anywhere in its first chain too, else the last of a long one would never come.
        let skipped = random.below(Dict.length(chain(start)) + 1)
        var left = min(wanted, count)
        for step in 0...min(chains, wanted * 10) where left > 0 {
            var number = 0
            visit(chain((start + step) % chains)) { element in
                let isNew = step == 0 ? number >= skipped : step < chains || number < skipped
                if isNew, left > 0 {
                    body(element)
                    left -= 1
                }
                number += 1
            }
        }
    }
}
