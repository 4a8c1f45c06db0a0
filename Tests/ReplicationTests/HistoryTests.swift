import Digests
import Memory
import Replication
import Testing

/// The ID of forty times the same digit.
func id(_ digit: Character) -> ReplicationID {
    ReplicationID(String(repeating: digit, count: 40))!
}

@Suite struct ReplicationIDTests {
    @Test func idsAreFortyHexadecimalDigitsInEitherCase() {
        let text = "0123456789abcdef0123456789abcdef00000001"
        #expect(ReplicationID(text)?.text == text)
        #expect(ReplicationID(text.uppercased()) == ReplicationID(text))
        #expect(ReplicationID(String(text.dropLast())) == nil)
        #expect(ReplicationID(text + "0") == nil)
        #expect(ReplicationID("?") == nil)
        #expect(ReplicationID(String(text.dropLast()) + "g") == nil)
        #expect(ReplicationID.none.text == String(repeating: "0", count: 40))
    }

    @Test func randomIDsDifferAndReadBack() {
        var random = RandomGenerator(seed: 1)
        let ids = (0..<100).map { _ in ReplicationID(random: &random) }
        #expect(Set(ids).count == 100)
        #expect(ids.allSatisfy { ReplicationID($0.text) == $0 && $0 != .none })
    }
}

@Suite struct HistoryTests {
    /// What is asked of a node with history a, which left history b behind byte 100, and holds
    /// the bytes 51 to 200.
    @Test(arguments: [
        ("a", 51, ResyncDecision.partial(from: 50)),
        ("a", 201, .partial(from: 200)),
        ("a", 100, .partial(from: 99)),
        ("a", 50, .full(.outsideBacklog(aheadOfUs: false))),
        ("a", 202, .full(.outsideBacklog(aheadOfUs: true))),
        ("a", 0, .full(.outsideBacklog(aheadOfUs: false))),
        ("a", Int.min, .full(.outsideBacklog(aheadOfUs: false))),
        ("a", Int.max, .full(.outsideBacklog(aheadOfUs: true))),
        ("b", 101, .partial(from: 100)),
        ("b", 60, .partial(from: 59)),
        ("b", 102, .full(.pastPreviousHistory(limit: 101))),
        ("b", 50, .full(.outsideBacklog(aheadOfUs: false))),
        ("c", 100, .full(.otherHistory)),
        ("0", 100, .full(.otherHistory)),
        ("0", -1, .full(.otherHistory)),
    ])
    func aRequestIsServedFromWhatBothShare(
        _ digit: Character, _ offset: Int, _ expected: ResyncDecision
    ) {
        var history = ReplicationHistory(id: id("b"))
        history.shift(at: 100, to: id("a"))
        let request = PartialResyncRequest(id: id(digit).text, offset: offset)
        #expect(history.decide(request, backlog: 50..<200) == expected)
    }

    @Test func aFreshReplicaGetsEverything() {
        let history = ReplicationHistory(id: id("a"))
        let fresh = PartialResyncRequest(id: "?", offset: -1)
        #expect(history.decide(fresh, backlog: 0..<10) == .full(.requested))
        #expect(fresh.wantsEverything)
        let zeros = PartialResyncRequest(id: ReplicationID.none.text, offset: -1)
        #expect(history.decide(zeros, backlog: 0..<10) == .full(.otherHistory))
        let foreign = PartialResyncRequest(id: "short", offset: 1)
        #expect(history.decide(foreign, backlog: 0..<10) == .full(.otherHistory))
        #expect(!foreign.wantsEverything)
    }

    @Test func withoutABacklogNobodyContinues() {
        let history = ReplicationHistory(id: id("a"))
        let request = PartialResyncRequest(id: id("a").text, offset: 1)
        #expect(history.decide(request, backlog: nil) == .full(.outsideBacklog(aheadOfUs: true)))
        #expect(history.decide(request, backlog: 0..<0) == .partial(from: 0))
    }

    @Test func anOffsetThatIsNoNumberIsNoRequest() {
        #expect(PartialResyncRequest(id: ByteView("?"), offset: ByteView("x")) == nil)
        #expect(PartialResyncRequest(id: ByteView("?"), offset: ByteView("-1"))?.offset == -1)
    }

    @Test func promotionKeepsTheOldHistoryUpToItsEnd() {
        var history = ReplicationHistory(id: id("a"))
        #expect(history.previousID == .none && history.previousEnd == -1)
        history.shift(at: 10, to: id("b"))
        #expect(history.previousID == id("a") && history.previousEnd == 11)
        history.shift(at: 20, to: id("c"))
        #expect(history.previousID == id("b") && history.previousEnd == 21)
        history.adopt(id("d"))
        #expect(history == ReplicationHistory(id: id("d")))
    }

    @Test func continuingUnderANewIDIsAShiftAndUnderTheSameIsNone() {
        var history = ReplicationHistory(id: id("a"))
        let isOther = history.continued(as: id("a"), at: 10)
        #expect(!isOther)
        #expect(history == ReplicationHistory(id: id("a")))
        let isNew = history.continued(as: id("b"), at: 10)
        #expect(isNew)
        #expect(history.id == id("b") && history.previousEnd == 11)
    }

    @Test func aRestartedPrimaryServesItsOldHistoryUnderANewID() {
        let history = ReplicationHistory(restartedFrom: id("a"), at: 70, newID: id("b"))
        let request = PartialResyncRequest(id: id("a").text, offset: 71)
        #expect(history.id == id("b"))
        #expect(history.decide(request, backlog: 70..<70) == .partial(from: 70))
        let further = PartialResyncRequest(id: id("a").text, offset: 72)
        #expect(
            history.decide(further, backlog: 70..<90) == .full(.pastPreviousHistory(limit: 71)))
    }

    @Test func refusalsAreExplainedInRedissWords() {
        var history = ReplicationHistory(id: id("b"))
        history.shift(at: 100, to: id("a"))
        func explain(_ text: String, _ offset: Int) -> [LogLine] {
            let request = PartialResyncRequest(id: text, offset: offset)
            guard case .full(let reason) = history.decide(request, backlog: 50..<200) else {
                return []
            }
            return history.explain(reason, request, replica: "10.0.0.1:6379")
        }
        #expect(explain("?", -1) == [.notice("Full resync requested by replica 10.0.0.1:6379")])
        #expect(
            explain("xyz", 1).first?.text.hasSuffix(
                "(Replica asked for 'xyz', my replication IDs are '\(id("a"))' and '\(id("b"))')")
                == true)
        #expect(
            explain(id("b").text, 150).first?.text.hasSuffix(
                "Requested offset for second ID was 150, but I can reply up to 101") == true)
        #expect(explain(id("a").text, 20).count == 1)
        #expect(explain(id("a").text, 900).last?.level == .warning)
    }
}
