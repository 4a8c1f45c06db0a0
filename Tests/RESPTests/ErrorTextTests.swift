import Memory
import RESP
import Testing

@Suite struct ErrorTextTests {
    private func reply(_ argument: [UInt8], _ text: (ByteView) -> ErrorText) -> [UInt8] {
        let heap = Heap()
        var writer = ReplyWriter(heap: heap)
        argument.withView { writer.error(quoting: text($0)) }
        return writer.buffer.readable.bytes
    }

    @Test func bytesThatAreNoTextAreQuotedAsTheyAre() {
        #expect(
            reply([0xFF, 0xC3, 0x28]) { "ERR '\($0)' \(7)" }
                == Array("-ERR '".utf8) + [0xFF, 0xC3, 0x28] + Array("' 7\r\n".utf8))
    }

    @Test func anArgumentEndsAtItsLimitOrAtANul() {
        #expect(reply(Array("a\0bc".utf8)) { "E \($0)." } == Array("-E a.\r\n".utf8))
        #expect(reply(Array("abcdef".utf8)) { "E \($0, upTo: 3)." } == Array("-E abc.\r\n".utf8))
    }

    @Test func noArgumentCanEndTheLine() {
        #expect(reply(Array("a\r\nb".utf8)) { "E \($0)" } == Array("-E a  b\r\n".utf8))
    }

    @Test func lineEndsAtTheEndAreLeftOut() {
        #expect(reply(Array("a\nb\r\n\0c".utf8)) { "E \($0)" } == Array("-E a b\r\n".utf8))
        #expect(reply(Array("a\n".utf8)) { "E '\($0)'" } == Array("-E 'a '\r\n".utf8))
        #expect(reply([10]) { "\($0)" } == Array("-\r\n".utf8))
    }

    @Test func onlyThePlainCodeIsLeftOut() {
        #expect(ErrorText("ERR x").withoutPlainCode.bytes == Array("x".utf8))
        #expect(ErrorText("OOM x").withoutPlainCode.bytes == Array("OOM x".utf8))
    }
}
