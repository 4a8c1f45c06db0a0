import Host
import Platform
import Testing

@Suite struct FileJobTests {
    static func path(_ name: String) -> String {
        "/tmp/tandem-host-\(Process.identifier)-\(String(Entropy.word(), radix: 16))-\(name)"
    }

    @Test func `a file written in pieces appears whole under its name`() throws {
        let (temporary, target) = (FileJobTests.path("temp"), FileJobTests.path("dump"))
        defer { try? Files.remove(target) }
        var files = OpenFiles()
        #expect(files.perform(.create(id: 1, path: temporary)) == nil)
        #expect(
            files.perform(.append(id: 1, bytes: [1, 2])) == .progress(id: 1, written: 2))
        #expect(files.perform(.append(id: 1, bytes: [3])) == .progress(id: 1, written: 3))
        #expect(Files.kind(of: target) == .missing)
        #expect(files.perform(.commit(id: 1, target: target)) == .done(id: 1))
        #expect(try Files.read(target) == [1, 2, 3])
        #expect(Files.kind(of: temporary) == .missing)
    }

    @Test func `an abandoned file leaves nothing`() {
        let temporary = FileJobTests.path("temp")
        var files = OpenFiles()
        _ = files.perform(.create(id: 1, path: temporary))
        _ = files.perform(.append(id: 1, bytes: [1]))
        #expect(files.perform(.abandon(id: 1)) == nil)
        #expect(Files.kind(of: temporary) == .missing)
        #expect(files.perform(.append(id: 1, bytes: [1])) == nil)
    }

    @Test func `a failure names the call and forgets the file`() {
        let temporary = FileJobTests.path("temp")
        var files = OpenFiles()
        _ = files.perform(.create(id: 1, path: temporary))
        let result = files.perform(.commit(id: 1, target: "/nonexistent/dump"))
        guard case .failed(1, let error)? = result else {
            Issue.record("commit said \(String(describing: result))")
            return
        }
        #expect(error.description == "rename: No such file or directory")
        #expect(Files.kind(of: temporary) == .missing)
        #expect(files.perform(.commit(id: 1, target: temporary)) == nil)
        guard case .failed(2, _)? = files.perform(.create(id: 2, path: "/nonexistent/x")) else {
            Issue.record("a file was made in no directory")
            return
        }
    }

    @Test func `a file is read in pieces and ends with the last`() throws {
        let path = FileJobTests.path("read")
        defer { try? Files.remove(path) }
        let content = (0..<OpenFiles.pieceSize + 10).map { UInt8(truncatingIfNeeded: $0) }
        try Files.replaceAtomically(path, content)
        var files = OpenFiles()
        var read: [UInt8] = []
        var result = files.perform(.read(id: 5, path: path))
        var pieces = 0
        while case .bytes(5, let bytes, let isLast)? = result {
            pieces += 1
            read += bytes
            if isLast { break }
            result = files.perform(.readMore(id: 5))
        }
        #expect(pieces == 2)
        #expect(read == content)
        #expect(files.perform(.readMore(id: 5)) == nil)
    }

    @Test func `a small file is replaced or refused`() throws {
        let path = FileJobTests.path("state")
        var files = OpenFiles()
        #expect(files.perform(.replace(id: 3, path: path, bytes: [7])) == .done(id: 3))
        #expect(try Files.read(path) == [7])
        #expect(files.perform(.remove(path: path)) == nil)
        #expect(Files.kind(of: path) == .missing)
    }
}
