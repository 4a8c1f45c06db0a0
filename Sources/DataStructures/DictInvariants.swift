import Memory

extension Dict {
    /// What does not hold of the dict's structure; empty when all is well. `isMarked` says which
    /// elements should be marked.
    package func checkInvariants(isMarked: ((Element) -> Bool)? = nil) -> [String] {
        var faults: [String] = []
        var total = check(current, from: moved, inNext: false, isMarked, &faults)
        if next.exists { total += check(next, from: 0, inNext: true, isMarked, &faults) }
        if total != count { faults.append("holds \(total) elements and counts \(count)") }
        if !next.exists, moved != 0 { faults.append("moved \(moved) buckets to nowhere") }
        return faults
    }

    /// Checks the buckets of one table and returns how many elements they hold.
    private func check(
        _ table: DictTable, from start: Int, inNext: Bool, _ isMarked: ((Element) -> Bool)?,
        _ faults: inout [String]
    ) -> Int {
        var elements = 0
        var marks = [Int](repeating: 0, count: (table.buckets + 63) / 64)
        for index in start..<table.buckets {
            var link: DictBucket? = table.bucket(index)
            while let bucket = link {
                for slot in 0..<DictBucket.slots where bucket.tag(slot) != 0 {
                    elements += 1
                    let word = bucket[slot]
                    let hash = element(word).hash(hashKey)
                    let home = self.home(hash)
                    if home.index != index || home.inNext != inNext {
                        faults.append("an element of bucket \(home.index) is in \(index)")
                    }
                    if bucket.tag(slot) != DictBucket.pattern(hash) & 0xff {
                        faults.append("an element in bucket \(index) has the wrong tag")
                    }
                    let marked = word & DictBucket.mark != 0
                    marks[index / 64] += marked ? 1 : 0
                    if let isMarked, isMarked(element(word)) != marked {
                        faults.append("an element in bucket \(index) has the wrong mark")
                    }
                }
                link = bucket.child
                // A single element would have been put in the place of the link.
                if let link, link.count < 2 { faults.append("needless continuation at \(index)") }
            }
        }
        if marks.reduce(0, +) != table.marked { faults.append("wrong number of marked elements") }
        guard table.buckets > 64 else { return elements }
        for (group, held) in marks.enumerated() where table.markedInGroup(group) != held {
            faults.append("wrong number of marked elements in group \(group)")
        }
        for group in 0..<(table.buckets + 4095) / 4096 {
            let held = marks[(group * 64)..<min((group + 1) * 64, marks.count)].reduce(0, +)
            if table.markedInSuperGroup(group) != held {
                faults.append("wrong number of marked elements in super-group \(group)")
            }
        }
        return elements
    }
}
