import RESP
import RESPClient
import Testing

@Suite("Handshake of an outgoing connection")
struct HandshakeTests {
    private func identity(_ version: RESPVersion = .two) -> ClientIdentity {
        var identity = ClientIdentity()
        identity.user = "u"
        identity.password = "p"
        identity.name = "n"
        identity.version = version
        return identity
    }

    @Test("Nothing to say is nothing to wait for")
    func silent() {
        var handshake = ClientHandshake(ClientIdentity())
        #expect(handshake.start() == .ready)
        #expect(handshake.received(.simple("OK")) == .failed("reply without a request"))
    }

    @Test("In RESP2 password and name go out together")
    func version2() {
        var handshake = ClientHandshake(identity())
        #expect(
            handshake.start() == .send([["AUTH", "u", "p"], ["CLIENT", "SETNAME", "n"]]))
        #expect(handshake.received(.simple("OK")) == .wait)
        #expect(handshake.received(.simple("OK")) == .ready)
        #expect(handshake.version == .two)
    }

    @Test("A password without user is sent as such")
    func passwordOnly() {
        var identity = ClientIdentity()
        identity.password = "p"
        var handshake = ClientHandshake(identity)
        #expect(handshake.start() == .send([["AUTH", "p"]]))
        #expect(handshake.received(.simple("OK")) == .ready)
    }

    @Test("RESP3 is agreed upon with HELLO, which tells about the peer")
    func version3() {
        var handshake = ClientHandshake(identity(.three))
        #expect(
            handshake.start() == .send([["HELLO", "3", "AUTH", "u", "p", "SETNAME", "n"]]))
        let reply = RESPValue.map([
            .text("server"), .text("redis"), .text("proto"), .integer(3), .text("modules"),
            .array([]),
        ])
        #expect(handshake.received(reply) == .ready)
        #expect(handshake.version == .three)
        #expect(handshake.peer == ["server": "redis", "proto": "3"])
    }

    @Test("A peer without HELLO is greeted in RESP2")
    func withoutHello() {
        var handshake = ClientHandshake(identity(.three))
        _ = handshake.start()
        #expect(
            handshake.received(.error("ERR unknown command 'HELLO'"))
                == .send([["AUTH", "u", "p"], ["CLIENT", "SETNAME", "n"]]))
        #expect(handshake.received(.simple("OK")) == .wait)
        #expect(handshake.received(.simple("OK")) == .ready)
        #expect(handshake.version == .two)
    }

    @Test("Library name and version follow and may be refused")
    func information() {
        for version in [RESPVersion.two, .three] {
            var identity = ClientIdentity()
            identity.version = version
            identity.libraryName = "tandem"
            identity.libraryVersion = "1"
            var handshake = ClientHandshake(identity)
            var action = handshake.start()
            if version == .three {
                #expect(action == .send([["HELLO", "3"]]))
                action = handshake.received(.map([]))
            }
            let expected = [
                ["CLIENT", "SETINFO", "LIB-NAME", "tandem"],
                ["CLIENT", "SETINFO", "LIB-VER", "1"],
            ]
            #expect(action == .send(expected))
            #expect(handshake.received(.error("ERR unknown subcommand")) == .wait)
            #expect(handshake.received(.error("ERR unknown subcommand")) == .ready)
        }
    }

    @Test("A wrong password fails, a needless one does not")
    func passwords() {
        let wrong = "WRONGPASS invalid username-password pair or user is disabled."
        for version in [RESPVersion.two, .three] {
            var handshake = ClientHandshake(identity(version))
            _ = handshake.start()
            #expect(handshake.received(.error(wrong)) == .failed(wrong))
        }
        var handshake = ClientHandshake(identity())
        _ = handshake.start()
        let needless = "ERR AUTH <password> called without any password configured for the "
        #expect(handshake.received(.error(needless + "default user.")) == .wait)
    }
}
