import Digests
import Memory
import RESP
import Sessions

/// Whether `pattern` matches, without regard to case.
func matches(_ pattern: ByteView, _ text: [UInt8]) -> Bool {
    text.withView { Glob.matches(pattern: pattern, text: $0, ignoringCase: true) }
}

/// DEBUG PROTOCOL: a value of every type, for tests of clients.
func debugProtocol(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let name = call[2]
    if name.equalsIgnoringCase("string") {
        call.reply.bulk("Hello World")
    } else if name.equalsIgnoringCase("integer") {
        call.reply.integer(12345)
    } else if name.equalsIgnoringCase("double") {
        call.reply.double(3.141)
    } else if name.equalsIgnoringCase("null") {
        call.reply.null()
    } else if name.equalsIgnoringCase("array") {
        call.reply.array(3)
        for number in 0..<3 { call.reply.integer(number) }
    } else if name.equalsIgnoringCase("set") {
        call.reply.set(3)
        for number in 0..<3 { call.reply.integer(number) }
    } else if name.equalsIgnoringCase("map") {
        call.reply.map(3)
        writeBooleans(call)
    } else if name.equalsIgnoringCase("attrib") {
        try writeAttributes(call)
    } else if name.equalsIgnoringCase("push") {
        guard call.reply.version == .three else {
            throw ReplyError("ERR RESP2 is not supported by this command")
        }
        call.reply.push(2)
        call.reply.bulk("server-cpu-usage")
        call.reply.integer(42)
        // What is pushed is no reply, so one follows.
        call.reply.bulk("Some real reply following the push reply")
    } else if name.equalsIgnoringCase("verbatim") {
        call.reply.verbatim("txt", ByteView("This is a verbatim\nstring"))
    } else if name.equalsIgnoringCase("true") {
        call.reply.boolean(true)
    } else if name.equalsIgnoringCase("false") {
        call.reply.boolean(false)
    } else if name.equalsIgnoringCase("bignum") {
        call.reply.bigNumber("1234567999999999999999999999999999999")
    } else {
        throw ReplyError(
            """
            ERR Wrong protocol type name. Please use one of the following: \
            string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false
            """)
    }
    return .none
}

private func writeBooleans(_ call: Call) {
    for number in 0..<3 {
        call.reply.integer(number)
        call.reply.boolean(number == 1)
    }
}

private func writeAttributes(_ call: Call) throws(ReplyError) {
    if call.reply.version == .three {
        call.reply.attribute(1)
        call.reply.bulk("key-popularity")
        call.reply.array(2)
        call.reply.bulk("key:123")
        call.reply.integer(90)
    }
    call.reply.bulk("Some real reply following the attribute")
}
