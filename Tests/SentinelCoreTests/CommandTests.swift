import RESP
import SentinelCore
import Testing

@Suite("SENTINEL commands")
struct CommandTests {
    private func network(sentinels: Int = 3, extra: [String] = []) -> MiniNetwork {
        let network = MiniNetwork(
            sentinels: sentinels, servers: [FakeServer(7000), FakeServer(7001, primary: 7000)],
            extra: extra)
        _ = network.settle()
        return network
    }

    private func names(_ map: RESPValue?) -> [String] {
        guard case .map(let items) = map else { return [] }
        return stride(from: 0, to: items.count, by: 2).compactMap { items[$0].string }
    }

    private func field(_ map: RESPValue?, _ name: String) -> String? {
        guard case .map(let items) = map else { return nil }
        let index = stride(from: 0, to: items.count, by: 2).first { items[$0].string == name }
        return index.flatMap { items[$0 + 1].string }
    }

    @Test("a primary's map has Redis's fields in Redis's order")
    func primaryMap() {
        let network = network()
        let map = network.command(0, "SENTINEL", "MASTER", "g")
        #expect(
            names(map) == [
                "name", "ip", "port", "runid", "flags", "link-pending-commands", "link-refcount",
                "last-ping-sent", "last-ok-ping-reply", "last-ping-reply",
                "down-after-milliseconds", "info-refresh", "role-reported", "role-reported-time",
                "config-epoch", "num-slaves", "num-other-sentinels", "quorum", "failover-timeout",
                "parallel-syncs",
            ])
        #expect(field(map, "flags") == "master")
        #expect(field(map, "num-slaves") == "1")
        #expect(field(map, "num-other-sentinels") == "2")
        #expect(field(map, "runid") == FakeServer.id(7000))
        #expect(network.command(0, "SENTINEL", "PRIMARY", "g") == map)
        #expect(
            network.command(0, "sentinel", "masters")?.elements?.first.map(names) == names(map))
        #expect(
            network.command(0, "SENTINEL", "MASTER", "x")
                == .error("ERR No such master with that name"))
    }

    @Test("so have those of replicas and sentinels")
    func otherMaps() {
        let network = network()
        let replica = network.command(0, "SENTINEL", "REPLICAS", "g")?.elements?.first
        #expect(
            names(replica) == [
                "name", "ip", "port", "runid", "flags", "link-pending-commands", "link-refcount",
                "last-ping-sent", "last-ok-ping-reply", "last-ping-reply",
                "down-after-milliseconds", "info-refresh", "role-reported", "role-reported-time",
                "master-link-down-time", "master-link-status", "master-host", "master-port",
                "slave-priority", "slave-repl-offset", "replica-announced",
            ])
        #expect(field(replica, "name") == "127.0.0.1:7001")
        #expect(field(replica, "master-link-status") == "ok")
        #expect(field(replica, "slave-repl-offset") == "1000")
        let peer = network.command(0, "SENTINEL", "SENTINELS", "g")?.elements?.first
        #expect(
            names(peer) == [
                "name", "ip", "port", "runid", "flags", "link-pending-commands", "link-refcount",
                "last-ping-sent", "last-ok-ping-reply", "last-ping-reply",
                "down-after-milliseconds", "last-hello-message", "voted-leader",
                "voted-leader-epoch",
            ])
        #expect(field(peer, "name") == FakeServer.id(2))
        #expect(field(peer, "voted-leader") == "?")
    }

    @Test("trouble shows in the flags, and the fields that go with it")
    func flags() {
        let network = network()
        network.servers[7001]?.obeysPromotion = false
        network.kill(7000)
        network.run(1500)
        let map = network.command(0, "SENTINEL", "MASTER", "g")
        #expect(field(map, "flags") == "s_down,o_down,master,disconnected,failover_in_progress")
        #expect(field(map, "failover-state") == "wait_promotion")
        #expect(names(map).contains("s-down-time") && names(map).contains("o-down-time"))
        let replica = network.command(0, "SENTINEL", "SLAVES", "g")?.elements?.first
        #expect(field(replica, "flags") == "slave,promoted")
        let peer = network.command(0, "SENTINEL", "SENTINELS", "g")?.elements?.first
        #expect(field(peer, "flags") == "sentinel,master_down")
        #expect(field(peer, "voted-leader") == FakeServer.id(1))
    }

    @Test("addresses, unknown names and ROLE")
    func addresses() {
        let network = network()
        for name in ["GET-MASTER-ADDR-BY-NAME", "get-primary-addr-by-name"] {
            #expect(
                network.command(0, "SENTINEL", name, "g")
                    == .array([.text("127.0.0.1"), .text("7000")]))
            #expect(network.command(0, "SENTINEL", name, "x") == .nullArray)
        }
        #expect(network.command(0, "ROLE") == .array([.text("sentinel"), .array([.text("g")])]))
        #expect(network.command(0, "SENTINEL", "MYID") == .text(FakeServer.id(1)))
    }

    @Test("CKQUORUM counts who is up")
    func quorum() {
        let network = network()
        #expect(
            network.command(0, "SENTINEL", "CKQUORUM", "g")
                == .simple(
                    "OK 3 usable Sentinels. Quorum and failover authorization can be reached"))
        network.crash(1)
        network.crash(2)
        network.run(2000)
        let majority =
            "Not enough available Sentinels to reach the majority and authorize a failover"
        #expect(
            network.command(0, "SENTINEL", "CKQUORUM", "g")
                == .error(
                    "NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the "
                        + "specified quorum for this master. " + majority))
        #expect(network.command(0, "SENTINEL", "SET", "g", "quorum", "1") == .simple("OK"))
        #expect(
            network.command(0, "SENTINEL", "CKQUORUM", "g")
                == .error("NOQUORUM 1 usable Sentinels. " + majority))
    }

    @Test("wrong numbers of arguments and unknown subcommands")
    func arity() {
        let network = network(sentinels: 1)
        for row in Subcommand.all where row.arity != -2 {
            let words = ["SENTINEL", row.name] + (row.arity == 2 ? ["x"] : [])
            let session = network.ask(0, words)
            #expect(
                network.replies[session]
                    == .error(
                        "ERR wrong number of arguments for 'sentinel|\(row.name)' command"))
        }
        #expect(
            network.command(0, "SENTINEL", "FOO")
                == .error("ERR unknown subcommand 'FOO'. Try SENTINEL HELP."))
        #expect(
            network.command(0, "SENTINEL")
                == .error("ERR wrong number of arguments for 'sentinel' command"))
    }

    @Test("MONITOR and REMOVE")
    func monitor() {
        let network = network(sentinels: 1)
        func monitor(_ words: String...) -> RESPValue? {
            let session = network.ask(0, ["SENTINEL", "MONITOR"] + words)
            network.run(100)
            return network.replies[session]
        }
        #expect(monitor("h", "127.0.0.1", "7001", "x") == .error("ERR Invalid quorum"))
        #expect(monitor("h", "127.0.0.1", "x", "1") == .error("ERR Invalid port"))
        #expect(monitor("h", "127.0.0.1", "1", "0") == .error("ERR Quorum must be 1 or greater."))
        #expect(
            monitor("h", "nowhere", "1", "1")
                == .error("ERR Invalid IP address or hostname specified"))
        #expect(monitor("g", "127.0.0.1", "1", "1") == .error("ERR Duplicate master name."))
        #expect(monitor("h", "127.0.0.1", "7001", "1") == .simple("OK"))
        #expect(network.peers[0].configuration.contains("sentinel monitor h 127.0.0.1 7001 1"))
        #expect(network.command(0, "SENTINEL", "REMOVE", "h") == .simple("OK"))
        #expect(network.events(.unmonitor).map(\.text) == ["master h 127.0.0.1 7001"])
        #expect(!network.peers[0].configuration.contains { $0.contains(" h ") })
        #expect(network.peers[0].state.groups.count == 1)
        network.run(5000)
    }

    @Test("SET tells what it set, and hides passwords")
    func set() {
        let network = network(sentinels: 1)
        #expect(
            network.command(
                0, "SENTINEL", "SET", "g", "down-after-milliseconds", "2500", "auth-pass", "p",
                "rename-command", "CONFIG", "guarded") == .simple("OK"))
        #expect(
            network.events(.set).map(\.text) == [
                "master g 127.0.0.1 7000 down-after-milliseconds 2500",
                "master g 127.0.0.1 7000 auth-pass ******",
                "master g 127.0.0.1 7000 rename-command CONFIG guarded",
            ])
        let lines = network.peers[0].configuration
        #expect(lines.contains("sentinel auth-pass g p"))
        #expect(lines.contains("sentinel rename-command g CONFIG guarded"))
        network.run(1000)
        #expect(network.servers[7000]?.requests.contains(["AUTH", "p"]) == true)
        #expect(
            network.command(0, "SENTINEL", "SET", "g", "quorum", "0")
                == .error("ERR Invalid argument '0' for SENTINEL SET 'quorum'"))
        #expect(
            network.command(0, "SENTINEL", "SET", "g", "nothing", "0")
                == .error("ERR Unknown option or number of arguments for SENTINEL SET 'nothing'"))
        let denied = network.command(0, "SENTINEL", "SET", "g", "notification-script", "/bin/true")
        #expect(denied?.string?.hasPrefix("ERR Reconfiguration of scripts path is denied") == true)
        // What came before the mistake stays.
        _ = network.command(0, "SENTINEL", "SET", "g", "quorum", "3", "quorum", "x")
        #expect(network.group(0).settings.quorum == 3)
    }

    @Test("RESET forgets what was learned")
    func reset() {
        let network = network()
        #expect(network.command(0, "SENTINEL", "RESET", "nosuch") == .integer(0))
        #expect(network.command(0, "SENTINEL", "RESET", "*") == .integer(1))
        #expect(network.events(.reset).map(\.text) == ["master g 127.0.0.1 7000"])
        #expect(network.group(0).sentinels.isEmpty && network.group(0).replicas.isEmpty)
        #expect(network.settle())
    }

    @Test("CONFIG GET and SET")
    func config() {
        let network = network(sentinels: 1)
        #expect(
            network.command(0, "SENTINEL", "CONFIG", "GET", "announce-*")
                == .map([
                    .text("announce-hostnames"), .text("no"), .text("announce-ip"), .text(""),
                    .text("announce-port"), .text("0"),
                ]))
        #expect(
            network.command(0, "SENTINEL", "CONFIG", "SET", "announce-port", "5000")
                == .simple("OK"))
        #expect(network.peers[0].state.globals.announcedPort == 5000)
        #expect(
            network.command(0, "SENTINEL", "CONFIG", "SET", "announce-port", "70000")
                == .error("ERR Invalid value '70000' to SENTINEL CONFIG SET 'announce-port'"))
        #expect(
            network.command(0, "SENTINEL", "CONFIG", "SET", "nothing", "1")
                == .error("ERR Invalid argument 'nothing' to SENTINEL CONFIG SET"))
        #expect(
            network.command(0, "SENTINEL", "CONFIG", "GET", "a", "b")
                == .error(
                    "ERR Only SENTINEL CONFIG GET <option> / SET <option> <value> are supported."))
    }

    @Test("DEBUG shows and sets the timing constants")
    func debug() {
        let network = network(sentinels: 1)
        let map = network.command(0, "SENTINEL", "DEBUG")
        #expect(
            names(map) == [
                "INFO-PERIOD", "PING-PERIOD", "ASK-PERIOD", "PUBLISH-PERIOD",
                "DEFAULT-DOWN-AFTER", "DEFAULT-FAILOVER-TIMEOUT", "TILT-TRIGGER", "TILT-PERIOD",
                "SLAVE-RECONF-TIMEOUT", "MIN-LINK-RECONNECT-PERIOD", "ELECTION-TIMEOUT",
                "SCRIPT-MAX-RUNTIME", "SCRIPT-RETRY-DELAY",
            ])
        #expect(field(map, "TILT-PERIOD") == "30000")
        #expect(
            network.command(0, "SENTINEL", "DEBUG", "info-period", "500", "PING-PERIOD", "200")
                == .simple("OK"))
        #expect(network.peers[0].state.timing.infoPeriod == 500)
        #expect(
            network.command(0, "SENTINEL", "DEBUG", "info-period", "0")
                == .error("ERR Invalid argument '0' for SENTINEL DEBUG 'info-period'"))
        #expect(
            network.command(0, "SENTINEL", "DEBUG", "nothing")
                == .error("ERR Unknown option or number of arguments for SENTINEL DEBUG 'nothing'"))
    }

    @Test("INFO's section and the cache of INFOs")
    func info() {
        let network = network()
        #expect(
            network.peers[0].state.infoSection.split(separator: "\r\n") == [
                "sentinel_masters:1", "sentinel_tilt:0", "sentinel_tilt_since_seconds:-1",
                "sentinel_running_scripts:0", "sentinel_scripts_queue_length:0",
                "sentinel_simulate_failure_flags:0",
                "master0:name=g,status=ok,address=127.0.0.1:7000,slaves=1,sentinels=3",
            ])
        let cache = network.command(0, "SENTINEL", "INFO-CACHE", "g", "x")?.elements
        #expect(cache?.count == 2)
        #expect(cache?[1].elements?.count == 2)
        #expect(
            cache?[1].elements?.first?.elements?.last?.string?.contains("role:master") == true)
    }

    @Test("PUBLISH takes hellos only")
    func publish() {
        let network = network(sentinels: 1)
        #expect(
            network.command(0, "PUBLISH", "a", "b")
                == .error("ERR Only HELLO messages are accepted by Sentinel instances."))
        let hello = "127.0.0.1,26390,\(FakeServer.id(40)),3,g,127.0.0.1,7000,0"
        #expect(network.command(0, "PUBLISH", "__sentinel__:hello", hello) == .integer(1))
        #expect(network.group(0).sentinels.map(\.runID) == [FakeServer.id(40)])
        #expect(network.peers[0].state.currentEpoch == 3)
    }

    @Test("scripts run for warnings, are repeated when they ask for it, and reported")
    func scripts() {
        let network = network(
            sentinels: 1, extra: ["sentinel notification-script g /bin/notify"])
        network.run(10)
        let first = network.command(0, "SENTINEL", "PENDING-SCRIPTS")?.elements?.first
        #expect(names(first) == ["argv", "flags", "pid", "run-time", "retry-num"])
        #expect(field(first, "flags") == "running")
        network.give(0, .scriptExited(1, status: 1, signal: 0))
        let again = network.command(0, "SENTINEL", "PENDING-SCRIPTS")?.elements?.first
        #expect(field(again, "flags") == "scheduled")
        network.run(31000)
        network.give(0, .scriptExited(2, status: 2, signal: 0))
        #expect(network.events(.scriptError).map(\.text) == ["/bin/notify 0 2"])
    }

    @Test(
        "times beyond all reason are refused",
        arguments: [
            ("SET", "down-after-milliseconds"), ("SET", "failover-timeout"),
            ("SET", "master-reboot-down-after-period"), ("DEBUG", "ask-period"),
        ])
    func absurdTimes(command: String, option: String) {
        let network = network(sentinels: 1)
        network.run(10)
        for value in ["9223372036854775807", "9223372036854775", "-9223372036854775808"] {
            let words = ["SENTINEL", command] + (command == "SET" ? ["g"] : []) + [option, value]
            let session = network.ask(0, words)
            network.run(100)
            #expect(network.replies[session]?.isError == true)
        }
        network.servers[7001]?.linkIsUp = false
        network.servers[7001]?.linkDownSeconds = "9223372036854775807"
        network.kill(7000)
        network.run(5000)
        #expect(network.group(0).replicas.count == 1)
    }
}
