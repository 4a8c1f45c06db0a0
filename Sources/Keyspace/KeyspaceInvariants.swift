import DataStructures
import Memory

extension Databases {
    /// What does not hold; empty when all is well. Looks at every entry, so it is for tests.
    package func checkInvariants() -> [String] {
        var faults: [String] = []
        for index in 0..<databases.count {
            let found = databases[index].dict.checkInvariants { $0.expires }
            faults += found.map { "database \(index): \($0)" }
            databases[index].dict.forEach { record in
                if let fault = fault(record) { faults.append("database \(index): \(fault)") }
            }
            if keepsDigest, databases[index].digest != Databases.digest(of: databases[index]) {
                faults.append("database \(index): the digest kept is not the digest")
            }
        }
        faults += snapshotFaults()
        if !snapshot.isActive {
            if !snapshot.side.isEmpty || snapshot.sideBytes != 0 || !snapshot.held.isEmpty
                || !snapshot.heldLarge.isEmpty
            {
                faults.append("something is kept for no snapshot")
            }
            if !snapshot.detached.isEmpty { faults.append("databases kept for no snapshot") }
        }
        return faults
    }

    /// What does not hold in the account of the snapshot and in the long values it reads.
    private func snapshotFaults() -> [String] {
        var faults: [String] = []
        var blocks: Set<UInt> = []
        var large: Set<UInt> = []
        var bytes = 0
        func note(_ record: Record) {
            if record.isLarge {
                large.insert(record.large.address)
            } else if record.isExternal {
                blocks.insert(record.block.address)
            }
        }
        snapshot.side.forEach { side in
            let record = Record(address: side.address)
            bytes += record.footprint
            note(record)
        }
        for lent in snapshot.held { blocks.insert(lent.value.address) }
        for block in snapshot.heldLarge { large.insert(block.address) }
        discardedRecords.forEach { note(Record(address: $0.address)) }
        for address in large {
            bytes += largeFaults(LargeBlock(address: address), &faults)
        }
        for address in blocks {
            let block = ValueBlock(address: address)
            if block.frozenHolders == 0 || block.frozenHolders > block.holders {
                faults.append("a value of a snapshot that it does not hold")
            }
            if snapshot.isActive { bytes += snapshot.bytes(of: block) }
        }
        if bytes != snapshot.sideBytes, snapshot.isActive {
            faults.append("the snapshot holds \(bytes) bytes and counts \(snapshot.sideBytes)")
        }
        for index in 0..<databases.count {
            databases[index].dict.forEach { record in
                if record.isLarge {
                    guard !large.contains(record.large.address) else { return }
                    if record.large.frozenHolders > 0 || record.large.lineage.isFrozen {
                        faults.append("a large value is frozen for no snapshot")
                    }
                    return
                }
                guard record.isExternal, !blocks.contains(record.block.address) else { return }
                if record.block.frozenHolders > 0 || record.block.preImages != nil {
                    faults.append("a value is frozen for no snapshot")
                }
            }
        }
        return faults
    }

    /// What does not hold of a large value that a snapshot has. Returns what of the snapshot's
    /// account is its.
    private func largeFaults(_ block: LargeBlock, _ faults: inout [String]) -> Int {
        if block.frozenHolders == 0 || block.frozenHolders > block.holders {
            faults.append("a large value of a snapshot that it does not hold")
        }
        faults += block.faults()
        guard snapshot.isActive, block.head.charged.mark == snapshot.mark else { return 0 }
        if block.head.charged.bytes != snapshot.bytes(of: block) {
            faults.append("a large value counted wrongly")
        }
        return block.head.charged.bytes
    }

    private func fault(_ record: Record) -> String? {
        if !snapshot.isActive, snapshot.unfinished == 0, record.stamp != stamp {
            return "an entry that a finished snapshot did not see"
        }
        guard Entry(record).isString else { return collectionFault(record) }
        if record.isExternal, record.block.written < record.valueCount {
            return "a value is longer than what was written to its block"
        }
        switch Encoding(rawValue: record.kind >> 4) {
        case .integer?: return record.valueCount == 8 ? nil : "an integer of a wrong size"
        case .embedded?:
            return record.valueCount <= Encoding.embeddedLimit ? nil : "a long embedded string"
        case .raw?: return nil
        default: return "unknown encoding of a string"
        }
    }
}
