import Configuration
import Testing

/// The words of a line that is text.
private func split(_ line: String) -> [String]? {
    Lexer.split(Array(line.utf8))?.map { String(decoding: $0, as: UTF8.self) }
}

private func options(_ words: [String]) -> CommandLineOptions {
    CommandLineOptions(words.map { Array($0.utf8) })
}

@Suite("Configuration lexer")
struct LexerTests {
    @Test(
        "Lines are split as in a shell",
        arguments: [
            ("save 900 1", ["save", "900", "1"]),
            ("  requirepass\t\"a b\"  ", ["requirepass", "a b"]),
            (#"x "\x41\n\"\\" 'it\'s' '\n'"#, ["x", "A\n\"\\", "it's", #"\n"#]),
            (#"save """#, ["save", ""]),
            ("", []),
        ] as [(String, [String])])
    func words(_ line: String, _ words: [String]) { #expect(split(line) == words) }

    @Test("Quotes must balance and end a word", arguments: ["a \"b", "a 'b", "a \"b\"c", "a '\\'"])
    func unbalanced(_ line: String) { #expect(split(line) == nil) }

    @Test("Quoted text is read back as it was")
    func quoting() {
        let text = String(decoding: (0..<128).map { UInt8($0) }, as: UTF8.self) + "é"
        #expect(split(Lexer.quoted(text)) == [text])
        let bytes = (0..<256).map { UInt8($0) }
        #expect(Lexer.split(Array(Lexer.quoted(bytes).utf8)) == [bytes])
        #expect(Lexer.quoted("a\"\n\u{1}é") == #""a\"\n\x01\xc3\xa9""#)
    }
}

@Suite("Configuration files")
struct ConfigurationFileTests {
    private func load(
        _ text: String, _ files: [String: [ConfigurationSource]] = [:]
    ) throws(ConfigurationError) -> [ConfigurationLine] {
        try ConfigurationFile.lines(Array(text.utf8), file: "main.conf") {
            name throws(IncludeError) in
            guard let found = files[name] else { throw IncludeError(reason: "No such file") }
            return found
        }
    }

    @Test("Comments and empty lines are skipped and lines are numbered")
    func numbering() throws {
        let lines = try load("# hello\n\nPort 1 \r\n  # x\nsentinel monitor a 127.0.0.1 1 2")
        #expect(lines.map(\.number) == [3, 5])
        #expect(lines.map(\.name) == ["port", "sentinel"])
        #expect(lines[0].text == "Port 1")
        #expect(lines[1].arguments == ["monitor", "a", "127.0.0.1", "1", "2"])
    }

    @Test("Included files stand where the include stands")
    func include() throws {
        let files = [
            "conf.d/*.conf": [
                ConfigurationSource(path: "conf.d/1.conf", bytes: Array("port 2\nhz 3".utf8)),
                ConfigurationSource(path: "conf.d/2.conf", bytes: Array("port 4".utf8)),
            ],
            "none*": [],
        ]
        let lines = try load("port 1\ninclude conf.d/*.conf\ninclude none*\nport 5", files)
        #expect(lines.map { $0.words[1] } == ["1", "2", "3", "4", "5"])
        #expect(lines.map(\.file)[1] == "conf.d/1.conf")
        #expect(lines.map(\.number) == [1, 1, 2, 1, 4])
    }

    @Test("A missing file, a circle and unbalanced quotes are told with file and line")
    func errors() {
        func reason(_ text: String) -> ConfigurationError? {
            let files = [
                "loop": [ConfigurationSource(path: "loop", bytes: Array("include loop".utf8))]
            ]
            do throws(ConfigurationError) {
                _ = try load(text, files)
                return nil
            } catch {
                return error
            }
        }
        let missing = reason("\ninclude x.conf")
        #expect(missing?.line == 2)
        #expect(missing?.reason == "Can't open config file 'x.conf': No such file")
        #expect(reason("include loop")?.reason == "Files include each other too deep")
        let quotes = reason("requirepass \"x")
        #expect(
            quotes?.report(program: "Redis 7.0.15") == """

                *** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
                Reading the configuration file 'main.conf', at line 1
                >>> 'requirepass "x'
                Unbalanced quotes in configuration line

                """)
    }

    @Test("Files that include each other cannot multiply without end")
    func explosion() {
        let twice = ConfigurationSource(path: "b", bytes: Array("include b\ninclude b".utf8))
        #expect(throws: ConfigurationError.self) {
            _ = try ConfigurationFile.lines(twice.bytes, file: nil) { (_) throws(IncludeError) in
                [twice, twice]
            }
        }
    }
}

@Suite("Command line")
struct CommandLineTests {
    @Test(
        "Options become lines behind the file",
        arguments: [
            (["--port", "1"], nil, [["port", "1"]]),
            (
                ["a.conf", "--port", "1", "--save", "900 1"], "a.conf",
                [["port", "1"], ["save", "900 1"]]
            ),
            (["--save", "900", "1", "--save", ""], nil, [["save", "900", "1"], ["save", ""]]),
            (["--save", "--port", "1"], nil, [["save", ""], ["port", "1"]]),
            (["--port 6380"], nil, [["port", "6380"]]),
            (["--port 6380", "--hz", "5"], nil, [["port", "6380"], ["hz", "5"]]),
            (["--save"], nil, [["save", ""]]),
            (["--sentinel", "--port", "1"], nil, [["sentinel"], ["port", "1"]]),
            (["s.conf", "--sentinel"], "s.conf", [["sentinel"]]),
            (
                ["--proc-title-template", "--my--title--template"], nil,
                [["proc-title-template", "--my--title--template"]]
            ),
            (
                ["--proc-title-template", "--a", "--bind", "x"], nil,
                [["proc-title-template", "--a"], ["bind", "x"]]
            ),
            (
                ["--replicaof", "127.0.0.1", "6379"], nil, [["replicaof", "127.0.0.1", "6379"]]
            ),
            (["--requirepass", "a \"b"], nil, [["requirepass", "a \"b"]]),
        ] as [([String], String?, [[String]])])
    func reading(_ arguments: [String], _ file: String?, _ expected: [[String]]) throws {
        let options = options(arguments)
        #expect(options.file == file)
        #expect(try ConfigurationFile.lines(options.text, file: nil).map(\.words) == expected)
        #expect(options.request == nil)
    }

    @Test("A dash reads standard input, and some first arguments ask for something else")
    func special() {
        #expect(options(["-", "--port", "1"]).readsStandardInput)
        #expect(options(["a.conf", "--port", "1", "-"]).readsStandardInput)
        #expect(!options(["--save", "-", "1"]).readsStandardInput)
        #expect(options(["--version"]).request == .version)
        #expect(options(["-h"]).request == .help)
        #expect(options(["x.conf", "--sentinel"]).isSentinel)
        #expect(options([]) == options([]))
    }

    @Test("Arguments that are no text keep their bytes")
    func bytes() throws {
        let secret: [UInt8] = [0xff, 0x22, 0x5c, 0x00, 0x20, 0xfe]
        let options = CommandLineOptions([Array("--requirepass".utf8), secret])
        let lines = try ConfigurationFile.lines(options.text, file: nil)
        #expect(lines.map(\.bytes) == [[Array("requirepass".utf8), secret]])
    }

    @Test("Relative names of included files count from the last dir")
    func directory() throws {
        var asked: [String] = []
        let text = "include a\ndir /x\ninclude b\ninclude /c\ndir y\ninclude d*\n"
        _ = try ConfigurationFile.lines(
            file: ConfigurationSource(path: "f", bytes: Array(text.utf8)), standardInput: [],
            options: []
        ) { (name) throws(IncludeError) in
            asked.append(name)
            return []
        }
        #expect(asked == ["a", "/x/b", "/c", "/x/y/d*"])
    }
}
