import Foundation

/// What Package.swift says, as SwiftPM itself understands it.
struct PackageManifest: Decodable {
    struct Target: Decodable {
        let name: String
        let type: String
        let path: String?
        let dependencies: [Dependency]
    }

    /// A dependency by name or by product; other kinds do not occur here.
    struct Dependency: Decodable {
        let name: String

        private enum Key: String, CodingKey { case byName, product, target }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in [Key.byName, .product, .target] where container.contains(key) {
                var list = try container.nestedUnkeyedContainer(forKey: key)
                name = try list.decode(String.self)
                return
            }
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "unknown dependency"))
        }
    }

    let targets: [Target]

    /// Evaluates the manifest of this tree. The scratch folder keeps it clear of the build that
    /// runs the tests.
    static func load() throws -> PackageManifest {
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("tandem-manifest-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let json = try Repository.run(
            "/usr/bin/env",
            ["swift", "package", "--scratch-path", scratch.path, "dump-package"])
        return try JSONDecoder().decode(PackageManifest.self, from: Data(json.utf8))
    }
}
