import Digests
import Keyspace
import Memory
import RESP
import Sessions

/// What a search for places asks for.
struct GeoRequest {
    enum Kind: Equatable {
        case search, searchAndStore
        case radius(ofMember: Bool, mayStore: Bool)
    }

    enum Order { case none, ascending, descending }

    private let kind: Kind
    private(set) var area: GeoArea
    /// Meters of the unit of distances.
    private(set) var unit = 1.0
    /// Zero: all.
    private(set) var count = 0
    /// The first places that are found will do.
    private(set) var takesAny = false
    private(set) var order = Order.none
    private(set) var withDistance = false
    private(set) var withHash = false
    private(set) var withPosition = false
    /// The argument of the key where the result is to be stored.
    private(set) var destination: Int?
    private(set) var storesDistance = false
    /// Whether there is a place to search around, and the shape of the area is known.
    private var fromMember = false
    private var fromPoint = false
    private var isCircle = false
    private var isRectangle = false

    private var isSearch: Bool { kind == .search || kind == .searchAndStore }

    /// Reads a request about `set`. Redis looks members up while it reads.
    init(_ call: Call, _ kind: Kind, _ set: SortedSetView?) throws(ReplyError) {
        self.kind = kind
        area = GeoArea(
            center: GeoPoint(longitude: 0, latitude: 0), shape: .circle(radius: 0))
        var index = try begin(call, set)
        while index < call.count { index += try option(call, index, set) }
        try check(call)
        // Without an order the first ones would be as good as any.
        if count > 0, order == .none, !takesAny { order = .ascending }
    }

    /// Reads what stands before the options and returns where these begin.
    private mutating func begin(
        _ call: Call, _ set: SortedSetView?
    ) throws(ReplyError) -> Int {
        switch kind {
        case .search: return 2
        case .searchAndStore:
            destination = 1
            return 3
        case .radius(ofMember: false, _):
            area.center = try call.geoPoint(2)
            try circle(call, 4)
            return 6
        case .radius(ofMember: true, _):
            // Where nothing is, the radius is not even looked at.
            if let set {
                area.center = try GeoRequest.point(call, 2, set)
                try circle(call, 3)
            }
            return 5
        }
    }

    private static func point(
        _ call: Call, _ index: Int, _ set: SortedSetView
    ) throws(ReplyError) -> GeoPoint {
        guard let point = set.point(of: call[index]) else {
            throw ReplyError("ERR could not decode requested zset member")
        }
        return point
    }

    private mutating func circle(_ call: Call, _ index: Int) throws(ReplyError) {
        guard let radius = call[index].double else {
            throw ReplyError("ERR need numeric radius")
        }
        guard radius >= 0 else { throw ReplyError("ERR radius cannot be negative") }
        unit = try call.geoUnit(index + 1)
        area.shape = .circle(radius: radius * unit)
    }

    private mutating func rectangle(_ call: Call, _ index: Int) throws(ReplyError) {
        guard let width = call[index].double else { throw ReplyError("ERR need numeric width") }
        guard let height = call[index + 1].double else {
            throw ReplyError("ERR need numeric height")
        }
        guard width >= 0, height >= 0 else {
            throw ReplyError("ERR height or width cannot be negative")
        }
        unit = try call.geoUnit(index + 2)
        area.shape = .rectangle(width: width * unit, height: height * unit)
    }

    /// Reads the option at `index` and returns how many arguments it has.
    private mutating func option(
        _ call: Call, _ index: Int, _ set: SortedSetView?
    ) throws(ReplyError) -> Int {
        let word = call[index]
        if word.equalsIgnoringCase("withdist") {
            withDistance = true
        } else if word.equalsIgnoringCase("withhash") {
            withHash = true
        } else if word.equalsIgnoringCase("withcoord") {
            withPosition = true
        } else if word.equalsIgnoringCase("any") {
            takesAny = true
        } else if word.equalsIgnoringCase("asc") {
            order = .ascending
        } else if word.equalsIgnoringCase("desc") {
            order = .descending
        } else if word.equalsIgnoringCase("count"), index + 1 < call.count {
            let number = try call.integer(index + 1)
            guard number > 0 else { throw ReplyError("ERR COUNT must be > 0") }
            count = Int(number)
            return 2
        } else if isSearch {
            return try searchOption(call, index, set)
        } else if case .radius(_, mayStore: true) = kind, index + 1 < call.count {
            storesDistance = word.equalsIgnoringCase("storedist")
            guard storesDistance || word.equalsIgnoringCase("store") else { throw .syntax }
            destination = index + 1
            return 2
        } else {
            throw .syntax
        }
        return 1
    }

    private mutating func searchOption(
        _ call: Call, _ index: Int, _ set: SortedSetView?
    ) throws(ReplyError) -> Int {
        let (word, left) = (call[index], call.count - index - 1)
        if word.equalsIgnoringCase("frommember"), left >= 1, !fromPoint {
            if let set { area.center = try GeoRequest.point(call, index + 1, set) }
            fromMember = true
            return 2
        }
        if word.equalsIgnoringCase("fromlonlat"), left >= 2, !fromMember {
            area.center = try call.geoPoint(index + 1)
            fromPoint = true
            return 3
        }
        if word.equalsIgnoringCase("byradius"), left >= 2, !isRectangle {
            try circle(call, index + 1)
            isCircle = true
            return 3
        }
        if word.equalsIgnoringCase("bybox"), left >= 3, !isCircle {
            try rectangle(call, index + 1)
            isRectangle = true
            return 4
        }
        guard kind == .searchAndStore, word.equalsIgnoringCase("storedist") else {
            throw .syntax
        }
        storesDistance = true
        return 1
    }

    private func check(_ call: Call) throws(ReplyError) {
        if destination != nil, withDistance || withHash || withPosition {
            throw isSearch
                ? ReplyError(
                    """
                    ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD \
                    options
                    """)
                : ReplyError(
                    """
                    ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and \
                    WITHCOORD options
                    """)
        }
        if isSearch, !fromMember, !fromPoint {
            throw call.fail(
                "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for \(call[0])")
        }
        if isSearch, !isCircle, !isRectangle {
            throw call.fail("ERR exactly one of BYRADIUS and BYBOX can be specified for \(call[0])")
        }
        if takesAny, count == 0 { throw ReplyError("ERR the ANY argument requires COUNT argument") }
    }
}
