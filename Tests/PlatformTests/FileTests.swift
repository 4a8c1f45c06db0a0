import Glibc
import Platform
import Testing

/// An empty directory that is gone when the value is.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = "/tmp/tandem-test-\(Process.identifier)-\(String(Entropy.word(), radix: 16))"
        try Files.createDirectory(path, permissions: 0o700)
    }

    var names: [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { start in
                unsafe String(cString: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    deinit {
        for name in names { try? Files.remove("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }
}

@Suite struct FileTests {
    @Test func `a file is replaced whole and nothing else is left`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/conf"
        try Files.replaceAtomically(path, Array("one".utf8))
        #expect(unsafe chmod(path, 0o600) == 0)
        try Files.replaceAtomically(path, Array("two".utf8))
        #expect(try Files.read(path) == Array("two".utf8))
        #expect(directory.names == ["conf"])
        var status = stat()
        #expect(unsafe stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `a replacement that fails leaves the old file and no other`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/busy"
        try Files.createDirectory(path)
        #expect(throws: SystemError.self) { try Files.replaceAtomically(path, [1]) }
        #expect(directory.names == ["busy"])
        #expect(unsafe rmdir(path) == 0)
        let error = #expect(throws: SystemError.self) {
            try Files.replaceAtomically(directory.path + "/none/x", [1])
        }
        #expect(error?.description == "open: No such file or directory")
    }

    @Test func `appending, truncating and creating do what they say`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/log"
        for text in ["a", "b"] {
            let file = try Files.open(path, .append)
            try file.writeAll(Array(text.utf8))
            file.close()
        }
        #expect(try Files.read(path) == Array("ab".utf8))
        #expect(try Files.read(path, limit: 1) == Array("a".utf8))
        #expect(throws: SystemError.self) { try Files.open(path, .create) }
        let file = try Files.open(path, .truncate)
        try Files.write(file, [9], at: 2)
        try Files.synchronize(file)
        file.close()
        #expect(try Files.read(path) == [0, 0, 9])
        #expect(Files.size(of: path) == 3)
        #expect(Files.kind(of: path) == .file)
        #expect(Files.kind(of: directory.path) == .directory)
        #expect(Files.kind(of: path + ".none") == .missing)
        #expect(Files.isWritable(path) && Files.isWritable(path + ".none"))
    }

    @Test func `paths are made absolute`() {
        #expect(Files.absolute("/a/b") == "/a/b")
        #expect(Files.absolute("x.conf").hasSuffix("/x.conf"))
        #expect(Files.absolute("x.conf").hasPrefix("/"))
    }
}
