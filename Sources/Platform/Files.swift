import Glibc

/// Files, with the order of steps that keeps them whole over a crash.
package enum Files {
    /// How a file is opened.
    package enum Access {
        case read
        /// At the end, made when missing.
        case append
        /// Empty, made when missing.
        case truncate
        /// Made now; an error when it exists.
        case create
    }

    /// What stands at a path.
    package enum Kind: Equatable, Sendable { case missing, file, directory, socket, other }

    /// Opens `path`; descriptors are not inherited by programs we start. A new file gets
    /// `permissions` less the process's mask.
    package static func open(
        _ path: String, _ access: Access, permissions: UInt32 = 0o644
    ) throws(SystemError) -> Descriptor {
        let flags =
            switch access {
            case .read: O_RDONLY
            case .append: O_WRONLY | O_APPEND | O_CREAT
            case .truncate: O_WRONLY | O_TRUNC | O_CREAT
            case .create: O_WRONLY | O_EXCL | O_CREAT
            }
        return Descriptor(
            try checked("open", unsafe Glibc.open(path, flags | O_CLOEXEC, permissions)))
    }

    /// The content of `path`, at most `limit` bytes of it.
    package static func read(
        _ path: String, limit: Int = .max
    ) throws(SystemError) -> [UInt8] {
        let file = try open(path, .read)
        defer { file.close() }
        var content: [UInt8] = []
        while content.count < limit {
            let piece = try file.readSome(min(65536, limit - content.count))
            if piece.isEmpty { break }
            content += piece
        }
        return content
    }

    /// Puts `bytes` in place of `path`: after a crash the file is the old or the new one, whole.
    /// A file that was there hands its permissions on.
    package static func replaceAtomically(
        _ path: String, _ bytes: [UInt8], permissions: UInt32 = 0o644
    ) throws(SystemError) {
        let temporary = temporaryPath(for: path)
        let file = try open(temporary, .create, permissions: permissions)
        do throws(SystemError) {
            defer { file.close() }
            if let mode = permissionsOf(path) {
                try checked("fchmod", fchmod(file.number, mode))
            }
            try file.writeAll(bytes)
            try synchronize(file)
        } catch {
            try? remove(temporary)
            throw error
        }
        do throws(SystemError) {
            try rename(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try synchronizeDirectory(of: path)
    }

    /// A name beside `path` that no other file of this process has.
    package static func temporaryPath(for path: String) -> String {
        let (directory, name) = split(path)
        return "\(directory)temp-\(getpid())-\(String(Entropy.word() >> 32, radix: 16)).\(name)"
    }

    /// Writes `bytes` at `offset`.
    package static func write(
        _ file: Descriptor, _ bytes: [UInt8], at offset: Int
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { all in
                unsafe pwrite(
                    file.number, all.baseAddress! + done, all.count - done, offset + done)
            }
            if written > 0 {
                done += written
            } else if errno != EINTR {
                throw SystemError.last("pwrite")
            }
        }
    }

    /// Waits until what was written is on the disk.
    package static func synchronize(_ file: Descriptor) throws(SystemError) {
        try checked("fsync", fsync(file.number))
    }

    /// Waits until the directory that holds `path` is on the disk: a rename lasts only then.
    package static func synchronizeDirectory(of path: String) throws(SystemError) {
        let (directory, _) = split(path)
        let name = directory.isEmpty ? "." : directory
        let descriptor = Descriptor(
            try checked(
                "open", unsafe Glibc.open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
        defer { descriptor.close() }
        // Some file systems have nothing to do for a directory and say so.
        if fsync(descriptor.number) < 0, errno != EINVAL { throw SystemError.last("fsync") }
    }

    package static func rename(_ path: String, to target: String) throws(SystemError) {
        try checked("rename", unsafe Glibc.rename(path, target))
    }

    package static func remove(_ path: String) throws(SystemError) {
        try checked("unlink", unsafe unlink(path))
    }

    /// Makes the directory `path`, whose parent exists; one that is there already is fine.
    package static func createDirectory(
        _ path: String, permissions: UInt32 = 0o755
    ) throws(SystemError) {
        if unsafe mkdir(path, permissions) < 0, errno != EEXIST { throw SystemError.last("mkdir") }
    }

    package static func kind(of path: String) -> Kind {
        guard let status = status(path) else { return .missing }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFSOCK: .socket
        default: .other
        }
    }

    /// The size of the file in bytes; nil when there is none.
    package static func size(of path: String) -> Int? { status(path).map { Int($0.st_size) } }

    /// What tells the file at `path` from every other on this machine; nil when there is none.
    package static func identity(of path: String) -> FileIdentity? {
        status(path).map { FileIdentity(device: UInt64($0.st_dev), node: UInt64($0.st_ino)) }
    }

    /// Whether this process may write the file or, if it is missing, make it.
    package static func isWritable(_ path: String) -> Bool {
        if kind(of: path) == .missing {
            let (directory, _) = split(path)
            return unsafe access(directory.isEmpty ? "." : directory, W_OK) == 0
        }
        return unsafe access(path, W_OK) == 0
    }

    /// The paths that fit a shell pattern, sorted; none if nothing does.
    package static func matching(_ pattern: String) -> [String] {
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, 0, nil, &found) == 0 else { return [] }
        return unsafe (0..<Int(found.gl_pathc)).compactMap { index in
            unsafe found.gl_pathv[index].map { unsafe String(cString: $0) }
        }
    }

    /// `path` as seen from the root, without asking whether it exists.
    package static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let directory = Process.workingDirectory
        return directory.hasSuffix("/") ? directory + path : "\(directory)/\(path)"
    }

    private static func permissionsOf(_ path: String) -> UInt32? {
        status(path).map { $0.st_mode & 0o7777 }
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status : nil
    }

    /// The directory with its slash (or nothing) and the name in it.
    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[...slash]), String(path[path.index(after: slash)...]))
    }
}

/// A file, whatever its name is by now.
package struct FileIdentity: Equatable, Sendable {
    let device, node: UInt64
}
