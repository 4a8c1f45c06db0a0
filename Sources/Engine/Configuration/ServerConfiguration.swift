import Configuration
import RESP
import Sessions

/// Settings from the files and arguments a server is started with.
package enum ServerConfiguration {
    /// The settings of a configuration file (path and bytes), standard input and options of the
    /// command line. The error says the place and the reason.
    package static func load(
        file: (path: String, bytes: [UInt8])? = nil, standardInput: [UInt8] = [],
        options: String = ""
    ) throws(ConfigurationError) -> ServerSettings {
        let file = file.map { ConfigurationSource(path: $0.path, bytes: $0.bytes) }
        return try settings(
            of: try ConfigurationFile.lines(
                file: file, standardInput: standardInput, options: Array(options.utf8),
                including: ConfigurationFile.includesNothing))
    }

    /// The settings that `lines` make of the defaults.
    package static func settings(
        of lines: [ConfigurationLine]
    ) throws(ConfigurationError) -> ServerSettings {
        var settings = ServerSettings()
        var users: [ConfigurationLine] = []
        try ServerDirectives.table.apply(lines, to: &settings) {
            (line, settings) throws(DirectiveError) in
            guard line.name == "user" else { return try other(line, &settings) }
            guard line.words.count > 1 else { throw DirectiveError("wrong number of arguments") }
            users.append(line)
            return true
        }
        settings.users = try UserFile.users(
            users, channelsByDefault: settings.frontend.channelsByDefault)
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
        let names = CommandRows.dataServer(renaming: settings.renamedCommands).map(\.calledName)
        guard !command.isEmpty, names.contains(command) else {
            throw DirectiveError("No such command in rename-command")
        }
        guard name.isEmpty || !names.contains(name) else {
            throw DirectiveError("Target command name already exists")
        }
        settings.renamedCommands.append(CommandRename(command: command, name: name))
    }
}

extension CommandRows {
    /// The data server's commands, called as the configuration says.
    package static func dataServer(renaming renames: [CommandRename]) -> [Command] {
        var rows = dataServer
        for rename in renames {
            if let index = rows.firstIndex(where: { $0.calledName == rename.command }) {
                rows[index].calledName = rename.name
            }
        }
        return rows
    }
}
