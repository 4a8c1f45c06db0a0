import Memory
import RESP

/// `<container> HELP`: every subcommand with its arguments and what it does, from the rows.
func subcommandHelp(_ frontend: inout Frontend, _ call: Call) throws(ReplyError) -> Propagation {
    let parent = Int(frontend.table[call.command].parent)
    let container = frontend.table.rows[parent]
    var lines: [String] = []
    for sub in container.subcommands where sub.name != "help" {
        let syntax = sub.syntax.isEmpty ? "" : " \(sub.syntax)"
        lines.append("\(sub.name.uppercased())\(syntax)")
        lines.append("    \(sub.summary)")
    }
    call.writeHelp(call.typedName, lines)
    return .none
}

extension Call {
    /// The reply of a HELP subcommand: `lines` come in pairs of syntax and meaning.
    package func writeHelp(_ name: String, _ lines: [String]) {
        reply.array(lines.count + 3)
        reply.simple(text: "\(name) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
        for line in lines { reply.simple(text: line) }
        reply.simple("HELP")
        reply.simple("    Shows this help.")
    }
}
