import Configuration
import Engine
import Host
import Memory
import Platform
import Sessions

/// tandem-server from its arguments to its exit status.
enum ServerProgram {
    static func main(_ arguments: [String]) -> Int32 {
        let options = CommandLineOptions(Array(Process.argumentBytes.dropFirst()))
        if let request = options.request {
            return request.answer(version: version, usage: usage)
        }
        if options.isSentinel {
            Terminal.complain(
                "Sentinel is a program of its own here: start tandem-sentinel instead.")
            return 1
        }
        do throws(ConfigurationLoader.Failure) {
            let configuration = try ConfigurationLoader(options)
            let settings = try readSettings(configuration.lines)
            return start(settings, configuration.path, arguments)
        } catch {
            Terminal.complain(error.report(program: "Redis \(Frontend.redisVersion)"))
            return 1
        }
    }

    private static func readSettings(
        _ lines: [ConfigurationLine]
    ) throws(ConfigurationLoader.Failure) -> ServerSettings {
        do throws(ConfigurationError) {
            return try ServerConfiguration.settings(of: lines)
        } catch {
            throw .line(error)
        }
    }

    private static func start(
        _ wanted: ServerSettings, _ configurationPath: String?, _ arguments: [String]
    ) -> Int32 {
        var settings = wanted
        let supervisor = SupervisedStart(settings.supervised)
        // Who supervises a process must not lose it.
        if supervisor.isThere { settings.daemonize = false }
        let log: Log
        do throws(SystemError) {
            // The log's path counts from `dir`, as Redis has it.
            try Process.changeDirectory(settings.dir)
            log = try Log(path: settings.logFile, level: settings.logLevel)
            if settings.syslogEnabled {
                Syslog.open(ident: settings.syslogIdent, facility: settings.syslogFacility)
                log.usesSyslog = true
            }
        } catch {
            let what =
                "\(error.operation)" == "chdir" ? "chdir to '\(settings.dir)'" : "open the log file"
            Terminal.complain("\nCan't \(what): \(error.reason)")
            return 1
        }
        do throws(SystemError) {
            if settings.daemonize { try Process.daemonize() }
            try CrashReports.install()
        } catch {
            log.write(.warning, "Cannot start in '\(settings.dir)': \(error)")
            Terminal.complain("Cannot start in '\(settings.dir)': \(error)")
            return 1
        }
        for (level, text) in supervisor.notes { log.write(level, text) }
        supervisor.tell()
        announce(log, settings, isConfigured: !arguments.isEmpty)
        let budget = DescriptorBudget(clients: settings.frontend.maxClients)
        for note in budget.notes { log.write(.warning, note) }
        settings.frontend.maxClients = budget.clients
        return serve(settings, configurationPath, arguments, log)
    }

    private static func announce(_ log: Log, _ settings: ServerSettings, isConfigured: Bool) {
        log.write(.warning, "oO0OoO0OoO0Oo Tandem is starting oO0OoO0OoO0Oo")
        log.write(
            .warning,
            "Redis version=\(Frontend.redisVersion), Tandem version=\(Frontend.tandemVersion), "
                + "bits=64, pid=\(Process.identifier), just started")
        log.write(
            .warning,
            isConfigured
                ? "Configuration loaded"
                : "Warning: no config file specified, using the default config.")
        log.write(
            .notice, "Running mode=standalone, port=\(settings.port). PID: \(Process.identifier)")
    }

    private static func serve(
        _ settings: ServerSettings, _ configurationPath: String?, _ arguments: [String],
        _ log: Log
    ) -> Int32 {
        let engine = Slot(
            DataEngine(
                settings: settings, seed: Entropy.word(),
                clock: { Clock.monotonicMicroseconds() }))
        engine.value.executable = Process.executable
        engine.value.arguments = arguments
        engine.value.introspection.facts = hostFacts()
        if let errors = loadUsers(engine) {
            log.write(.warning, "Aborting Redis startup because of ACL errors: \(errors)")
            return 1
        }
        FaultReport.setDescription(of: engine.address, describeWork)
        var program = HostedProgram<DataEngine>(
            settings: { hostSettings($0.value) },
            role: { $0.value.settings.replicaOf == nil ? "M" : "S" })
        program.inherited = Systemd.takeDescriptors().map(\.descriptor)
            .filter { Systemd.isListener($0) }
        let needsPidFile = settings.daemonize || !settings.pidFile.isEmpty
        if needsPidFile {
            program.pidFile = settings.pidFile.isEmpty ? "/var/run/redis.pid" : settings.pidFile
        }
        do throws(HostError) {
            var host = try ServiceHost(engine, program: program, log: log)
            begin(engine, configurationPath)
            let status = try host.run()
            log.write(.warning, "Tandem is now ready to exit, bye bye...")
            return status
        } catch {
            log.write(.warning, error.description)
            return 1
        }
    }

    /// Reads the file of users, if there is one; what is wrong with it.
    private static func loadUsers(_ engine: Slot<DataEngine>) -> String? {
        let path = engine.value.settings.aclFile
        if path.isEmpty { return nil }
        guard engine.value.settings.users.isEmpty else {
            return "users are defined in the configuration and an aclfile is named as well"
        }
        do throws(SystemError) {
            let bytes = try Files.read(path)
            let (acl, errors) = UserFile.read(bytes, path: path, engine.value.frontend)
            guard let acl else { return errors }
            engine.value.frontend.replaceUsers(acl)
            return nil
        } catch {
            return "Error loading ACLs, opening file '\(path)': \(error.reason)"
        }
    }

    private static func hostFacts() -> HostFacts {
        var facts = HostFacts()
        facts.processID = Int(Process.identifier)
        facts.operatingSystem = Process.operatingSystem
        facts.totalMemory = Process.physicalMemory
        return facts
    }

    /// The engine begins to start; it goes on as the host does what it asks for.
    private static func begin(_ engine: Slot<DataEngine>, _ configurationPath: String?) {
        var text: [UInt8] = []
        if let configurationPath { text = (try? Files.read(configurationPath)) ?? [] }
        engine.value.beginTurn(
            TurnTime(
                monotonic: Clock.monotonicMicroseconds(), wall: Clock.wallMicroseconds()))
        engine.value.start(
            configurationPath: configurationPath,
            configurationText: text)
    }

    private static func hostSettings(_ engine: borrowing DataEngine) -> HostSettings {
        let settings = engine.settings
        var host = HostSettings()
        host.port = settings.port
        host.bind = settings.bind
        host.backlog = settings.tcpBacklog
        host.unixSocket = settings.unixSocket
        host.unixSocketPermissions = UInt32(clamping: settings.unixSocketPermissions)
        host.logLevel = settings.logLevel
        host.keepAlive = settings.frontend.tcpKeepalive
        if settings.setsTitle {
            host.title = settings.title(
                program: Process.arguments.first ?? "tandem-server",
                configurationPath: engine.configurationPath ?? "")
        }
        return host
    }

    private static var version: String {
        "Tandem server v=\(Frontend.redisVersion) tandem=\(Frontend.tandemVersion) "
            + "malloc=\(Allocator.name) bits=64"
    }

    private static let usage = """
        Usage: tandem-server [/path/to/redis.conf] [options] [-]
               tandem-server - (read the configuration from standard input)
               tandem-server -v or --version
               tandem-server -h or --help
               tandem-server --check-system

        Every directive of redis.conf is an option too:
               tandem-server --port 7777 --replicaof 127.0.0.1 8888
               tandem-server /etc/tandem/primary.conf --loglevel verbose

        Sentinel mode is a program of its own: tandem-sentinel /path/to/sentinel.conf
        """
}

/// Says in a crash report what the engine was doing.
private let describeWork: @convention(c) (UInt) -> Void = { address in
    CrashReports.describe(Slot<DataEngine>(address: address).value.frontend)
}
