import Testing

/// Every rule is shown something bad, so that a rule which finds nothing ever is noticed.
@Suite("Tidy rules") struct RuleTests {
    private func file(_ text: String, path: String = "Sources/Sample/Sample.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test("comments and literals are told from code") func lexer() {
        let text = SourceText(
            """
            let a = "x // \\(f("y")) unsafe" // unsafe
            /* unsafe /* nested */ */ let b = #"a"b"#
            """)
        #expect(!text.codeLines.joined().contains("unsafe"))
        #expect(text.codeLines[1].contains("let b = #\""))
        #expect(text.literalLines[0].contains("unsafe"))
        #expect(!text.literalLines[1].contains("nested"))
        #expect(text.codeLines.count == 2)
    }

    @Test("a literal of several lines is no code") func longLiteral() {
        let text = SourceText("let a = \"\"\"\n    slave \\\"\n    \"\"\"\nlet b = 1\n")
        #expect(text.codeLines[1].allSatisfy { $0 == " " })
        #expect(text.codeLines[3] == "let b = 1")
    }

    @Test("a long line and a long file are found") func size() {
        let long = String(repeating: "x", count: 101)
        #expect(Rules.size(file("a\n" + long)).map(\.line) == [2])
        #expect(Rules.size(file(String(repeating: "a\n", count: 501))).count == 1)
        #expect(Rules.size(file(String(repeating: "a\n", count: 500))).isEmpty)
    }

    @Test("a long function is found, whatever its signature") func functions() {
        let body = String(repeating: "    work()\n", count: 69)
        for head in ["func a(_ b: (Int) -> Void = { _ in }) {", "init() {", "deinit {"] {
            #expect(
                Rules.functionLength(file("struct S {\n\(head)\n\(body)}\n}\n")).map(\.line) == [2])
        }
        let short = String(repeating: "    work()\n", count: 68)
        #expect(Rules.functionLength(file("func a() {\n\(short)}\n")).isEmpty)
    }

    @Test("a requirement without a body is not measured") func requirements() {
        let body = String(repeating: "    var a: Int { 1 }\n", count: 80)
        #expect(
            Rules.functionLength(
                file("protocol P {\n    func a()\n    var b: Int { get }\n\(body)}\n")
            ).isEmpty)
    }

    @Test("an undeclared import is found") func imports() {
        let floor = Floor(target: "T", floor: 1, path: "Sources/T", imports: ["Memory"])
        let source = "import Memory\nimport Glibc\n@preconcurrency import Foundation.NSDate\n"
        #expect(Rules.imports(file(source), of: floor).map(\.line) == [2, 3])
        #expect(Rules.imports(file("// import Glibc\n"), of: floor).isEmpty)
    }

    @Test(
        "unsafe words are found",
        arguments: [
            "let p = unsafe q", "var p: UnsafePointer<Int>", "a.withUnsafeBytes { _ in }",
            "@unsafe f()",
        ])
    func unsafeCode(line: String) {
        #expect(!Rules.unsafeCode(file(line)).isEmpty)
        #expect(Rules.unsafeCode(file("// \(line)")).isEmpty)
    }

    @Test("drawers are found in paths and types") func drawers() {
        #expect(Rules.drawers(file("", path: "Sources/Utils/A.swift")).count == 1)
        #expect(Rules.drawers(file("", path: "Sources/A/StringHelpers.swift")).count == 1)
        #expect(Rules.drawers(file("struct ConnectionManager {}")).count == 1)
        #expect(Rules.drawers(file("struct Connection { func manage() {} }")).isEmpty)
    }

    @Test("a type named like a module is found") func typeLikeModule() {
        let found = Rules.typeLikeModule(file("package struct RESP {}"), modules: ["RESP"])
        #expect(found.count == 1)
        #expect(Rules.typeLikeModule(file("struct RESPValue {}"), modules: ["RESP"]).isEmpty)
    }

    @Test("marks of unfinished work and paths of machines are found") func marks() {
        #expect(Rules.unfinished(file("// TO" + "DO: later")).count == 1)
        #expect(Rules.unfinished(file("mkstemp(\"a.XXXXXX\")")).isEmpty)
        #expect(Rules.machinePath(file("cd /wo" + "rk/main")).count == 1)
        #expect(Rules.machinePath(file("a/wo" + "rk/b")).isEmpty)
    }

    @Test("words of the wire are found in code and in literals") func wireWords() {
        let sample = file("let masterHost = \"slave0\" // master\n")
        #expect(
            Rules.wireWordsInCode(sample).map(\.message) == ["masterHost is a word of the wire"])
        #expect(Rules.wireWordsInLiterals(sample).count == 1)
        let names = file("let masterHost = 1", path: "Sources/RESP/WireNames.swift")
        #expect(Rules.wireWordsInCode(names).isEmpty)
    }

    @Test("the ratchet covers what it lists, and only that much") func ratchet() {
        let ratchet = Ratchet(
            table: "# comment\nsize\ta.swift\t2\tbecause\nsize\tgone.swift\t1\twhy\n")
        let one = Finding(path: "a.swift", line: 1, message: "m")
        let other = Finding(path: "b.swift", line: 1, message: "m")
        #expect(ratchet.excess(of: "size", in: [one, one]).count == 1)
        #expect(ratchet.excess(of: "size", in: [one]).count == 2)
        #expect(ratchet.excess(of: "size", in: [one, one, other]).count == 3)
        #expect(ratchet.excess(of: "import", in: [one]).count == 2)
        let open = Ratchet(table: "size\ta.swift\t*\twhy\n")
        #expect(open.excess(of: "size", in: [one, one]).isEmpty)
        #expect(open.excess(of: "size", in: []).count == 1)
        #expect(Ratchet(table: "size a.swift 2").excess(of: "x", in: []).count == 1)
    }

    @Test("symbols that reach outside are found") func symbols() {
        let names = ObjectSymbols.parse(
            "a.o:\nsocket U\nmemcpy U\n$s15ContinuousClockV3nowABvgZ U\n")
        #expect(ObjectSymbols.forbidden(in: names) == ["$s15ContinuousClockV3nowABvgZ", "socket"])
    }
}
