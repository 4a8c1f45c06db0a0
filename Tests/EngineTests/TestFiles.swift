import Sessions

/// A host's files in memory: they answer what an engine asks about files as a host does.
struct TestFiles {
    enum Answer {
        /// The request is not about files.
        case notForFiles
        /// It is done; what the engine is told, if it waits for an answer.
        case done(HostEvent?)
    }

    var contents: [String: [UInt8]] = [:]
    /// Bytes of one piece of a file that is read. Behind pieces that are full there is one more,
    /// which may be empty.
    var pieceSize = 1000
    /// Nothing can be added to a file that is written in pieces.
    var isDiskFull = false
    /// Whole files cannot be replaced.
    var isReadOnly = false
    private var written: [Int: [UInt8]] = [:]
    /// What is left of the files that are being read.
    private var unread: [Int: ArraySlice<UInt8>] = [:]

    /// How many files are being read.
    var readCount: Int { unread.count }

    /// What was open when the process ended is not kept.
    mutating func closeAll() { (written, unread) = ([:], [:]) }

    mutating func answer(_ request: HostRequest) -> Answer {
        switch request {
        case .replaceFile(let id, _, _) where isReadOnly:
            return failure(id, "open", 30, "Read-only file system")
        case .replaceFile(let id, let path, let bytes):
            contents[path] = bytes
            return .done(.fileDone(id: id))
        case .createFile(let id, _): written[id] = []
        case .appendFile(let id, _) where isDiskFull:
            return failure(id, "write", 28, "No space left on device")
        case .appendFile(let id, let bytes):
            guard let before = written[id]?.count else { break }
            written[id]?.append(contentsOf: bytes)
            return .done(.fileProgress(id: id, written: before + bytes.count))
        case .commitFile(let id, let path):
            contents[path] = written.removeValue(forKey: id)
            return .done(.fileDone(id: id))
        case .abandonFile(let id): (written[id], unread[id]) = (nil, nil)
        case .removeFile(let path): contents[path] = nil
        case .readFile(let id, let path):
            guard let bytes = contents[path] else {
                return failure(id, "open", 2, "No such file or directory")
            }
            unread[id] = bytes[...]
            return .done(nextPiece(id))
        case .readMore(let id): return .done(nextPiece(id))
        default: return .notForFiles
        }
        return .done(nil)
    }

    private func failure(
        _ id: Int, _ operation: String, _ errno: Int32, _ reason: String
    ) -> Answer {
        .done(.fileFailed(id: id, operation: operation, errno: errno, reason: reason))
    }

    private mutating func nextPiece(_ id: Int) -> HostEvent? {
        guard let rest = unread[id] else { return nil }
        let piece = Array(rest.prefix(pieceSize))
        let isLast = piece.count < pieceSize
        unread[id] = isLast ? nil : rest.dropFirst(pieceSize)
        return .fileBytes(id: id, bytes: piece, isLast: isLast)
    }
}
