import Memory
import Platform

/// Work on files, done off the loop. Ids are the service's.
package enum FileJob: Sendable, Equatable {
    case replace(id: Int, path: String, bytes: [UInt8])
    case remove(path: String)
    case create(id: Int, path: String)
    case append(id: Int, bytes: [UInt8])
    case commit(id: Int, target: String)
    case abandon(id: Int)
    case read(id: Int, path: String)
    case readMore(id: Int)
}

/// What came of it.
package enum FileResult: Sendable, Equatable {
    case progress(id: Int, written: Int)
    case done(id: Int)
    case failed(id: Int, SystemError)
    case bytes(id: Int, [UInt8], isLast: Bool)
}

/// The files that are being written or read in pieces, and the work itself. It blocks as long
/// as the disk does.
package struct OpenFiles {
    /// Bytes of one piece of a file that is read.
    package static let pieceSize = 256 * 1024

    private struct Writing {
        let path: String
        let descriptor: Descriptor
        var written = 0
    }

    private var writing: [Int: Writing] = [:]
    private var reading: [Int: Descriptor] = [:]

    package init() {}

    /// Does one job; nil when nobody waits for an answer. After a failure the file's id is
    /// unknown, and jobs that were already on their way for it come to nothing.
    package mutating func perform(_ job: FileJob) -> FileResult? {
        switch job {
        case .replace(let id, let path, let bytes):
            return answer(id) { () throws(SystemError) in
                try Files.replaceAtomically(path, bytes)
                return .done(id: id)
            }
        case .remove(let path):
            try? Files.remove(path)
            return nil
        case .create(let id, let path): return create(id, path)
        case .append(let id, let bytes): return append(id, bytes)
        case .commit(let id, let target): return commit(id, target)
        case .abandon(let id):
            abandon(id)
            return nil
        case .read(let id, let path):
            do throws(SystemError) {
                reading[id] = try Files.open(path, .read)
            } catch {
                return .failed(id: id, error)
            }
            return readPiece(id)
        case .readMore(let id): return readPiece(id)
        }
    }

    private mutating func create(_ id: Int, _ path: String) -> FileResult? {
        do throws(SystemError) {
            writing[id] = Writing(path: path, descriptor: try Files.open(path, .truncate))
            return nil
        } catch {
            return .failed(id: id, error)
        }
    }

    private mutating func append(_ id: Int, _ bytes: [UInt8]) -> FileResult? {
        guard var file = writing[id] else { return nil }
        do throws(SystemError) {
            try file.descriptor.writeAll(bytes)
        } catch {
            abandon(id)
            return .failed(id: id, error)
        }
        file.written += bytes.count
        writing[id] = file
        return .progress(id: id, written: file.written)
    }

    private mutating func commit(_ id: Int, _ target: String) -> FileResult? {
        guard let file = writing[id] else { return nil }
        do throws(SystemError) {
            try Files.synchronize(file.descriptor)
            try Files.rename(file.path, to: target)
        } catch {
            abandon(id)
            return .failed(id: id, error)
        }
        file.descriptor.close()
        writing[id] = nil
        return answer(id) { () throws(SystemError) in
            try Files.synchronizeDirectory(of: target)
            return .done(id: id)
        }
    }

    private mutating func abandon(_ id: Int) {
        if let file = writing.removeValue(forKey: id) {
            file.descriptor.close()
            try? Files.remove(file.path)
        }
        reading.removeValue(forKey: id)?.close()
    }

    private mutating func readPiece(_ id: Int) -> FileResult? {
        guard let descriptor = reading[id] else { return nil }
        var piece: [UInt8] = []
        var isLast = false
        do throws(SystemError) {
            while piece.count < OpenFiles.pieceSize {
                let bytes = try descriptor.readSome(OpenFiles.pieceSize - piece.count)
                if bytes.isEmpty {
                    isLast = true
                    break
                }
                if piece.isEmpty { piece = bytes } else { piece += bytes }
            }
        } catch {
            abandon(id)
            return .failed(id: id, error)
        }
        if isLast { abandon(id) }
        return .bytes(id: id, piece, isLast: isLast)
    }

    private func answer(
        _ id: Int, _ body: () throws(SystemError) -> FileResult
    ) -> FileResult {
        do throws(SystemError) { return try body() } catch { return .failed(id: id, error) }
    }
}

/// A thread that does file work in the order in which it was given. It starts with the first
/// job.
final class FileWorker {
    private let name: String
    private let jobs = Mailbox<FileJob>()
    private let results: Mailbox<FileResult>
    private let waker: EventFD
    private var thread: Thread?

    /// Results go to `results`; `waker` is signalled after each.
    init(name: String, results: Mailbox<FileResult>, waking waker: EventFD) {
        self.name = name
        self.results = results
        self.waker = waker
    }

    func post(_ job: FileJob) {
        if thread == nil { start() }
        jobs.post(job)
    }

    private func start() {
        let (jobs, results, waker) = (jobs, results, waker)
        do throws(SystemError) {
            thread = try Thread.start(name: name) {
                var files = OpenFiles()
                while true {
                    let work = jobs.waitForAll()
                    if work.isEmpty { return }
                    for job in work {
                        guard let result = files.perform(job) else { continue }
                        results.post(result)
                        waker.signal()
                    }
                }
            }
        } catch {
            // A server that cannot keep its files must not look as if it did.
            invariantFailed("cannot start a thread for files: \(error)")
        }
    }

    /// Waits until everything given so far is done; nothing more may be given.
    func finish() {
        jobs.close()
        thread?.join()
        thread = nil
    }
}
