import RESP
import SentinelCore

/// A data node of the test network: what a sentinel can see and change of a server, and nothing
/// else.
struct FakeServer {
    /// What FAILOVER does.
    enum HandOver {
        /// Both ends change their roles at once.
        case works
        /// The command is not known, as to old servers.
        case unknown
        /// The server agrees, and gives up after its timeout.
        case givesUp
        /// It refuses.
        case refuses(String)
    }

    let port: Int
    var runID: String
    /// The port of the primary it follows; nil for a primary.
    var primary: Int?
    var isAlive = true
    var offset: Int64 = 1000
    var keys = 0
    var priority = 100
    var linkIsUp = true
    /// What INFO says of how long the link has been down.
    var linkDownSeconds = "1"
    /// The address at which INFO of its primary lists it.
    var listedHost = "127.0.0.1"
    var historyID = String(repeating: "a", count: 40)
    /// The history before, and the first byte not in it; nil for none.
    var formerHistory: (id: String, end: Int64)?
    var isFenced = false
    /// What sentinels have told it; RESUME in an earlier one is refused.
    var epoch = 0
    var isLoading = false
    /// What only our servers tell; empty is left out.
    var nodeID = ""
    var history = ""
    var histories: [String] = []
    /// One of ours: knows TANDEM.
    var isOurs = false
    var handOver = HandOver.works
    /// What it does with SLAVEOF NO ONE.
    var obeysPromotion = true
    var isHandingOver = false
    var refusesInfo = false
    /// Requests it got, PING, INFO and hellos left out.
    var requests: [[String]] = []
    /// Keeps PING from being answered well.
    var pingReply: RESPValue = .simple("PONG")

    init(_ port: Int, primary: Int? = nil) {
        self.port = port
        self.primary = primary
        runID = FakeServer.id(port)
    }

    /// A run id made of a number.
    static func id(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 40 - digits.count) + digits
    }

    func info(replicas: [FakeServer]) -> String {
        var lines = ["# Server", "run_id:\(runID)", "", "# Replication"]
        if let primary {
            lines += ["role:slave", "master_host:127.0.0.1", "master_port:\(primary)"]
            lines += ["master_link_status:\(linkIsUp ? "up" : "down")"]
            if !linkIsUp { lines.append("master_link_down_since_seconds:\(linkDownSeconds)") }
            lines += ["slave_repl_offset:\(offset)", "slave_priority:\(priority)"]
            lines += ["replica_announced:1"]
        } else {
            lines.append("role:master")
        }
        for (index, replica) in replicas.enumerated() {
            lines.append(
                "slave\(index):ip=\(replica.listedHost),port=\(replica.port),state=online,offset=1")
        }
        let state = isHandingOver ? "waiting-for-sync" : "no-failover"
        lines += ["master_failover_state:\(state)", "master_replid:\(historyID)"]
        lines += ["master_repl_offset:\(offset)"]
        if let former = formerHistory {
            lines += ["master_replid2:\(former.id)", "second_repl_offset:\(former.end)"]
        }
        if keys > 0 { lines.append("db0:keys=\(keys),expires=0,avg_ttl=0") }
        lines.append("loading:\(isLoading ? 1 : 0)")
        if isOurs { lines.append("tandem_fenced:\(isFenced ? 1 : 0)") }
        if !nodeID.isEmpty { lines.append("tandem_node_id:\(nodeID)") }
        if !history.isEmpty { lines.append("tandem_history:\(history)") }
        if !histories.isEmpty {
            lines.append("tandem_histories:\(histories.joined(separator: ","))")
        }
        return lines.map { $0 + "\r\n" }.joined()
    }
}
