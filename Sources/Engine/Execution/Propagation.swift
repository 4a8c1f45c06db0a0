import Memory
import RESP
import Replication
import Sessions

/// The commands that one unit of execution (a command, a transaction, a cycle of expiry) sends to
/// replicas, already encoded. More than one leave as a transaction.

package struct PropagationUnit: ~Copyable {
    /// One command: its database (-1: any) and where its encoding ends.
    package struct Operation: Equatable, Sendable {
        package var database: Int
        package var end: Int
    }
    package var bytes: ByteBuffer
    package private(set) var operations: [Operation] = []
    /// Nobody reads the stream: nothing is recorded.
    package var isDisabled = true
    var count = 0

    package init(heap: Heap) { bytes = ByteBuffer(heap: heap) }

    package var isEmpty: Bool { count == 0 }

    /// Adds the request as it came.
    @inline(__always)
    mutating func append(_ call: Call) {
        if !isDisabled { encode(call) }
    }

    @inline(never)
    private mutating func encode(_ call: Call) {
        begin(call.count)
        for index in 0..<call.count { add(call[index]) }
        end(call.database)
    }

    /// Begins a command of `count` arguments, each given by `add`, ended by `end`.
    mutating func begin(_ count: Int) {
        bytes.append(UInt8(ascii: "*"))
        bytes.append(decimal: count)
        bytes.append("\r\n")
    }

    mutating func add(_ view: ByteView) { bytes.append(framed: view) }

    mutating func add(decimal value: Int) {
        let start = bytes.count
        bytes.append(decimal: value)
        let length = bytes.count - start
        bytes.truncate(to: start)
        bytes.append(UInt8(ascii: "$"))
        bytes.append(decimal: length)
        bytes.append("\r\n")
        bytes.append(decimal: value)
        bytes.append("\r\n")
    }

    mutating func end(_ database: Int) {
        operations.append(Operation(database: database, end: bytes.count))
        count += 1
    }

    mutating func removeAll() {
        bytes.removeAll()
        operations.removeAll(keepingCapacity: true)
        count = 0
    }
}

extension DataEngine {
    /// Adds a command to the unit: what a handler that returns `.rewritten` did, or an effect
    /// such as the DEL of an expired key.
    mutating func propagate(
        _ database: Int, _ name: StaticString, _ first: ByteView, _ rest: ByteView...
    ) {
        guard !unit.isDisabled else { return }
        unit.begin(2 + rest.count)
        unit.add(ByteView(name))
        unit.add(first)
        for view in rest { unit.add(view) }
        unit.end(database)
    }

    /// Sends a request as it came to the stream, when it is all there is to send.
    @inline(__always)
    mutating func propagateAlone(_ call: Call, _ start: Int) {
        if !unit.isDisabled {
            replication.stream.append(
                call.database, frontend.arena.value, call.first..<call.first + call.count)
            call.session.value.lastWriteOffset = streamEnd
        }
        if !replyGate.isOpen { hold(call, from: start, isWrite: !unit.isDisabled) }
    }

    /// Sends the unit to the stream and notes the offset for WAIT. Several commands leave as a
    /// transaction, except where `isSplit` says that they have nothing to do with each other.
    mutating func flushUnit(for session: Slot<Session>?, isSplit: Bool = false) {
        guard !unit.isEmpty else { return }
        feedStream(isSplit: isSplit)
        unit.removeAll()
        if let session { session.value.lastWriteOffset = streamEnd }
    }
}
