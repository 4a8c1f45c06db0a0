import Foundation

/// What the compiled objects of a target ask of the world.
enum ObjectSymbols {
    /// The folder with the objects of the build that runs these tests.
    static var buildFolder: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// The object files of `target`; empty when this build has none.
    static func objects(of target: String) -> [URL] {
        let folder = buildFolder.appendingPathComponent("\(target).build")
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: nil)
        return (files ?? []).filter { $0.pathExtension == "o" }.sorted { $0.path < $1.path }
    }

    /// The undefined symbols of the objects, as `nm` prints them.
    static func undefined(in objects: [URL]) throws -> Set<String> {
        guard !objects.isEmpty else { return [] }
        let listing = try Repository.run(
            "/usr/bin/env", ["nm", "-u", "--format=posix"] + objects.map(\.path))
        return parse(listing)
    }

    /// The names in nm's output; lines with a file name end in a colon.
    static func parse(_ listing: String) -> Set<String> {
        var names: Set<String> = []
        for line in listing.split(separator: "\n") where !line.hasSuffix(":") {
            guard let first = line.split(separator: " ").first else { continue }
            names.insert(String(first.prefix { $0 != "@" }))
        }
        return names
    }

    /// Those that reach a socket, a file, a clock, a random number or a process.
    static func forbidden(in names: Set<String>) -> [String] {
        names.filter { name in
            if forbiddenSymbols.contains(name) { return true }
            let isSwift = name.hasPrefix("$s")
            return isSwift && forbiddenSwiftNames.contains { name.contains($0) }
        }.sorted()
    }
}
