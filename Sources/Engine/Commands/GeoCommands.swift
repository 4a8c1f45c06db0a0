import DataStructures
import Digests
import Keyspace
import Memory
import RESP
import Sessions

extension CommandRows {
    /// Places on earth: a sorted set whose scores are cells of a grid.
    static let geography: [Command] = geoMembers + geoSearches + geoRadius

    static func geoRow(
        _ name: String, _ arity: Int, _ flags: CommandFlags, _ complexity: String,
        _ summary: String, _ syntax: String, since: String = "3.2.0", access: String = "",
        run: @escaping CommandThunk
    ) -> Command {
        Command(
            name, arity: arity, flags: flags, keys: .first, group: .geo, since: since,
            complexity: complexity, summary: summary, syntax: syntax, keyAccess: access, run: run)
    }

    static let geoMembers: [Command] = [
        geoRow(
            "geoadd", -5, [.write, .denyOOM], "O(log(N)) for each member",
            "Adds places to a sorted set, or moves them.",
            "key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]",
            access: "RW update"
        ) { engine($0, $2, geoadd) },
        geoRow(
            "geodist", -4, [.readonly], "O(log(N))", "Returns the distance between two places.",
            "key member1 member2 [M|KM|FT|MI]"
        ) { engine($0, $2, geodist) },
        geoRow(
            "geohash", -2, [.readonly], "O(log(N)) for each member",
            "Returns the positions of places as geohash texts.", "key [member [member ...]]"
        ) { engine($0, $2, geohash) },
        geoRow(
            "geopos", -2, [.readonly], "O(1) for each member",
            "Returns the longitudes and latitudes of places.", "key [member [member ...]]"
        ) { engine($0, $2, geopos) },
    ]
}

/// It is a ZADD with the scores calculated, and is propagated as that.
func geoadd(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let options = try GeoAddOptions(call)
    for index in options.places(call) { _ = try call.geoPoint(index) }
    guard options.end < call.count else { throw .syntax }
    var place = try engine.place(call, 1, .sortedSet)
    var (added, changed) = (0, 0)
    if place.entry != nil || !options.onlyPresent {
        engine.open(&place, call, 1, .sortedSet)
        for index in options.places(call) {
            let score = GeoCell(try call.geoPoint(index)).score
            let member = call[index + 2]
            if options.onlyMissing || options.onlyPresent {
                let old = place.entry.flatMap { SortedSetView($0).score(of: member) }
                if old == nil ? options.onlyPresent : options.onlyMissing { continue }
            }
            switch engine.keyspace.sortedSetPut(&place, member: member, score: score) {
            case .added: added += 1
            case .changed: changed += 1
            case .same: break
            }
        }
        engine.close(&place, call, 1, changes: added + changed, "zadd", .sortedSet)
    }
    call.reply.integer(options.countsChanges ? added + changed : added)
    guard added + changed > 0 else { return .none }
    try engine.propagateGeoAdd(call, options)
    return .rewritten
}

/// What GEOADD may be told before the places.
private struct GeoAddOptions {
    private(set) var onlyMissing = false
    private(set) var onlyPresent = false
    private(set) var countsChanges = false
    /// Where the places begin.
    private(set) var end = 2

    init(_ call: Call) throws(ReplyError) {
        while end < call.count {
            if call[end].equalsIgnoringCase("nx") {
                onlyMissing = true
            } else if call[end].equalsIgnoringCase("xx") {
                onlyPresent = true
            } else if call[end].equalsIgnoringCase("ch") {
                countsChanges = true
            } else {
                break
            }
            end += 1
        }
        guard (call.count - end) % 3 == 0, !(onlyMissing && onlyPresent) else { throw .syntax }
    }

    func places(_ call: Call) -> StrideTo<Int> { stride(from: end, to: call.count, by: 3) }
}

extension DataEngine {
    fileprivate mutating func propagateGeoAdd(
        _ call: Call, _ options: GeoAddOptions
    ) throws(ReplyError) {
        guard !unit.isDisabled else { return }
        unit.begin(options.end + (call.count - options.end) / 3 * 2)
        unit.add(ByteView("zadd"))
        for index in 1..<options.end { unit.add(call[index]) }
        for index in options.places(call) {
            unit.add(decimal: Int(GeoCell(try call.geoPoint(index)).aligned))
            unit.add(call[index + 2])
        }
        unit.end(call.database)
    }
}

extension Call {
    /// The longitude at argument `index` with the latitude behind it, or Redis's error.
    func geoPoint(_ index: Int) throws(ReplyError) -> GeoPoint {
        guard let longitude = self[index].double, let latitude = self[index + 1].double else {
            throw .notFloat
        }
        let point = GeoPoint(longitude: longitude, latitude: latitude)
        guard point.isValid else {
            let (first, second) = (fixed(longitude), fixed(latitude))
            throw fail("ERR invalid longitude,latitude pair \(first),\(second)")
        }
        return point
    }

    private func fixed(_ value: Double) -> String {
        DoubleText.with(value, decimals: 6) { $0.string }
    }

    /// Meters of the unit that argument `index` names.
    func geoUnit(_ index: Int) throws(ReplyError) -> Double {
        let word = self[index]
        if word.equalsIgnoringCase("m") { return 1 }
        if word.equalsIgnoringCase("km") { return 1000 }
        if word.equalsIgnoringCase("ft") { return 0.3048 }
        if word.equalsIgnoringCase("mi") { return 1609.34 }
        throw ReplyError("ERR unsupported unit provided. please use M, KM, FT, MI")
    }
}

extension ReplyWriter {
    /// A distance, with four decimals.
    mutating func distance(_ value: Double) {
        DoubleText.with(value, decimals: 4) { bulk($0) }
    }

    /// Longitude and latitude, with as many decimals as they have, 17 at most.
    mutating func position(_ point: GeoPoint) {
        array(2)
        coordinate(point.longitude)
        coordinate(point.latitude)
    }

    private mutating func coordinate(_ value: Double) {
        DoubleText.with(value, decimals: 17, trimmed: true) { text in
            if version == .two { return bulk(text) }
            buffer.append(UInt8(ascii: ","))
            buffer.append(text)
            buffer.append("\r\n")
        }
    }
}

extension SortedSetView {
    /// Where a member is.
    func point(of member: ByteView) -> GeoPoint? {
        score(of: member).map { GeoCell(score: $0).middle }
    }
}

func geodist(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let unit = call.count == 5 ? try call.geoUnit(4) : 1
    guard call.count <= 5 else { throw .syntax }
    guard let entry = try engine.lookup(call, 1, .sortedSet),
        let first = SortedSetView(entry).point(of: call[2]),
        let second = SortedSetView(entry).point(of: call[3])
    else {
        call.reply.null()
        return .none
    }
    call.reply.distance(first.distance(to: second) / unit)
    return .none
}

func geohash(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let set = try engine.lookup(call, 1, .sortedSet).map { SortedSetView($0) }
    call.reply.array(call.count - 2)
    for index in 2..<max(call.count, 2) {
        if let point = set?.point(of: call[index]) {
            call.reply.bulk(GeoCell.text(point))
        } else {
            call.reply.null()
        }
    }
    return .none
}

func geopos(_ engine: inout DataEngine, _ call: Call) throws(ReplyError) -> Propagation {
    let set = try engine.lookup(call, 1, .sortedSet).map { SortedSetView($0) }
    call.reply.array(call.count - 2)
    for index in 2..<max(call.count, 2) {
        if let point = set?.point(of: call[index]) {
            call.reply.position(point)
        } else {
            call.reply.nullArray()
        }
    }
    return .none
}
