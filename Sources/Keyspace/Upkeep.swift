import DataStructures
import Memory

/// Work that is left for later, in slices of bounded size.
extension Databases {
    /// Databases looked at in one call.
    private static let databasesPerTurn = 16
    /// What freeing a piece of a long value costs in units of `maintain`'s budget, and a block
    /// that is but one piece.
    private static let pieceCost = 50
    private static let smallBlockCost = 2

    /// How many calls of `maintain` look at every database once.
    package var maintenanceRound: Int {
        (databases.count + Databases.databasesPerTurn - 1) / Databases.databasesPerTurn
    }

    /// Moves on what is under way: growing and shrinking tables, freeing. One unit of `budget`
    /// is a bucket with its entries, less than a microsecond as a rule. Returns whether there is
    /// more to do.
    @discardableResult
    package mutating func maintain(budget: Int) -> Bool {
        var more = freeSlice(budget: budget)
        for _ in 0..<min(databases.count, Databases.databasesPerTurn) {
            maintainTurn = (maintainTurn + 1) % databases.count
            if databases[maintainTurn].dict.rehash(steps: budget) { more = true }
        }
        return restampSlice(budget: budget) || more
    }

    /// Frees up to `budget` buckets, records or pieces of what was deleted. Returns whether
    /// anything is left.
    @discardableResult
    package mutating func freeSlice(budget: Int) -> Bool {
        var left = budget
        while left > 0, let piece = discardedPieces.popFirst() {
            left -= piece.isSmall ? Databases.smallBlockCost : Databases.pieceCost
            if let rest = piece.freeSlice(heap: heap) { discardedPieces.append(rest) }
        }
        while left > 0, let side = discardedRecords.popFirst() {
            let record = Record(address: side.address)
            left -= record.isExternal ? Databases.pieceCost : 1
            freeSide(record)
        }
        while left > 0, let last = discarded.last {
            let buckets = last.value.dict.buckets
            let ended = last.value.dict.drain(min(left, 64)) { record in
                // Not `free`, which would need the whole keyspace while it lends a part.
                if record.isLarge {
                    if record.large.release() {
                        discardedPieces.append(DiscardedPiece(record.large))
                    } else {
                        snapshot.account(record.large)
                    }
                } else if record.isExternal {
                    if record.block.release() {
                        discardedPieces.append(DiscardedPiece(record.block))
                    } else {
                        snapshot.charge(record.block)
                    }
                }
                record.free(heap: heap)
            }
            left -= min(left, min(64, buckets))
            if ended {
                last.free()
                discarded.removeLast()
            }
        }
        return hasGarbage
    }

    /// Whether memory of deleted things waits to be freed.
    @inlinable
    package var hasGarbage: Bool {
        !discarded.isEmpty || !discardedRecords.isEmpty || !discardedPieces.isEmpty
    }
}
