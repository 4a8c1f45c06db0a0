import Foundation
import Testing

/// The rules of the house, held against this tree.
@Suite("Tidy") struct TreeTests {
    let ratchet: Ratchet

    init() throws {
        ratchet = Ratchet(table: try Repository.text("Tests/tidy-ratchet.tsv"))
    }

    private func expectNone(_ rule: String, _ findings: [Finding]) {
        let problems = ratchet.excess(of: rule, in: findings)
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    }

    @Test("files, functions and lines are short") func sizes() throws {
        let files = try Repository.swiftFiles()
        #expect(files.count > floors.count, "the tree has a file for every floor at least")
        expectNone("size", files.flatMap(Rules.size))
        expectNone("function", files.flatMap(Rules.functionLength))
    }

    @Test("every target imports what its row allows", arguments: floors.map(\.target))
    func imports(target: String) throws {
        let floor = try #require(floors.first { $0.target == target })
        let files = try Repository.productFiles(of: floor)
        #expect(!files.isEmpty, "\(floor.path) has no sources")
        expectNone("import", files.flatMap { Rules.imports($0, of: floor) })
    }

    @Test("unsafe code stands only on the floors made for it") func unsafeCode() throws {
        let files = try floors.filter { !$0.mayBeUnsafe }.flatMap(Repository.productFiles)
        expectNone("unsafe", files.flatMap(Rules.unsafeCode))
    }

    @Test("no name is a drawer, no type hides its module") func names() throws {
        let files = try Repository.swiftFiles()
        expectNone("drawer", files.flatMap(Rules.drawers))
        let modules = Set(floors.map(\.target))
        expectNone("module", files.flatMap { Rules.typeLikeModule($0, modules: modules) })
    }

    @Test("nothing is left unfinished or tied to a machine") func marks() throws {
        let files = try Repository.files(
            under: ["Sources", "sentinel", "Tests", "examples", "systemd", "README.md", ".ci"])
        expectNone("unfinished", files.flatMap(Rules.unfinished))
        expectNone("machine", files.flatMap(Rules.machinePath))
    }

    @Test("the wire's words for primary and replica stay in WireNames") func wireWords() throws {
        let files = try floors.flatMap(Repository.productFiles)
        expectNone("wire-code", files.flatMap(Rules.wireWordsInCode))
        expectNone("wire-literal", files.flatMap(Rules.wireWordsInLiterals))
    }

    @Test("the map names every folder of Sources") func map() throws {
        let map = try Repository.text("Sources/README.md")
        let folders = Set(
            try Repository.files(under: ["Sources", "sentinel"]).compactMap { file -> String? in
                let parts = file.path.split(separator: "/")
                return parts.count > 2 ? String(parts[1]) : nil
            })
        #expect(!folders.isEmpty)
        for folder in folders.sorted() where folder != "System" {
            #expect(map.contains("\(folder)/"), "Sources/README.md does not name \(folder)/")
        }
    }

    @Test("the table of floors is what Package.swift says") func manifest() throws {
        let manifest = try PackageManifest.load()
        let isProduct = { (target: PackageManifest.Target) in
            target.type != "test" && !systemTargets.contains(target.name)
                && !(target.path ?? "").hasPrefix("Tests/")
        }
        let targets = manifest.targets.filter(isProduct)
        #expect(Set(targets.map(\.name)) == Set(floors.map(\.target)))
        for floor in floors {
            let target = try #require(targets.first { $0.name == floor.target })
            #expect(
                Set(target.dependencies.map(\.name)) == floor.imports, "imports of \(floor.target)")
            #expect((target.path ?? "Sources/\(target.name)") == floor.path)
        }
    }

    @Test("imports go down, and the pure floors rest on pure floors alone") func directions() {
        for floor in floors {
            for name in floor.imports {
                guard let other = floors.first(where: { $0.target == name }) else { continue }
                #expect(other.floor <= floor.floor, "\(floor.target) is below \(name)")
                let reaches = !other.isPure && name != "Memory"
                #expect(!(floor.isPure && reaches), "\(floor.target) is pure, \(name) is not")
            }
        }
    }

    @Test(
        "objects of pure targets reach nothing outside",
        arguments: floors.filter(\.isPure).map(\.target))
    func symbols(target: String) throws {
        let objects = ObjectSymbols.objects(of: target)
        #expect(!objects.isEmpty, "no objects of \(target) under \(ObjectSymbols.buildFolder.path)")
        let names = try ObjectSymbols.undefined(in: objects)
        #expect(ObjectSymbols.forbidden(in: names) == [], "\(target) reaches outside")
    }
}
