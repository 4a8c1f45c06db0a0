import Digests
import RESP
import SentinelCore
import Testing

/// Random faults for a while, then peace: promises hold throughout, and peace heals everything.
@Suite("Random faults")
struct SoakTests {
    /// What must be true at every moment.
    private struct Watch {
        var epochs: [Int: UInt64] = [:]
        var configurations: [UInt64: Int] = [:]
        var votes: [String: String] = [:]
        var seenEvents = 0
        var broken: [String] = []

        mutating func look(_ network: MiniNetwork) {
            for index in network.peers.indices where network.peers[index].isAlive {
                let state = network.peers[index].state
                if state.currentEpoch < epochs[index] ?? 0 { broken.append("epoch went back") }
                epochs[index] = state.currentEpoch
                let group = network.group(index)
                guard group.configurationEpoch > 0 else { continue }
                let port = group.currentAddress.port
                let known = configurations[group.configurationEpoch, default: port]
                configurations[group.configurationEpoch] = known
                if known != port {
                    broken.append("epoch \(group.configurationEpoch): \(known) and \(port)")
                }
            }
            for event in network.events[seenEvents...] where event.channel == "+vote-for-leader" {
                let words = event.text.split(separator: " ").map(String.init)
                let key = "\(event.sentinel) \(words[1])"
                if let other = votes[key], other != words[0] { broken.append("two votes: \(key)") }
                votes[key] = words[0]
            }
            seenEvents = network.events.count
        }
    }

    private func fault(_ network: MiniNetwork, _ random: inout RandomGenerator, ours: Bool) {
        let server = 7000 + random.below(3)
        let sentinel = random.below(3)
        let length = Int64(200 + random.below(6000))
        switch random.below(9) {
        case 0, 1:
            guard network.servers[server]?.isAlive == true else { return }
            network.kill(server)
            network.after(length) { network in
                network.servers[server]?.isAlive = true
                network.servers[server]?.runID = FakeServer.id(Int(network.now % 1_000_000))
                if ours, network.servers[server]?.primary == nil {
                    network.servers[server]?.isFenced = true
                    network.servers[server]?.offset = 0
                }
            }
        case 2:
            let port = MiniNetwork.firstSentinelPort + sentinel
            network.cut(port, server)
            network.after(length) { $0.cut(port, server, false) }
        case 3:
            let port = MiniNetwork.firstSentinelPort + sentinel
            let other = MiniNetwork.firstSentinelPort + (sentinel + 1) % 3
            network.cut(port, other)
            network.after(length) { $0.cut(port, other, false) }
        case 4:
            guard network.peers[sentinel].isAlive else { return }
            network.crash(sentinel)
            network.after(length) { $0.restart(sentinel) }
        case 5:
            guard network.peers[sentinel].isAlive else { return }
            network.stall(sentinel, length)
        case 6:
            network.peers[sentinel].disk = .fails
            network.after(length) { $0.peers[sentinel].disk = .works }
        case 7: _ = network.ask(sentinel, ["SENTINEL", "FAILOVER", "g"])
        default:
            network.servers[server]?.handOver = random.below(2) == 0 ? .givesUp : .works
        }
    }

    @Test("promises hold, and peace heals", arguments: 0..<60)
    func soak(seed: Int) {
        var random = RandomGenerator(seed: UInt64(seed))
        let ours = seed % 2 == 0
        let servers = (0..<3).map { index in
            var server = FakeServer(7000 + index, primary: index == 0 ? nil : 7000)
            server.isOurs = ours
            return server
        }
        let network = MiniNetwork(sentinels: 3, servers: servers, seed: UInt64(seed))
        #expect(network.settle())
        var watch = Watch()
        for _ in 0..<25 {
            fault(network, &random, ours: ours)
            let end = network.now + Int64(random.below(3_000_000))
            while network.now < end {
                network.run(20)
                watch.look(network)
            }
        }
        network.run(7000)
        for port in 7000...7002 { network.servers[port]?.handOver = .works }
        let healed = network.run(atMost: 120_000) {
            let port = network.primaryPort(0)
            return network.allAgree(on: port) && network.servers[port]?.primary == nil
                && network.servers[port]?.isFenced == false
                && (7000...7002).allSatisfy { $0 == port || network.servers[$0]?.primary == port }
        }
        watch.look(network)
        if !watch.broken.isEmpty || !healed {
            print("SEED \(seed) \(watch.broken.first ?? "not healed")")
            for event in network.events {
                print("EV \(event.time / 1000) s\(event.sentinel) \(event.channel) \(event.text)")
            }
            for index in 0..<3 {
                let group = network.group(index)
                print("END s\(index) alive \(network.peers[index].isAlive)")
                print("  primary \(network.primaryPort(index)) e\(group.configurationEpoch)")
                print("  \(String(describing: group.failover))")
            }
            for port in 7000...7002 {
                print("END \(port) \(String(describing: network.servers[port]))")
            }
        }
        #expect(watch.broken.isEmpty)
        #expect(healed, "seed \(seed)")
    }
}
