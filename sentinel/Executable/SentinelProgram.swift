import Configuration
import Host
import Memory
import Platform
import SentinelCore
import Sessions

/// tandem-sentinel from its arguments to its exit status.
enum SentinelProgram {
    static func main(_ arguments: [[UInt8]]) -> Int32 {
        let options = CommandLineOptions(arguments)
        if let request = options.request {
            return request.answer(version: version, usage: usage)
        }
        do throws(ConfigurationLoader.Failure) {
            let loader = try ConfigurationLoader(options)
            do throws(ConfigurationError) {
                let settings = try SentinelSettings(loader.lines)
                // Relative paths in what follows count from there.
                guard enter(settings.dir) else { return 1 }
                var sentinel = SentinelConfiguration()
                try sentinel.apply(
                    loader.lines, isExecutable: { Files.kind(of: $0) == .file })
                return start(settings, sentinel, loader.path)
            } catch {
                throw .line(error)
            }
        } catch {
            Terminal.complain(error.report(program: "Redis \(Frontend.redisVersion)"))
            return 1
        }
    }

    private static func enter(_ directory: String) -> Bool {
        do throws(SystemError) {
            try Process.changeDirectory(directory)
            return true
        } catch {
            Terminal.complain("\nCan't chdir to '\(directory)': \(error.reason)")
            return false
        }
    }

    private static func start(
        _ settings: SentinelSettings, _ configuration: SentinelConfiguration, _ path: String?
    ) -> Int32 {
        let log: Log
        do throws(SystemError) {
            log = try Log(path: settings.logFile, level: settings.logLevel)
            log.role = "X"
        } catch {
            Terminal.complain("\nCan't open the log file: \(error.reason)")
            return 1
        }
        do throws(SystemError) {
            if settings.daemonize { try Process.daemonize() }
            try CrashReports.install()
        } catch {
            log.write(.warning, "Cannot start: \(error)")
            Terminal.complain("Cannot start: \(error)")
            return 1
        }
        log.write(.warning, "oO0OoO0OoO0Oo Tandem is starting oO0OoO0OoO0Oo")
        log.write(
            .warning,
            "Redis version=\(Frontend.redisVersion), Tandem version=\(Frontend.tandemVersion), "
                + "bits=64, pid=\(Process.identifier), just started")
        guard let path = checked(path, log) else { return 1 }
        log.write(
            .notice, "Running mode=sentinel, port=\(settings.port). PID: \(Process.identifier)")
        let statePath = settings.stateFile.isEmpty ? path + ".state" : settings.stateFile
        var facts = SentinelFacts(
            configurationPath: path, statePath: Files.absolute(statePath))
        facts.executable = Process.executable
        facts.processID = Int(Process.identifier)
        facts.port = settings.port
        facts.isProgram = { Files.kind(of: $0) == .file }
        guard let merged = merged(configuration, facts.statePath, log) else { return 1 }
        return serve(settings, merged, facts, log)
    }

    /// A sentinel must be able to save what it promises.
    private static func checked(_ path: String?, _ log: Log) -> String? {
        guard let path else {
            log.write(
                .warning, "Sentinel needs config file on disk in order to save state. Exiting...")
            return nil
        }
        guard Files.isWritable(path) else {
            log.write(.warning, "Sentinel config file \(path) is not writable. Exiting...")
            return nil
        }
        return path
    }

    /// The configuration with what the state file knows; nil if that cannot be read. Starting
    /// without it could break a promise.
    private static func merged(
        _ configuration: SentinelConfiguration, _ path: String, _ log: Log
    ) -> SentinelConfiguration? {
        guard Files.kind(of: path) != .missing else { return configuration }
        var merged = configuration
        do {
            let text = String(decoding: try Files.read(path), as: UTF8.self)
            let state = try SentinelConfiguration.state(text)
            if !merged.adopt(state: state) {
                log.write(
                    .warning,
                    "The state in \(path) is another sentinel's and is not used; it will be "
                        + "replaced.")
            }
            return merged
        } catch let error as ConfigurationError {
            log.write(
                .warning, "State file \(path), line \(error.line): \(error.reason) Exiting...")
        } catch {
            log.write(.warning, "State file \(path) cannot be read: \(error). Exiting...")
        }
        return nil
    }

    private static func serve(
        _ settings: SentinelSettings, _ configuration: SentinelConfiguration,
        _ facts: SentinelFacts, _ log: Log
    ) -> Int32 {
        var frontend = settings.frontend
        let budget = DescriptorBudget(clients: frontend.maxClients)
        for note in budget.notes { log.write(.warning, note) }
        frontend.maxClients = budget.clients
        let server = ServerSettings(
            port: settings.port, password: String(decoding: frontend.requirePass, as: UTF8.self))
        let state = SentinelState(
            configuration, server: server, now: Clock.monotonicMicroseconds())
        let service = Slot(
            SentinelService(
                state, settings: frontend, facts: facts, seed: Entropy.word(),
                clock: { Clock.monotonicMicroseconds() }))
        let host = settings.host
        var program = HostedProgram<SentinelService>(settings: { _ in host }, role: { _ in "X" })
        program.inherited = Systemd.takeDescriptors().map(\.descriptor)
            .filter { Systemd.isListener($0) }
        if settings.daemonize || !settings.pidFile.isEmpty {
            program.pidFile =
                settings.pidFile.isEmpty ? "/var/run/redis-sentinel.pid" : settings.pidFile
        }
        do throws(HostError) {
            var host = try ServiceHost(service, program: program, log: log)
            let status = try host.run()
            log.write(.warning, "Sentinel is now ready to exit, bye bye...")
            return status
        } catch {
            log.write(.warning, error.description)
            return 1
        }
    }

    private static var version: String {
        "Tandem sentinel v=\(Frontend.redisVersion) tandem=\(Frontend.tandemVersion) bits=64"
    }

    private static let usage = """
        Usage: tandem-sentinel /path/to/sentinel.conf [options]
               tandem-sentinel -v or --version
               tandem-sentinel -h or --help

        The file must be writable: the sentinel keeps what it learns in it. What it has promised
        is in a file of its own beside it, or where the directive state-file says.
        """
}
