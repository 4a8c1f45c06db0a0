import Memory
import RESP
import Sessions

extension DataEngine {
    /// Shows an executed request to the sessions under MONITOR. Commands of administrators are
    /// not shown, and secrets are not.
    mutating func feedMonitors(_ call: Call, _ entry: CommandEntry) {
        guard entry.flags.intersection([.skipMonitor, .admin]).isEmpty else { return }
        let line = monitorLine(call, entry)
        for slot in monitors {
            line.withView { slot.value.reply.buffer.append($0) }
            frontend.noteOutput(slot)
            frontend.enforceOutputLimit(slot)
        }
    }

    /// `+seconds.microseconds [database peer] "name" "argument"…`
    private func monitorLine(_ call: Call, _ entry: CommandEntry) -> [UInt8] {
        let now = frontend.time.wall
        let micros = String(now % 1_000_000)
        let zeros = String(repeating: "0", count: 6 - micros.count)
        var peer = call.session.value.peer
        if call.session.value.flags.contains(.unixSocket) {
            peer = "unix:\(settings.unixSocket)"
        }
        var line = Array("+\(now / 1_000_000).\(zeros)\(micros) [\(call.database) \(peer)]".utf8)
        let secret = Secrets.positions(call, of: entry.identity)
        for index in 0..<call.count {
            line.append(UInt8(ascii: " "))
            if secret.contains(index) {
                line += Array("\"\(Secrets.shown)\"".utf8)
            } else {
                appendQuoted(call[index], to: &line)
            }
        }
        line += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        return line
    }

    /// Ends MONITOR of a session, if it was under it.
    mutating func stopMonitoring(_ session: Slot<Session>) {
        monitors.removeAll { $0 == session }
        if monitors.isEmpty { gates.remove(.monitored) }
    }
}

/// `view` in double quotes, with what is not printable escaped as Redis does.
func appendQuoted(_ view: ByteView, to line: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    line.append(UInt8(ascii: "\""))
    for index in 0..<view.count {
        let byte = view[index]
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): line += [UInt8(ascii: "\\"), byte]
        case 10: line += Array("\\n".utf8)
        case 13: line += Array("\\r".utf8)
        case 9: line += Array("\\t".utf8)
        case 7: line += Array("\\a".utf8)
        case 8: line += Array("\\b".utf8)
        case 32..<127: line.append(byte)
        default:
            line += Array("\\x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    line.append(UInt8(ascii: "\""))
}
