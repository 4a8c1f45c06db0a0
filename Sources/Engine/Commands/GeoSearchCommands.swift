import DataStructures
import Digests
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    private static let searchCost =
        "O(N+log(M)) with N members in the cells around the area, M in the sorted set"
    private static let searchOptions = "[ASC|DESC] [COUNT count [ANY]]"
    private static let searchArea =
        "<FROMMEMBER member|FROMLONLAT longitude latitude> "
        + "<BYRADIUS radius <M|KM|FT|MI>|BYBOX width height <M|KM|FT|MI>> "

    static let geoSearches: [Command] = [
        geoRow(
            "geosearch", -7, [.readonly], searchCost,
            "Finds the places in a circle or a rectangle.",
            "key " + searchArea + searchOptions + " [WITHCOORD] [WITHDIST] [WITHHASH]",
            since: "6.2.0"
        ) { engine($0, $2, geosearch) },
        Command(
            "geosearchstore", arity: -8, flags: [.write, .denyOOM],
            keys: KeyPositions(first: 1, last: 2, step: 1), group: .geo, since: "6.2.0",
            complexity: searchCost,
            summary: "Finds the places in a circle or a rectangle and stores them in a key.",
            syntax: "destination source " + searchArea + searchOptions + " [STOREDIST]",
            keySpecs: [
                KeySpec("OW update", .index(1), .range(last: 0, step: 1, limit: 0)),
                KeySpec("RO access", .index(2), .range(last: 0, step: 1, limit: 0)),
            ]
        ) { engine($0, $2, geosearchstore) },
    ]

    static let geoRadius: [Command] = [
        radiusRow("georadius", -6, "longitude latitude", stores: 6) {
            engine($0, $2, georadius)
        },
        radiusRow("georadius_ro", -6, "longitude latitude") { engine($0, $2, georadiusReadOnly) },
        radiusRow("georadiusbymember", -5, "member", stores: 5) {
            engine($0, $2, georadiusByMember)
        },
        radiusRow("georadiusbymember_ro", -5, "member") {
            engine($0, $2, georadiusByMemberReadOnly)
        },
    ]

    private static func radiusRow(
        _ name: String, _ arity: Int, _ center: String, stores: Int? = nil,
        run: @escaping CommandThunk
    ) -> Command {
        let syntax =
            "key \(center) radius <M|KM|FT|MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count "
            + "[ANY]] [ASC|DESC]"
        var row = geoRow(
            name, arity, [.readonly], searchCost, "Finds the places in a circle.", syntax,
            since: stores == nil ? "3.2.10" : "3.2.0", run: run)
        guard let stores else { return row }
        row.flags = [.write, .denyOOM, .movableKeys]
        row.syntax += " [STORE key] [STOREDIST key]"
        row.keySpecs = [
            KeySpec("RO access", .index(1), .range(last: 0, step: 1, limit: 0)),
            KeySpec(
                "OW update", .keyword("STORE", startFrom: stores),
                .range(last: 0, step: 1, limit: 0)),
            KeySpec(
                "OW update", .keyword("STOREDIST", startFrom: stores),
                .range(last: 0, step: 1, limit: 0)),
        ]
        return row
    }
}

func geosearch(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try search(&engine, call, .search)
}

func geosearchstore(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try search(&engine, call, .searchAndStore)
}

func georadius(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try search(&engine, call, .radius(ofMember: false, mayStore: true))
}

func georadiusReadOnly(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try search(&engine, call, .radius(ofMember: false, mayStore: false))
}

func georadiusByMember(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    try search(&engine, call, .radius(ofMember: true, mayStore: true))
}

func georadiusByMemberReadOnly(
    _ engine: inout DataEngine, _ call: Call
) throws(ReplyError) -> Propagation {
    try search(&engine, call, .radius(ofMember: true, mayStore: false))
}

private func search(
    _ engine: inout DataEngine, _ call: Call, _ kind: GeoRequest.Kind
) throws(ReplyError) -> Propagation {
    let source = kind == .searchAndStore ? 2 : 1
    let set = try engine.lookup(call, source, .sortedSet).map { SortedSetView($0) }
    let request = try GeoRequest(call, kind, set)
    guard let set else {
        guard let destination = request.destination else {
            call.reply.emptyArray()
            return .none
        }
        call.reply.integer(0)
        return engine.removeDestination(call, destination) ? .verbatim : .none
    }
    var found = GeoFindings(request, in: set)
    found.sort(request)
    guard let destination = request.destination else {
        found.answer(call, request)
        return .none
    }
    var result = ScoredMembers(engine)
    for index in 0..<found.count {
        let place = found[index]
        result.append(place.member, request.storesDistance ? place.distance : place.score)
    }
    let event: StaticString = kind == .searchAndStore ? "geosearchstore" : "georadiusstore"
    result.sort()
    return engine.store(call, destination, result, changes: result.count, event)
}

/// The places that a search found.
private struct GeoFindings {
    struct Place {
        let member: PackedItem
        let score: Double
        let point: GeoPoint
        /// In the unit of the request.
        var distance: Double
    }

    private var places: [Place] = []
    private(set) var count = 0

    subscript(index: Int) -> Place { places[index] }

    /// Looks through the cells around the area, as far as it has to.
    init(_ request: GeoRequest, in set: SortedSetView) {
        let limit = request.takesAny ? request.count : Int.max
        for cell in request.area.cells {
            if places.count >= limit { break }
            let end = GeoCell(bits: cell.bits &+ 1, step: cell.step)
            let lower = set.countBelow(score: cell.score, inclusive: false)
            let upper = set.countBelow(score: end.score, inclusive: false)
            guard lower < upper else { continue }
            set.forEach(from: lower, count: upper - lower) { member, score in
                let point = GeoCell(score: score).middle
                if let distance = request.area.distance(to: point) {
                    places.append(
                        Place(
                            member: member, score: score, point: point,
                            distance: distance))
                }
                return places.count < limit
            }
        }
        count = places.count
    }

    mutating func sort(_ request: GeoRequest) {
        if request.count > 0 { count = min(count, request.count) }
        let isWhole = count == places.count
        switch request.order {
        case .none: break
        case .ascending where isWhole: places.sort { $0.distance < $1.distance }
        case .descending where isWhole: places.sort { $0.distance > $1.distance }
        case .ascending: PartialSort.sort(&places, first: count) { $0.distance }
        case .descending: PartialSort.sort(&places, first: count) { -$0.distance }
        }
        for index in 0..<count { places[index].distance /= request.unit }
    }

    func answer(_ call: Call, _ request: GeoRequest) {
        let extras =
            (request.withDistance ? 1 : 0) + (request.withHash ? 1 : 0)
            + (request.withPosition ? 1 : 0)
        call.reply.array(count)
        for place in places[..<count] {
            if extras > 0 { call.reply.array(extras + 1) }
            call.reply.bulk(place.member)
            if request.withDistance { call.reply.distance(place.distance) }
            if request.withHash { call.reply.integer(Int64(clamping: place.score)) }
            if request.withPosition { call.reply.position(place.point) }
        }
    }
}

extension Int64 {
    /// `score` as C on x86 makes an integer of it.
    fileprivate init(clamping score: Double) {
        self = score >= -0x1p63 && score < 0x1p63 ? Int64(score) : Int64.min
    }
}
