import Glibc
import Simulation

// Runs simulated worlds. `simulator --seed N` replays one; `--seeds A-B` runs many and stops at
// the end with status 1 if any broke a rule.

/// Dictionaries must iterate in the same order in every run.
func runDeterministically() {
    guard unsafe getenv("SWIFT_DETERMINISTIC_HASHING") == nil else { return }
    unsafe setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    var arguments = unsafe CommandLine.arguments.map { unsafe strdup($0) }
    unsafe arguments.append(nil)
    unsafe execv("/proc/self/exe", arguments)
    fatalError("cannot start again with deterministic hashing")
}

struct Options {
    var first: UInt64 = 1
    var last: UInt64 = 1
    var isTracing = false
    var isQuiet = false
    var stopsAtFirst = false

    init?(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "--seed":
                guard let seed = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                (first, last, isTracing) = (seed, seed, true)
            case "--seeds":
                let ends = rest.popFirst()?.split(separator: "-").compactMap { UInt64($0) } ?? []
                guard ends.count == 2, ends[0] <= ends[1] else { return nil }
                (first, last) = (ends[0], ends[1])
            case "--quiet": isQuiet = true
            case "--no-trace": isTracing = false
            case "--stop": stopsAtFirst = true
            default: return nil
            }
        }
    }
}

runDeterministically()
guard let options = Options(CommandLine.arguments) else {
    print("usage: simulator --seed N [--no-trace] | --seeds A-B [--quiet] [--stop]")
    exit(2)
}
var failures: [UInt64] = []
var failovers = 0
for seed in options.first...options.last {
    let result = run(seed: seed, tracing: options.isTracing)
    if options.isTracing { result.trace.forEach { print($0) } }
    if !result.violations.isEmpty { failures.append(seed) }
    failovers += result.failovers > 0 ? 1 : 0
    if !options.isQuiet || !result.violations.isEmpty { print(result.summary) }
    if options.stopsAtFirst, !failures.isEmpty { break }
}
let count = options.last - options.first + 1
print("\(count) seeds, \(failovers) with a failover, \(failures.count) broke a rule")
if !failures.isEmpty {
    print("replay with: simulator --seed \(failures[0])")
    exit(1)
}
