import Testing
import tandem

@Suite("Text for operators")
struct FormatTests {
    @Test("Addresses are read in every usual form")
    func endpoints() {
        func endpoint(_ text: String) -> Endpoint? { Endpoint(text, defaultPort: 26379) }
        #expect(endpoint("10.0.0.1:7") == Endpoint(host: "10.0.0.1", port: 7))
        #expect(endpoint("host") == Endpoint(host: "host", port: 26379))
        #expect(endpoint("[::1]:7") == Endpoint(host: "::1", port: 7))
        #expect(endpoint("[::1]") == Endpoint(host: "::1", port: 26379))
        #expect(endpoint("::1") == Endpoint(host: "::1", port: 26379))
        #expect(endpoint("/run/x.sock") == Endpoint(host: "/run/x.sock", port: 0))
        for wrong in ["", ":1", "a:0", "a:65536", "a:x", "[::1]x", "a:"] {
            #expect(endpoint(wrong) == nil, "\(wrong)")
        }
        #expect("\(Endpoint(host: "::1", port: 7))" == "[::1]:7")
        #expect("\(Endpoint(host: "a", port: 7))" == "a:7")
    }

    @Test("Numbers are short")
    func numbers() {
        #expect(Format.bytes(0) == "0B")
        #expect(Format.bytes(1023) == "1023B")
        #expect(Format.bytes(1024) == "1.00K")
        #expect(Format.bytes(15 << 20) == "15.0M")
        #expect(Format.bytes(200 << 30) == "200G")
        #expect(Format.bytes(nil) == "–")
        #expect(Format.count(9999) == "9999")
        #expect(Format.count(12_340) == "12.3k")
        #expect(Format.count(2_500_000) == "2.50M")
        #expect(Format.fixed(0.05, digits: 1) == "0.1")
        #expect(Format.fixed(-1.25, digits: 2) == "-1.25")
        #expect(Format.fixed(.nan, digits: 1) == "–")
    }

    @Test("Columns are aligned, and a short row's last cell widens none")
    func table() {
        var table = Table(["node", "role", "ops"])
        table.rows = [["a", "primary", "12"], ["bb", "a very long complaint indeed"]]
        #expect(
            table.lines == [
                "node  role     ops", "a     primary   12", "bb    a very long complaint indeed",
            ])
    }
}
