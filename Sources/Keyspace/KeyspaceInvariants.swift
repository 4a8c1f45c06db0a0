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
            if !snapshot.side.isEmpty || snapshot.sideBytes != 0 || !snapshot.held.isEmpty {
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
        var bytes = 0
        snapshot.side.forEach { side in
            let record = Record(address: side.address)
            bytes += record.footprint
            if record.isExternal { blocks.insert(record.block.address) }
        }
        for lent in snapshot.held { blocks.insert(lent.value.address) }
        discardedRecords.forEach { side in
            let record = Record(address: side.address)
            if record.isExternal { blocks.insert(record.block.address) }
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
                guard record.isExternal, !blocks.contains(record.block.address) else { return }
                if record.block.frozenHolders > 0 || record.block.preImages != nil {
                    faults.append("a value is frozen for no snapshot")
                }
            }
        }
        return faults
    }

    private func fault(_ record: Record) -> String? {
        if record.shape.flags & 4 != 0, record.block.written < record.valueCount {
            return "a value is longer than what was written to its block"
        }
        if record.kind & 15 != 0 { return "unknown type" }
        switch Encoding(rawValue: record.kind >> 4) {
        case .integer?: return record.valueCount == 8 ? nil : "an integer of a wrong size"
        case .embedded?:
            return record.valueCount <= Encoding.embeddedLimit ? nil : "a long embedded string"
        case .raw?: break
        case nil: return "unknown encoding"
        }
        if !snapshot.isActive, snapshot.unfinished == 0, record.stamp != stamp {
            return "an entry that a finished snapshot did not see"
        }
        return nil
    }
}
