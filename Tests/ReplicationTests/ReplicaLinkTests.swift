import Memory
import Replication
import Testing

/// A second in the unit of the machines' clock.
let second: Int64 = 1_000_000

func configure(_ link: inout ReplicaLink, _ option: String, _ value: String, at now: Int64 = 0)
    -> ReplicaLink.Configured
{
    Array(option.utf8).withView { option in
        Array(value.utf8).withView { link.configure(option, $0, at: now) }
    }
}

@Suite struct ReplicaLinkTests {
    @Test func optionsAreRemembered() {
        var link = ReplicaLink(peerAddress: "10.0.0.1", at: 0)
        #expect(link.name == "10.0.0.1:0")
        let options = [
            ("LISTENING-PORT", "6380"), ("ip-address", "host"), ("capa", "eof"),
            ("capa", "PSYNC2"), ("capa", "from-the-future"), ("rdb-only", "1"),
        ]
        for (option, value) in options {
            let result = configure(&link, option, value)
            #expect(result == .ok)
        }
        #expect(link.name == "host:6380" && link.wantsSnapshotOnly)
        #expect(link.understandsMarks && link.understandsNewIDs)
    }

    @Test(arguments: [
        ("listening-port", "x", "ERR value is not an integer or out of range"),
        (
            "ip-address", String(repeating: "a", count: 256),
            "ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes"
        ),
        ("rdb-only", "2", "ERR value is out of range, value must between 0 and 1"),
        ("rdb-filter-only", "keys", "ERR Unsupported rdb-filter-only option: keys"),
        ("version", "8.0.0", "ERR Unrecognized REPLCONF option: version"),
    ])
    func badOptionsAreRefusedInRedissWords(_ option: String, _ value: String, _ text: String) {
        var link = ReplicaLink(peerAddress: "a", at: 0)
        let result = configure(&link, option, value)
        #expect(result == .refused(text))
    }

    @Test func filtersChooseWhatTheSnapshotHolds() {
        var link = ReplicaLink(peerAddress: "a", at: 0)
        #expect(link.wantsKeys && link.wantsFunctions)
        _ = configure(&link, "rdb-filter-only", "functions")
        #expect(!link.wantsKeys && link.wantsFunctions)
        _ = configure(&link, "rdb-filter-only", "")
        #expect(!link.wantsKeys && !link.wantsFunctions)
    }

    @Test func acknowledgementsGoForwardAndAreTakenFromReplicasOnly() {
        var link = ReplicaLink(peerAddress: "a", at: 0)
        _ = configure(&link, "ack", "100", at: 5)
        #expect(link.acknowledged == 0)
        link.resume(at: 50, now: 10)
        let result = configure(&link, "ack", "100", at: 20)
        #expect(result == .acknowledged && link.acknowledged == 100)
        _ = configure(&link, "ack", "90", at: 2 * second)
        #expect(link.acknowledged == 100 && link.acknowledgedAt == 2 * second)
        _ = configure(&link, "ack", "many", at: 3 * second)
        #expect(link.acknowledgedAt == 2 * second)
        #expect(link.lag(at: 2 * second + 999_999) == 0 && link.lag(at: 3 * second) == 1)
        let asked = configure(&link, "getack", "*")
        #expect(asked == .acknowledgementRequested)
    }

    @Test func aSnapshotDirectlyAndThroughAFile() {
        var link = ReplicaLink(peerAddress: "a", at: 0)
        #expect(link.stateName == nil && !link.isAttached)
        link.waitForSnapshot(legacy: false, at: 1)
        #expect(link.stateName == "wait_bgsave" && link.needsKeepAlive && !link.holdsStream)
        var filed = link
        link.beginSnapshot(at: 70, viaFile: false, now: 2)
        #expect(link.stateName == "send_bulk" && link.position == 70 && link.holdsStream)
        #expect(!link.needsKeepAlive && !link.takesStream)
        link.endSnapshot(marked: true, at: 3)
        #expect(link.stateName == "online" && !link.takesStream)
        _ = configure(&link, "ack", "70", at: 4)
        #expect(link.state == .online && link.takesStream)
        filed.beginSnapshot(at: 70, viaFile: true, now: 2)
        #expect(filed.stateName == "wait_bgsave" && filed.needsKeepAlive && filed.holdsStream)
        filed.sendFile(at: 3)
        filed.endSnapshot(marked: false, at: 4)
        #expect(filed.state == .online)
    }

    @Test func aReplicaThatWantsTheSnapshotAloneHoldsNoStream() {
        var link = ReplicaLink(peerAddress: "a", at: 0)
        _ = configure(&link, "rdb-only", "1")
        link.waitForSnapshot(legacy: true, at: 1)
        link.beginSnapshot(at: 9, viaFile: false, now: 2)
        #expect(!link.holdsStream)
        link.endSnapshot(marked: false, at: 3)
        #expect(link.state == .snapshotDelivered && !link.takesStream)
    }

    @Test func silentReplicasTimeOutUnlessTheyNeverSpeak() {
        var link = ReplicaLink(peerAddress: "a", at: 0)
        link.resume(at: 0, now: 10)
        #expect(!link.isTimedOut(at: 110, timeout: 100) && link.isTimedOut(at: 111, timeout: 100))
        var legacy = ReplicaLink(peerAddress: "a", at: 0)
        legacy.waitForSnapshot(legacy: true, at: 1)
        legacy.endSnapshot(marked: true, at: 2)
        #expect(legacy.state == .online && !legacy.isTimedOut(at: 1000, timeout: 100))
        var waiting = ReplicaLink(peerAddress: "a", at: 0)
        waiting.waitForSnapshot(legacy: false, at: 1)
        #expect(!waiting.isTimedOut(at: 1000, timeout: 100))
    }
}

/// Replicas that are online and have acknowledged these offsets at these times.
func attached(_ states: (id: Int, acknowledged: Int, at: Int64)...) -> AttachedReplicas {
    var replicas = AttachedReplicas()
    for state in states {
        var link = ReplicaLink(peerAddress: "10.0.0.\(state.id)", at: 0)
        _ = configure(&link, "listening-port", "\(6000 + state.id)")
        link.resume(at: state.acknowledged, now: 0)
        _ = configure(&link, "ack", "\(state.acknowledged)", at: state.at)
        replicas.attach(link, id: state.id)
    }
    return replicas
}

@Suite struct AttachedReplicasTests {
    @Test func acknowledgementsAreCountedOfReplicasThatAreOnline() {
        var replicas = attached((1, 100, 0), (2, 200, 0), (3, 300, 0))
        #expect(
            [0, 100, 101, 300, 301].map { replicas.acknowledged(upTo: $0) } == [3, 3, 2, 1, 0])
        _ = replicas.update(3) { $0.waitForSnapshot(legacy: false, at: 0) }
        #expect(replicas.acknowledged(upTo: 200) == 1)
        replicas.detach(2)
        #expect(replicas.acknowledged(upTo: 0) == 1 && replicas.count == 2)
        #expect(replicas[2] == nil && !replicas.detach(2))
        #expect(replicas.update(2) { _ in } == nil)
    }

    @Test func goodReplicasAcknowledgedWithinTheLag() {
        let replicas = attached((1, 0, 0), (2, 0, 5 * second), (3, 0, 9 * second))
        #expect(replicas.good(maximumLag: 10, at: 10 * second) == 3)
        #expect(replicas.good(maximumLag: 5, at: 10 * second) == 2)
        #expect(replicas.good(maximumLag: 0, at: 10 * second) == 0)
        #expect(replicas.good(maximumLag: 0, at: 10 * second - 1) == 1)
    }

    @Test func theSlowestReaderDecidesWhatIsKept() {
        var replicas = attached((1, 100, 0), (2, 200, 0))
        #expect(replicas.slowestPosition == 100)
        _ = replicas.update(1) { $0.waitForSnapshot(legacy: false, at: 0) }
        #expect(replicas.slowestPosition == 200)
        _ = replicas.update(1) { $0.beginSnapshot(at: 150, viaFile: false, now: 0) }
        #expect(replicas.slowestPosition == 150)
        #expect(AttachedReplicas().slowestPosition == nil)
    }

    @Test func replicasAreFoundByTheAddressTheyAnnounce() {
        var replicas = attached((1, 0, 0), (2, 0, 0))
        _ = replicas.update(2) { configure(&$0, "ip-address", "Host") }
        #expect(replicas.find(host: "10.0.0.1", port: 6001)?.id == 1)
        #expect(replicas.find(host: "hOST", port: 6002)?.id == 2)
        #expect(replicas.find(host: "10.0.0.2", port: 6002) == nil)
        #expect(replicas.find(host: "10.0.0.1", port: 6002) == nil)
    }

    private func waiting(_ links: [(id: Int, at: Int64, marks: Bool)]) -> AttachedReplicas {
        var replicas = AttachedReplicas()
        for entry in links {
            var link = ReplicaLink(peerAddress: "a", at: entry.at)
            if entry.marks { _ = configure(&link, "capa", "eof") }
            link.waitForSnapshot(legacy: false, at: entry.at)
            replicas.attach(link, id: entry.id)
        }
        return replicas
    }

    @Test func aDisklessSnapshotWaitsForMoreReplicas() {
        let policy = AttachedReplicas.SnapshotPolicy(isDiskless: true, delay: 5, enough: 3)
        let two = waiting([(1, 10, true), (2, 12, true)])
        #expect(two.snapshotDue(policy, at: 14) == nil)
        #expect(two.snapshotDue(policy, at: 15)?.members == [1, 2])
        let three = waiting([(1, 10, true), (2, 12, true), (3, 12, true)])
        #expect(three.snapshotDue(policy, at: 12)?.members == [1, 2, 3])
        let disk = AttachedReplicas.SnapshotPolicy(isDiskless: false, delay: 5, enough: 0)
        #expect(two.snapshotDue(disk, at: 12)?.understandsMarks == true)
        #expect(AttachedReplicas().snapshotDue(disk, at: 12) == nil)
    }

    @Test func aSnapshotIsSharedByReplicasThatWantTheSame() {
        let policy = AttachedReplicas.SnapshotPolicy(isDiskless: true, delay: 0, enough: 0)
        var replicas = waiting([(1, 0, true), (2, 0, false), (3, 0, true)])
        #expect(replicas.snapshotDue(policy, at: 0)?.understandsMarks == false)
        _ = replicas.update(3) { configure(&$0, "rdb-filter-only", "functions") }
        #expect(replicas.snapshotDue(policy, at: 0)?.members == [1, 2])
        replicas.detach(1)
        replicas.detach(2)
        let rest = replicas.snapshotDue(policy, at: 0)
        #expect(rest?.members == [3] && rest?.wantsKeys == false && rest?.wantsFunctions == true)
    }

    @Test func silentReplicasAreListed() {
        let replicas = attached((1, 0, 0), (2, 0, 50))
        #expect(replicas.timedOut(at: 120, timeout: 100) == [1])
    }
}
