import Configuration
import RESP
import Sessions

/// Settings from the files and arguments a server is started with.
package enum ServerConfiguration {
    /// Reads the configuration file (path and bytes), then standard input, then the command
    /// line's options as one text; what comes later wins, as in Redis. `loader` gives the files
    /// that an `include` names. The error says the place and the reason.
    package static func load(
        file: (path: String, bytes: [UInt8])? = nil, standardInput: [UInt8] = [],
        options: String = "",
        including loader: ConfigurationFile.Loader = { (_) throws(IncludeError) in
            throw IncludeError(reason: "include is not possible here")
        }
    ) throws(ConfigurationError) -> ServerSettings {
        var lines: [ConfigurationLine] = []
        var next = 1
        for (path, bytes) in [
            (file?.path, file?.bytes ?? []), (nil, standardInput), (nil, Array(options.utf8)),
        ] where !bytes.isEmpty {
            lines += try ConfigurationFile.lines(
                bytes, file: path, firstLine: next, including: loader)
            next += bytes.count { $0 == UInt8(ascii: "\n") } + 1
        }
        return try settings(of: lines)
    }

    /// The settings that `lines` make of the defaults.
    package static func settings(
        of lines: [ConfigurationLine]
    ) throws(ConfigurationError) -> ServerSettings {
        var settings = ServerSettings()
        try ServerDirectives.table.apply(lines, to: &settings) {
            (line, settings) throws(DirectiveError) in
            if line.name == "user" {
                settings.users.append(try UserFile.line(line.arguments, after: settings.users))
                return true
            }
            return try other(line, &settings)
        }
        settings.hz = min(max(settings.hz, 1), 500)
        return settings
    }

    /// Lines of Redis's files that are no directives.
    private static func other(
        _ line: ConfigurationLine, _ settings: inout ServerSettings
    ) throws(DirectiveError) -> Bool {
        switch line.name {
        case "rename-command":
            guard line.words.count == 3 else { return false }
            try rename(line.words[1].lowercased(), line.words[2].lowercased(), &settings)
            return true
        case "loadmodule":
            throw DirectiveError("this server has no modules")
        case "sentinel":
            throw DirectiveError("sentinel directive while not in sentinel mode")
        default:
            return false
        }
    }
}

extension ServerConfiguration {
    private static func rename(
        _ command: String, _ name: String, _ settings: inout ServerSettings
    ) throws(DirectiveError) {
        let names = CommandRows.dataServer(renaming: settings.renamedCommands).map(\.name)
        guard names.contains(command) else {
            throw DirectiveError("No such command in rename-command")
        }
        if !name.isEmpty {
            guard !names.contains(name) else {
                throw DirectiveError("Target command name already exists")
            }
            // Its gates depend on what it is about to run, which is found by its name.
            if command == "exec" { throw DirectiveError("exec can be taken away only") }
        }
        settings.renamedCommands.append(CommandRename(command: command, name: name))
    }
}

extension CommandRows {
    /// The data server's commands under the names that the configuration gives them.
    package static func dataServer(renaming renames: [CommandRename]) -> [Command] {
        var rows = dataServer
        for rename in renames {
            guard let index = rows.firstIndex(where: { $0.name == rename.command }) else {
                continue
            }
            if rename.name.isEmpty {
                rows.remove(at: index)
            } else {
                rows[index].name = rename.name
            }
        }
        return rows
    }
}
