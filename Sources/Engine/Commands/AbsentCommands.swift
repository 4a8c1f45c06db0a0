import Memory
import RESP
import Sessions

/// Commands that clients ask for and that this server does not have.
extension CommandRows {
    /// What clients ask for that this server does not have.
    static let absent: [Command] = [
        Command(
            container: "module", group: .server, since: "4.0.0",
            summary: "Commands about modules, of which there are none.", helpSince: "5.0.0",
            subcommands: [
                Command(
                    "list", arity: 2, flags: [.admin, .noScript], group: .server, since: "4.0.0",
                    complexity: "O(N) in the number of modules", summary: "Lists the modules.",
                    tips: ["nondeterministic_output_order"]
                ) { engine($0, $2, moduleList) },
                moduleRow("load", -3, "4.0.0", "path [arg [arg ...]]"),
                moduleRow(
                    "loadex", -3, "7.0.0",
                    "path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]"),
                moduleRow("unload", 3, "4.0.0", "name"),
            ]),
        Command(
            container: "cluster", group: .cluster, since: "3.0.0",
            summary: "Not supported: there is no cluster mode.", helpSince: "5.0.0",
            subcommands: clusterRows),
        Command(
            "asking", arity: 1, flags: [.fast], group: .cluster, since: "3.0.0",
            summary: "Not supported: there is no cluster mode.", categories: ["connection"]
        ) { engine($0, $2, clusterDisabled) },
        Command(
            "readonly", arity: 1, flags: [.loading, .stale, .fast], group: .cluster, since: "3.0.0",
            summary: "Not supported: there is no cluster mode.", categories: ["connection"]
        ) { engine($0, $2, clusterDisabled) },
        Command(
            "readwrite", arity: 1, flags: [.loading, .stale, .fast], group: .cluster,
            since: "3.0.0", summary: "Not supported: there is no cluster mode.",
            categories: ["connection"]
        ) { engine($0, $2, clusterDisabled) },
    ]
    private static func moduleRow(
        _ name: String, _ arity: Int, _ since: String, _ syntax: String
    ) -> Command {
        Command(
            name, arity: arity, flags: [.admin, .noScript, .noAsyncLoading], group: .server,
            since: since, summary: "Not supported: there are no modules.", syntax: syntax
        ) { engine($0, $2, moduleRefused) }
    }

    /// Subcommands of CLUSTER: name, arity, since, what follows the name. Those of the first list
    /// change something.
    private static let clusterRows =
        [
            ("addslots", -3, "3.0.0", "slot [slot ...]"),
            ("addslotsrange", -4, "7.0.0", "start-slot end-slot [start-slot end-slot ...]"),
            ("bumpepoch", 2, "3.0.0", ""), ("delslots", -3, "3.0.0", "slot [slot ...]"),
            ("delslotsrange", -4, "7.0.0", "start-slot end-slot [start-slot end-slot ...]"),
            ("failover", -2, "3.0.0", "[FORCE|TAKEOVER]"), ("flushslots", 2, "3.0.0", ""),
            ("forget", 3, "3.0.0", "node-id"), ("meet", -4, "3.0.0", "ip port [cluster_bus_port]"),
            ("replicate", 3, "3.0.0", "node-id"), ("saveconfig", 2, "3.0.0", ""),
            ("set-config-epoch", 3, "3.0.0", "config-epoch"),
            (
                "setslot", -4, "3.0.0",
                "slot <IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE>"
            ),
        ].map { clusterRow($0, [.admin, .stale, .noAsyncLoading]) }
        + [
            ("count-failure-reports", 3, "3.0.0", "node-id"), ("replicas", 3, "5.0.0", "node-id"),
            ("\(WireNames.replicas)", 3, "3.0.0", "node-id"),
        ].map { clusterRow($0, [.admin, .stale]) }
        + [("reset", -2, "3.0.0", "[HARD|SOFT]")].map {
            clusterRow($0, [.admin, .noScript, .stale])
        }
        + [
            ("countkeysinslot", 3, "3.0.0", "slot"), ("getkeysinslot", 4, "3.0.0", "slot count"),
            ("info", 2, "3.0.0", ""), ("keyslot", 3, "3.0.0", "key"), ("links", 2, "7.0.0", ""),
            ("myid", 2, "3.0.0", ""), ("nodes", 2, "3.0.0", ""), ("shards", 2, "7.0.0", ""),
            ("slots", 2, "3.0.0", ""),
        ].map { clusterRow($0, [.stale]) }

    /// Those whose replies depend on the nodes.
    private static let clusterViews: Set<String> = [
        "bumpepoch", "count-failure-reports", "getkeysinslot", "info", "links", "nodes",
        "replicas", "\(WireNames.replicas)", "shards", "slots",
    ]

    private static func clusterRow(
        _ row: (name: String, arity: Int, since: String, syntax: String), _ flags: CommandFlags
    ) -> Command {
        Command(
            row.name, arity: row.arity, flags: flags, group: .cluster, since: row.since,
            summary: "Not supported: there is no cluster mode.", syntax: row.syntax,
            tips: clusterViews.contains(row.name) ? ["nondeterministic_output"] : []
        ) { engine($0, $2, clusterDisabled) }
    }
}

func moduleList(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    call.reply.emptyArray()
    return .none
}

func moduleRefused(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    if engine.allows(engine.settings.enableModuleCommand, call.session) {
        throw ReplyError("ERR modules are not supported by this server")
    }
    throw ReplyError(
        """
        ERR MODULE command not allowed. If the enable-module-command option is set to "local", \
        you can run it from a local connection, otherwise you need to set this option in the \
        configuration file, and then restart the server.
        """)
}

func clusterDisabled(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    throw ReplyError("ERR This instance has cluster support disabled")
}
