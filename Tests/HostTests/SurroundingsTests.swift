import Configuration
import Host
import Platform
import Sessions
import Testing

/// What surrounds a service before and while it runs: configuration, log, limits.
@Suite struct SurroundingsTests {
    static func write(_ text: String) throws -> String {
        let path = FileJobTests.path("conf")
        try Files.replaceAtomically(path, Array(text.utf8))
        return path
    }

    static func options(_ words: String...) -> CommandLineOptions {
        CommandLineOptions(words.map { Array($0.utf8) })
    }

    @Test func `lines of file, included files and options come in order and are numbered through`()
        throws
    {
        let included = try SurroundingsTests.write("timeout 5\n")
        let file = try SurroundingsTests.write("port 1\ninclude \(included)\nport 2\n")
        defer {
            try? Files.remove(included)
            try? Files.remove(file)
        }
        let options = SurroundingsTests.options(file, "--port", "3")
        let loader = try ConfigurationLoader(options)
        #expect(loader.path == file)
        #expect(
            loader.lines.map(\.words) == [
                ["port", "1"], ["timeout", "5"], ["port", "2"], ["port", "3"],
            ])
        #expect(loader.lines.map(\.number) == [1, 1, 3, 5])
    }

    @Test func `an included pattern may fit nothing, an included name must exist`() throws {
        let pattern = try SurroundingsTests.write("include /nonexistent/*.conf\n")
        let name = try SurroundingsTests.write("\ninclude /nonexistent/x.conf\n")
        defer {
            try? Files.remove(pattern)
            try? Files.remove(name)
        }
        #expect(try ConfigurationLoader(SurroundingsTests.options(pattern)).lines.isEmpty)
        let failure = #expect(throws: ConfigurationLoader.Failure.self) {
            try ConfigurationLoader(SurroundingsTests.options(name))
        }
        let report = failure?.report(program: "Test") ?? ""
        #expect(report.contains("at line 2"))
        #expect(report.contains("No such file or directory"))
    }

    @Test func `a missing file is named in full`() {
        let failure = #expect(throws: ConfigurationLoader.Failure.self) {
            try ConfigurationLoader(SurroundingsTests.options("/nonexistent/server.conf"))
        }
        #expect(failure?.report(program: "Test").contains("'/nonexistent/server.conf'") == true)
    }

    @Test func `log lines have Redis's form and the level decides which are written`() throws {
        let path = FileJobTests.path("log")
        defer { try? Files.remove(path) }
        let log = try Log(path: path, level: .notice)
        log.role = "S"
        log.write(.verbose, "not this")
        log.write(.warning, "but this")
        let text = String(decoding: try Files.read(path), as: UTF8.self)
        let start = "\(Process.identifier):S "
        #expect(text.hasPrefix(start) && text.hasSuffix(" # but this\n"))
        let date = text.dropFirst(start.count).dropLast(" # but this\n".count)
        #expect(date.count == "21 Nov 2026 08:05:09.012".count)
        #expect(text.split(separator: "\n").count == 1)
    }

    @Test func `a log that was moved away is begun anew without a signal`() throws {
        let path = FileJobTests.path("log")
        defer {
            try? Files.remove(path)
            try? Files.remove(path + ".1")
        }
        let log = try Log(path: path, level: .notice)
        log.write(.notice, "one")
        try Files.rename(path, to: path + ".1")
        log.write(.notice, "two")
        let (old, new) = (try Files.read(path + ".1"), try Files.read(path))
        #expect(String(decoding: old, as: UTF8.self).hasSuffix(" * one\n"))
        #expect(String(decoding: new, as: UTF8.self).hasSuffix(" * two\n"))
    }

    @Test func `clients that the descriptors do not allow are taken back and explained`() {
        let enough = DescriptorBudget(wanted: 10000, before: 20000, given: 20000)
        #expect(enough.clients == 10000 && enough.notes.isEmpty)
        let raised = DescriptorBudget(wanted: 10000, before: 1024, given: 10032)
        #expect(raised.clients == 10000 && raised.notes.count == 1)
        let short = DescriptorBudget(wanted: 10000, before: 1024, given: 4096)
        #expect(short.clients == 4064 && short.notes.count == 3)
        #expect(short.notes.last?.contains("reduced to 4064") == true)
    }

    @Test func `the check of the system warns of what is not well`() {
        let enough = 10000 + DescriptorBudget.reserve
        let well = SystemCheck(
            SystemCheck.Facts(
                clockSource: "tsc", overcommit: "0", hugePages: "always [madvise] never",
                longestQueue: 4096, descriptors: enough))
        #expect(well.isWell && !well.text.contains("WARNING"))
        #expect(SystemCheck(SystemCheck.Facts(descriptors: enough)).isWell)
        let bad = SystemCheck(
            SystemCheck.Facts(
                clockSource: "xen", overcommit: "2", hugePages: "always madvise [never]",
                longestQueue: 128, descriptors: 1024))
        #expect(!bad.isWell && !bad.text.contains("OK"))
        #expect(bad.text.split(separator: "\n").count == 10)
    }
}
