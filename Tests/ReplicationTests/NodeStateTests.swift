import Digests
import Memory
import Replication
import Testing

@Suite struct NodeStateTests {
    private func sample() -> NodeState {
        var state = NodeState(
            nodeID: id("a").text, role: .primary,
            stop: .clean(StreamPosition(id: id("b"), offset: 4711)), epoch: 12)
        for digit: Character in ["d", "e"] { _ = state.enter(id(digit)) }
        _ = state.watch(NodeState.Watcher(id: id("1").text, host: "10.0.0.1", port: 26379)!)
        _ = state.watch(NodeState.Watcher(id: id("2").text, host: "fe80::1%eth0", port: 0)!)
        return state
    }

    @Test func theFileIsTextThatSaysWhatItMeans() {
        let text = String(decoding: sample().file, as: UTF8.self)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(
            lines.dropLast() == [
                "tandem-node-state 1", "node \(id("a"))", "role primary",
                "stop clean \(id("b")) 4711", "epoch 12", "history \(id("d"))",
                "history \(id("e"))", "sentinel \(id("1")) 10.0.0.1 26379",
                "sentinel \(id("2")) fe80::1%eth0 0",
            ])
        #expect(lines.last?.hasPrefix("checksum ") == true && lines.last?.count == 25)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let states = [
            sample(), NodeState(nodeID: id("c").text, role: .replica),
            NodeState(
                nodeID: id("c").text, role: .primary, stop: .unclean, epoch: NodeState.epochLimit),
        ]
        for state in states { #expect(try NodeState(file: state.file) == state) }
    }

    @Test func watchersAreKeptOncePerIDAndAreBounded() {
        var state = sample()
        let moved = NodeState.Watcher(id: id("1").text, host: "10.0.0.9", port: 1)!
        let results = [state.watch(moved), state.watch(moved)]
        #expect(results == [true, false])
        #expect(state.watchers.count == 2 && state.watchers[0].host == "10.0.0.9")
        let forgotten = [state.unwatch(id: id("1").text), state.unwatch(id: id("1").text)]
        #expect(forgotten == [true, false])
        var random = RandomGenerator(seed: 1)
        for _ in 0..<100 {
            _ = state.watch(NodeState.Watcher(id: random.hex(40), host: "h", port: 1)!)
        }
        #expect(state.watchers.count == NodeState.watcherLimit)
        #expect(NodeState.Watcher(id: "short", host: "h", port: 1) == nil)
        #expect(NodeState.Watcher(id: id("1").text, host: "a b", port: 1) == nil)
        #expect(NodeState.Watcher(id: id("1").text, host: "h\n", port: 1) == nil)
        #expect(NodeState.Watcher(id: id("1").text, host: "", port: 1) == nil)
        #expect(NodeState.Watcher(id: id("1").text, host: "h", port: 65536) == nil)
    }

    @Test func historiesAreKeptInTheirOrderAndAreBounded() {
        var state = sample()
        let entered = [state.enter(id("e")), state.enter(id("d")), state.enter(id("f"))]
        #expect(entered == [false, true, true])
        #expect(state.histories == [id("e"), id("d"), id("f")])
        state.resume(id("d"))
        #expect(state.histories.count == 3)
        state.resume(id("c"))
        #expect(state.histories == [id("c")])
        var random = RandomGenerator(seed: 1)
        var last: [ReplicationID] = []
        for _ in 0..<100 {
            last.append(ReplicationID(random: &random))
            _ = state.enter(last[last.count - 1])
        }
        #expect(state.histories == last.suffix(NodeState.historyLimit))
    }

    /// Files of versions that remembered no histories have none of these lines.
    @Test func aFileWithoutHistoriesIsRead() throws {
        let bytes = file([
            "tandem-node-state 1", "node \(id("a"))", "role replica", "stop unclean", "epoch 3",
        ])
        let state = NodeState(nodeID: id("a").text, role: .replica, epoch: 3)
        #expect(try NodeState(file: bytes) == state)
    }

    @Test func everyDamagedByteAndEveryCutIsNoticed() {
        let file = sample().file
        for index in file.indices {
            var damaged = file
            damaged[index] ^= 1
            #expect(throws: NodeStateError.self) { try NodeState(file: damaged) }
            #expect(throws: NodeStateError.self) { try NodeState(file: Array(file[0..<index])) }
        }
    }

    /// A file with these lines and a right checksum.
    private func file(_ lines: [String]) -> [UInt8] {
        let body = Array((lines.joined(separator: "\n") + "\n").utf8)
        let crc = String(body.withView { CRC64.update(crc: 0, $0) }, radix: 16)
        let padding = String(repeating: "0", count: 16 - crc.count)
        return body + Array("checksum \(padding)\(crc)\n".utf8)
    }

    @Test(arguments: [
        (2, "epoch -1", 5, NodeStateError.Reason.badValue("epoch")),
        (2, "epoch x", 5, .badValue("epoch")),
        (2, "epoch 1 2", 5, .badValue("epoch")),
        (2, "role primary", 5, .repeated("role")),
        (2, "colour blue", 5, .unknownName("colour")),
        (2, "", 5, .unknownName("")),
        (2, "history 123", 5, .badValue("history")),
        (2, "sentinel x h 1", 5, .badValue("sentinel")),
        (2, "sentinel", 5, .badValue("sentinel")),
        (1, "stop clean 1", 4, .badValue("stop")),
        (0, "role queen", 3, .badValue("role")),
    ])
    func badLinesAreNamed(
        _ replaced: Int, _ line: String, _ number: Int, _ reason: NodeStateError.Reason
    ) {
        var lines = ["role replica", "stop unclean", "epoch 3"]
        lines[replaced] = line
        let bytes = file(["tandem-node-state 1", "node \(id("a"))"] + lines)
        #expect(throws: NodeStateError(line: number, reason)) { try NodeState(file: bytes) }
    }

    @Test func wholesaleErrorsAreTold() {
        func error(_ bytes: [UInt8]) -> NodeStateError? {
            do throws(NodeStateError) {
                _ = try NodeState(file: bytes)
                return nil
            } catch { return error }
        }
        #expect(error([]) == NodeStateError(line: 1, .noVersion))
        #expect(error([0xff, 0xfe]) == NodeStateError(line: 0, .notText))
        #expect(error(Array("tandem-node-state 2\n".utf8))?.reason == .unsupportedVersion("2"))
        let long = [UInt8](repeating: 97, count: NodeState.fileLimit + 1)
        #expect(error(long)?.reason == .tooLong)
        let short = file(["tandem-node-state 1", "node \(id("a"))"])
        #expect(error(short) == NodeStateError(line: 0, .missing("role")))
        #expect(error(short)?.description == "node-state: 'role' is missing")
        let twice = file([
            "tandem-node-state 1", "node \(id("a"))", "role replica", "stop unclean", "epoch 1",
            "sentinel \(id("1")) h 1", "sentinel \(id("1")) h 2",
        ])
        #expect(error(twice)?.description == "node-state, line 7: 'sentinel' stands twice")
        let head = ["tandem-node-state 1", "node \(id("a"))", "role replica", "stop unclean"]
        let again = file(head + ["epoch 1", "history \(id("1"))", "history \(id("1"))"])
        #expect(error(again)?.description == "node-state, line 7: 'history' stands twice")
    }
}
