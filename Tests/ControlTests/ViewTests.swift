import RESP
import Testing
import tandem

@Suite("What servers and sentinels say")
struct ViewTests {
    private func instance(_ fields: [String: String]) -> InstanceView? {
        InstanceView(.array(fields.flatMap { [RESPValue.text($0.key), .text($0.value)] }))
    }

    private func primary(_ flags: String = "master") -> InstanceView? {
        instance([
            "name": "g", "ip": "10.0.0.1", "port": "6379", "flags": flags, "quorum": "2",
            "config-epoch": "5",
        ])
    }

    private func sample(_ time: Int64, _ fields: [String: String]) -> NodeSample {
        let text = fields.map { "\($0.key):\($0.value)\r\n" }.joined()
        return NodeSample(time: time, info: InfoReply("# Section\r\n" + text))
    }

    @Test("A group with all its members is well")
    func well() throws {
        let replica = try #require(
            instance(["name": "r", "flags": "slave", "master-link-status": "ok"]))
        let other = try #require(instance(["name": "s", "flags": "sentinel"]))
        let group = GroupView(
            primary: try #require(primary()), replicas: [replica], sentinels: [other, other])
        #expect(group.complaints == [])
        #expect(group.usableSentinels == 3)
        #expect(group.epoch == 5)
        #expect(group.primary.endpoint == Endpoint(host: "10.0.0.1", port: 6379))
    }

    @Test("What is wrong is said")
    func complaints() throws {
        let down = try #require(instance(["name": "r1", "flags": "slave,s_down,disconnected"]))
        let unlinked = try #require(
            instance(["name": "r2", "flags": "slave", "master-link-status": "err"]))
        let lost = try #require(instance(["name": "s", "flags": "sentinel,s_down"]))
        let group = GroupView(
            primary: try #require(primary("master,s_down,o_down")), replicas: [down, unlinked],
            sentinels: [lost, lost])
        #expect(
            group.complaints == [
                "the primary is down", "replica r1 is down",
                "replica r2 has no link to its primary",
                "1 of 3 sentinels are usable, no failover can be decided (quorum 2)",
            ])
        let alone = GroupView(
            primary: try #require(primary("master,s_down")), replicas: [], sentinels: [])
        #expect(alone.complaints.contains("no replica: nothing can be promoted"))
        #expect(alone.complaints.contains("this sentinel does not reach the primary"))
    }

    @Test("What is no table of fields is refused")
    func noInstance() {
        #expect(InstanceView(.integer(1)) == nil)
        #expect(InstanceView(.array([.text("name")])) == nil)
        #expect(InstanceView(.array([.integer(1), .text("x")])) == nil)
    }

    @Test("Rates come from two samples of one run")
    func rates() {
        let old = [
            "run_id": "a", "total_commands_processed": "100", "used_cpu_sys": "1.0",
            "used_cpu_user": "1.0", "total_net_input_bytes": "0", "total_net_output_bytes": "0",
            "keyspace_hits": "10", "keyspace_misses": "10", "instantaneous_ops_per_sec": "7",
        ]
        var new = old
        new["total_commands_processed"] = "300"
        new["used_cpu_user"] = "1.5"
        new["total_net_input_bytes"] = "4096"
        new["keyspace_hits"] = "13"
        new["keyspace_misses"] = "11"
        let rates = Rates(now: sample(3_000_000, new), before: sample(1_000_000, old))
        #expect(rates.operations == 100)
        #expect(rates.processor == 25)
        #expect(rates.input == 2048)
        #expect(rates.output == 0)
        #expect(rates.hitRatio == 0.75)
        let first = Rates(now: sample(1, old), before: nil)
        #expect(first.operations == 7)
        #expect(first.processor == nil)
        #expect(first.hitRatio == 0.5)
        new["run_id"] = "b"
        let restarted = Rates(now: sample(3_000_000, new), before: sample(1_000_000, old))
        #expect(restarted.operations == 7)
        #expect(restarted.input == nil)
    }

    @Test("A row tells role, offset and lag; a primary has no lag")
    func rows() {
        let endpoint = Endpoint(host: "h", port: 1)
        let replica = sample(
            0,
            [
                "role": "slave", "master_link_status": "up", "slave_repl_offset": "900",
                "master_repl_offset": "950", "used_memory": "2048",
            ])
        let row = NodeRow(endpoint, now: replica, before: nil, primaryOffset: 1000)
        #expect(Array(row.cells.prefix(4)) == ["h:1", "replica", "900", "100B"])
        #expect(row.cells.count == NodeRow.titles.count)
        let primary = sample(0, ["role": "master", "master_repl_offset": "1000"])
        let cells = NodeRow(endpoint, now: primary, before: nil, primaryOffset: 1000).cells
        #expect(Array(cells.prefix(4)) == ["h:1", "primary", "1000", "–"])
        let syncing = sample(0, ["role": "slave", "master_sync_in_progress": "1"])
        #expect(
            NodeRow(endpoint, now: syncing, before: nil, primaryOffset: nil).cells[1]
                == "replica, syncing")
        let cut = sample(0, ["role": "slave", "master_link_status": "down"])
        #expect(
            NodeRow(endpoint, now: cut, before: nil, primaryOffset: nil).cells[1]
                == "replica, no link")
    }
}
