import Memory
import Platform
import Reactor
import Sessions

/// A program that the service had started.
struct RunningProgram {
    let id: Int
    let process: ChildProcess
    /// When it is ended, in monotonic microseconds.
    let deadline: Int64
}

/// The service's rare requests.
extension ServiceHost where Served: ~Copyable {
    @usableFromInline
    mutating func performRequests() {
        isDeadlineOld = true
        while let request = service.value.nextRequest() { perform(request) }
    }

    private mutating func perform(_ request: HostRequest) {
        switch request {
        case .connect(let link, let host, let port, let source):
            connect(link: link, host: host, port: port, source: source)
        case .cancelConnect(let link):
            cancelConnect(link: link)
        case .replaceFile, .createFile, .appendFile, .commitFile, .abandonFile, .removeFile,
            .readFile, .readMore:
            performFile(request)
        case .log(let level, let text):
            writeLog(level, text)
        case .status(let text):
            supervisor.status(text)
        case .ready:
            supervisor.ready()
            if listenersRestUntil > 0 { wakeListeners() }
        case .extendTimeout(let microseconds):
            supervisor.extendTimeout(microseconds: microseconds)
        case .run(let id, let path, let arguments, let timeout):
            start(id, path, arguments, timeout)
        case .applySettings(let names):
            applySettings(names)
        case .reopenLog:
            log.reopen()
        case .stop(let status):
            if stopStatus == nil { stopStatus = status }
        case .crash(let message):
            crash(message)
        case .sleep(let microseconds):
            Clock.sleep(microseconds: microseconds)
        }
    }

    private mutating func performFile(_ request: HostRequest) {
        switch request {
        case .replaceFile(let id, let path, let bytes):
            smallFiles.post(.replace(id: id, path: path, bytes: bytes))
        case .removeFile(let path): smallFiles.post(.remove(path: path))
        case .createFile(let id, let path): longFiles.post(.create(id: id, path: path))
        case .appendFile(let id, let bytes): longFiles.post(.append(id: id, bytes: bytes))
        case .commitFile(let id, let target): longFiles.post(.commit(id: id, target: target))
        case .abandonFile(let id): longFiles.post(.abandon(id: id))
        case .readFile(let id, let path): longFiles.post(.read(id: id, path: path))
        case .readMore(let id): longFiles.post(.readMore(id: id))
        default: break
        }
    }

    private func writeLog(_ level: LogLevel, _ text: String) {
        log.role = program.role(service)
        log.write(level, text)
    }

    /// DEBUG's ways to crash: an invalid access, or a broken rule with this message.
    private func crash(_ message: String) -> Never {
        if message == "segfault" { Process.fault() }
        invariantFailed(message)
    }

    private mutating func applySettings(_ names: [String]) {
        let new = program.settings(service)
        log.level = new.logLevel
        if !new.title.isEmpty, new.title != settings.title { Process.setTitle(new.title) }
        let moves =
            new.port != settings.port || new.bind != settings.bind
            || new.unixSocket != settings.unixSocket
        if moves {
            do throws(HostError) {
                try replaceListeners(new)
            } catch {
                log.write(.warning, error.description)
                service.value.handle(.settingsFailed(reason: error.description))
            }
        } else {
            settings = new
        }
    }

    private mutating func start(
        _ id: Int, _ path: String, _ arguments: [String], _ timeout: Int64
    ) {
        do throws(SystemError) {
            let process = try ChildProcess.start(path, arguments: arguments)
            let deadline = now + min(max(0, timeout), 1 << 60)
            children.append(RunningProgram(id: id, process: process, deadline: deadline))
            wake(at: deadline)
        } catch {
            log.write(.warning, "Cannot run \(path): \(error)")
            // The status of a shell that finds no such program.
            service.value.handle(.exited(id: id, status: 127, signal: 0))
        }
    }

    mutating func reapChildren() {
        var ended: [(id: Int, exit: ChildProcess.Exit)] = []
        children.removeAll { child in
            guard let exit = child.process.reap() else { return false }
            ended.append((child.id, exit))
            return true
        }
        for (id, exit) in ended {
            service.value.handle(.exited(id: id, status: exit.status, signal: exit.signal))
        }
    }

    /// Ends programs that take too long; their end is then reported like any other.
    mutating func endLateChildren() {
        for index in children.indices where now >= children[index].deadline {
            children[index].process.kill()
            children[index] = RunningProgram(
                id: children[index].id, process: children[index].process, deadline: .max)
        }
    }
}
