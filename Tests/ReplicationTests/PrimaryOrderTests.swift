import Replication
import Testing

@Suite struct PrimaryOrderTests {
    private let first = ReplicationID(String(repeating: "a", count: 40))
    private let second = ReplicationID(String(repeating: "b", count: 40))

    @Test func anOrderIsForTheDataOfTheFirstAnswer() {
        var order = PrimaryOrder.given
        order.noteOffer(first)
        #expect(order.holds)
        order.noteSilence()
        order.noteOffer(first)
        #expect(order.holds)
        order.noteOffer(second)
        #expect(!order.holds)
    }

    @Test func aLinkThatIsLostBeforeTheAnswerLeavesThePrimaryUnknown() {
        var order = PrimaryOrder.given
        order.noteSilence()
        order.noteOffer(first)
        #expect(!order.holds)
    }

    @Test func aPrimaryThatTellsNoHistoryIsTakenAtItsWord() {
        var order = PrimaryOrder.given
        order.noteOffer(nil)
        #expect(order == .given)
    }
}
