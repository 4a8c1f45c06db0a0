import Memory
import RESP

extension ReplicationStream {
    /// Commands that replicas must apply together, as long as they are being written.
    struct Unit {
        /// Where in `staged` the first command starts; -1 outside a unit.
        var start = -1
        /// Commands begun.
        var commands = 0
        /// Whether MULTI has been written, so that EXEC must follow.
        var isWrapped = false

        var isOpen: Bool { start >= 0 }
    }

    /// Arguments from this size on go to the log directly instead of through `staged`.
    private static let largeArgument = ByteRing.blockSize

    /// Opens a unit: what is written until `endUnit` reaches replicas as one transaction when it
    /// is more than one command, and as it is when it is one.
    package mutating func beginUnit() {
        invariant(!unit.isOpen, "units do not nest")
        if staged.count >= 64 * 1024 { settle() }
        unit = Unit(start: staged.count)
    }

    /// Closes the unit.
    package mutating func endUnit() {
        invariant(unit.isOpen, "no unit to end")
        if unit.isWrapped { staged.append("*1\r\n$4\r\nEXEC\r\n") }
        unit = Unit()
    }

    /// Starts a command of `count` arguments in `database`; as many calls of `argument` follow.
    /// Does nothing, as those do, without a backlog.
    package mutating func begin(_ database: Int, arguments count: Int) {
        guard isActive else { return }
        open(database)
        RequestWriter.head(count, to: &staged)
    }

    /// What precedes the bytes of a command.
    private mutating func open(_ database: Int) {
        if unit.isOpen {
            if unit.commands == 1 { wrapUnit() }
            unit.commands += 1
        } else if staged.count >= 64 * 1024 {
            settle()
        }
        select(database)
        if unit.commands == 1, unit.isOpen { unit.start = staged.count }
    }

    /// The next argument of the command begun.
    package mutating func argument(_ bytes: ByteView) {
        guard isActive else { return }
        guard bytes.count >= ReplicationStream.largeArgument, !unit.isOpen || unit.isWrapped else {
            RequestWriter.argument(bytes, to: &staged)
            return
        }
        staged.append(UInt8(ascii: "$"))
        staged.append(decimal: bytes.count)
        staged.append("\r\n")
        // Nothing will be put in front of these bytes any more.
        ring.append(staged.readable)
        staged.removeAll()
        ring.append(bytes)
        staged.append("\r\n")
    }

    /// The next argument, a word of ours.
    package mutating func argument(_ word: StaticString) { argument(ByteView(word)) }

    /// The next argument, `number` in decimal.
    package mutating func argument(decimal number: Int) {
        guard isActive else { return }
        var digits = number < 0 ? 2 : 1
        var rest = number.magnitude / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        staged.append(UInt8(ascii: "$"))
        staged.append(decimal: digits)
        staged.append("\r\n")
        staged.append(decimal: number)
        staged.append("\r\n")
    }

    /// A whole command: the arguments `range` of `arena`.
    package mutating func append(
        _ database: Int, _ arena: borrowing ArgumentArena, _ range: Range<Int>
    ) {
        guard isActive else { return }
        begin(database, arguments: range.count)
        for index in range { argument(arena[index]) }
    }

    /// A whole command that is encoded already, as a client sent it. The cheapest way: the bytes
    /// must be exactly what `begin` and `argument` would write.
    package mutating func append(_ database: Int, encoded: ByteView) {
        guard isActive else { return }
        open(database)
        if encoded.count >= ReplicationStream.largeArgument, !unit.isOpen || unit.isWrapped {
            ring.append(staged.readable)
            staged.removeAll()
            ring.append(encoded)
        } else {
            staged.append(encoded)
        }
    }

    /// Tells replicas that the primary lives; it counts in the offset like a command.
    package mutating func ping() {
        guard isActive else { return }
        invariant(!unit.isOpen, "ping inside a unit")
        staged.append("*1\r\n$4\r\nPING\r\n")
    }

    /// Asks every replica to acknowledge at once.
    package mutating func requestAcknowledgements() {
        guard isActive else { return }
        invariant(!unit.isOpen, "acknowledgement requested inside a unit")
        staged.append("*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n")
    }

    private mutating func select(_ wanted: Int) {
        guard wanted != database else { return }
        database = wanted
        staged.append("*2\r\n$6\r\nSELECT\r\n")
        argument(decimal: wanted)
    }

    /// The unit turns out to hold a second command: puts MULTI before the first (behind the
    /// SELECT that may precede it, as Redis has it).
    private mutating func wrapUnit() {
        let multi = ByteView("*1\r\n$5\r\nMULTI\r\n")
        let first = staged.count - unit.start
        staged.append(multi)
        let bytes = staged.readable[unit.start..<unit.start + first]
        staged.replace(at: unit.start + multi.count, with: bytes)
        staged.replace(at: unit.start, with: multi)
        unit.isWrapped = true
    }
}
