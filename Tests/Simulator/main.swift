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
    var isRange = false
    var isTracing = false
    var isQuiet = false
    var stopsAtFirst = false
    /// What every seed must have at least: seconds, faults, operations; and how many per cent of
    /// the seeds a failover.
    var required: [Int] = []
    var mutation: String?
    var scenarios: [String] = []
    var listsMutations = false

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
                (first, last, isRange) = (ends[0], ends[1], true)
            case "--quiet": isQuiet = true
            case "--no-trace": isTracing = false
            case "--stop": stopsAtFirst = true
            case "--mutation":
                guard let name = rest.popFirst() else { return nil }
                mutation = name
            case "--scenario":
                guard !rest.isEmpty else { return nil }
                while let file = rest.first, !file.hasPrefix("--") {
                    scenarios.append(file)
                    rest.removeFirst()
                }
            case "--require":
                required = rest.popFirst()?.split(separator: ",").compactMap { Int($0) } ?? []
                guard required.count == 4 else { return nil }
            case "--trace": isTracing = true
            case "--mutations": listsMutations = true
            default: return nil
            }
        }
    }
}

/// Figures of a range of seeds, for people.
struct Totals {
    var seeds = 0
    var withFailover = 0
    var leastSeconds = Double.infinity
    var leastFaults = Int.max
    var leastOperations = Int.max
    var failures: [UInt64] = []

    /// Whether the seeds were worth their name.
    func meets(_ required: [Int]) -> Bool {
        required.isEmpty
            || (Int(leastSeconds) >= required[0] && leastFaults >= required[1]
                && leastOperations >= required[2] && withFailover * 100 >= required[3] * seeds)
    }

    mutating func add(_ result: RunResult) {
        seeds += 1
        withFailover += result.failovers > 0 ? 1 : 0
        leastSeconds = min(leastSeconds, result.virtualSeconds)
        leastFaults = min(leastFaults, result.faults)
        leastOperations = min(leastOperations, result.operations)
        if !result.violations.isEmpty { failures.append(result.seed) }
    }
}

/// Seeds in which a deliberate mistake must be found.
let mutationSeeds: ClosedRange<UInt64> = 1...500

/// Looks for the first seed in which `name`, a deliberate mistake, breaks a rule.
func find(_ name: String, in seeds: ClosedRange<UInt64>) -> Int32 {
    guard canMakeMistakes else {
        print("this simulator was built without mistakes: build with -Xswiftc -DTANDEM_MUTATIONS")
        return 2
    }
    guard makeMistake(name) else {
        print("no mutation is called '\(name)'; --mutations lists them")
        return 2
    }
    for seed in seeds {
        let result = run(seed: seed, tracing: false)
        guard let violation = result.violations.first else { continue }
        print("\(name): seed \(seed): \(violation)")
        return 0
    }
    print("\(name): not found in seeds \(seeds.lowerBound)-\(seeds.upperBound)")
    return 1
}

/// Runs the scenarios in `files` with every seed of the range.
func runScenarios(_ files: [String], _ seeds: ClosedRange<UInt64>, tracing: Bool) -> Int32 {
    var status: Int32 = 0
    for file in files {
        guard let text = contents(of: file) else {
            print("\(file): cannot be read")
            return 2
        }
        for seed in seeds {
            do {
                let result = try run(scenario: text, seed: seed, tracing: tracing)
                result.trace.forEach { print($0) }
                if result.failures.isEmpty, seed == seeds.upperBound { print("\(file): ok") }
                for failure in result.failures {
                    status = 1
                    print("\(file) seed \(seed): \(failure)")
                }
                if !result.failures.isEmpty { break }
            } catch {
                print("\(file): \(error)")
                return 2
            }
        }
    }
    return status
}

/// The text of a file; nil when it cannot be read.
func contents(of path: String) -> String? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = unsafe fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
}

runDeterministically()
guard let options = Options(CommandLine.arguments) else {
    print(
        """
        usage: simulator --seed N [--no-trace] | --seeds A-B [--quiet] [--stop]
                         [--require SECONDS,FAULTS,OPERATIONS,PER-CENT-WITH-FAILOVER]
               simulator --mutations | --mutation NAME [--seeds A-B | --seed N]
               simulator --scenario FILE… [--seeds A-B] [--trace]
        """)
    exit(2)
}
if options.listsMutations {
    mistakeNames.forEach { print($0) }
    exit(0)
}
if let name = options.mutation, options.scenarios.isEmpty, !options.isTracing {
    let seeds = options.isRange ? options.first...options.last : mutationSeeds
    exit(find(name, in: seeds))
}
if let name = options.mutation, !makeMistake(name) { exit(find(name, in: 1...1)) }
if !options.scenarios.isEmpty {
    exit(
        runScenarios(
            options.scenarios, options.first...options.last, tracing: options.isTracing))
}
var totals = Totals()
for seed in options.first...options.last {
    let result = run(seed: seed, tracing: options.isTracing)
    if options.isTracing { result.trace.forEach { print($0) } }
    totals.add(result)
    if !options.isQuiet || !result.violations.isEmpty { print(result.summary) }
    if options.stopsAtFirst, !totals.failures.isEmpty { break }
}
print(
    "\(totals.seeds) seeds, \(totals.withFailover) with a failover, "
        + "at least \(Int(totals.leastSeconds)) s, \(totals.leastFaults) faults and "
        + "\(totals.leastOperations) operations each; \(totals.failures.count) broke a rule")
if !totals.meets(options.required) {
    let names = ["seconds", "faults", "operations", "per cent with a failover"]
    let wanted = zip(options.required, names).map { "\($0) \($1)" }.joined(separator: ", ")
    print("wanted at least: \(wanted)")
    exit(1)
}
if let seed = totals.failures.first {
    print("replay with: simulator --seed \(seed)")
    exit(1)
}
