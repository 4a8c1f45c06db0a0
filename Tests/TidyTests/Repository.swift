import Foundation

/// A file of the tree with its path from the root.
struct SourceFile {
    let path: String
    let text: String

    var name: String { path.split(separator: "/").last.map { String($0) } ?? path }
    var lines: [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }
}

/// A breach of a rule, printed as compilers print: path, line, what is wrong.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// The checkout in which the tests were built.
enum Repository {
    static let root: URL = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    /// Every file under `folders` that git tracks or would track.
    static func files(under folders: [String], endings: [String]? = nil) throws -> [SourceFile] {
        let listing = try run(
            "/usr/bin/env",
            ["git", "ls-files", "-co", "--exclude-standard", "-z", "--"] + folders)
        return listing.split(separator: "\0").map { String($0) }.sorted().compactMap { path in
            if let endings, !endings.contains(where: { path.hasSuffix($0) }) { return nil }
            let url = root.appendingPathComponent(path)
            guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
            return SourceFile(path: path, text: text)
        }
    }

    /// All Swift of the product and its tests.
    static func swiftFiles() throws -> [SourceFile] {
        try files(under: ["Sources", "sentinel", "Tests", "examples"], endings: [".swift"])
    }

    /// Swift of the product, by target.
    static func productFiles(of floor: Floor) throws -> [SourceFile] {
        try files(under: [floor.path], endings: [".swift"])
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// What the program prints; an error when it fails.
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = root
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ProgramFailure(
                program: arguments.first ?? program, status: process.terminationStatus)
        }
        return String(decoding: data, as: UTF8.self)
    }

    struct ProgramFailure: Error {
        let program: String
        let status: Int32
    }
}
