import Memory

/// A place on earth in degrees.
package struct GeoPoint: Equatable, Sendable, BitwiseCopyable {
    package var longitude: Double
    package var latitude: Double

    package init(longitude: Double, latitude: Double) {
        self.longitude = longitude
        self.latitude = latitude
    }

    /// The greatest latitude of the Mercator projection in a square.
    package static let greatestLatitude = 85.05112878
    package static let greatestLongitude = 180.0

    /// Whether a cell can hold it.
    package var isValid: Bool {
        abs(longitude) <= GeoPoint.greatestLongitude && abs(latitude) <= GeoPoint.greatestLatitude
    }

    private static let earthRadius = 6372797.560856

    static func radians(_ degrees: Double) -> Double { degrees * (Double.pi / 180) }
    static func degrees(_ radians: Double) -> Double { radians / (Double.pi / 180) }

    /// The angle in degrees that `meters` are on a great circle.
    static func degrees(meters: Double) -> Double { degrees(meters / earthRadius) }

    /// The same along a parallel.
    static func degrees(meters: Double, atLatitude latitude: Double) -> Double {
        degrees(meters / earthRadius / Trigonometry.cosine(radians(latitude)))
    }

    /// Meters to another place by the haversine formula, on a sphere.
    package func distance(to other: GeoPoint) -> Double {
        let (first, second) = (GeoPoint.radians(latitude), GeoPoint.radians(other.latitude))
        let turn = GeoPoint.radians(other.longitude) - GeoPoint.radians(longitude)
        let u = Trigonometry.sine((second - first) / 2)
        let v = Trigonometry.sine(turn / 2)
        let squares =
            u * u + Trigonometry.cosine(first) * Trigonometry.cosine(second) * v * v
        return 2 * GeoPoint.earthRadius * Trigonometry.arcsine(squares.squareRoot())
    }
}

/// A cell of the grid that halves longitudes and latitudes in turn (Morton order): `step` bits of
/// each, those of the longitude one place higher.
package struct GeoCell: Equatable, Sendable {
    package var bits: UInt64
    /// 1…26; cells of 26 steps are smaller than a meter.
    package var step: Int

    package init(bits: UInt64, step: Int) {
        self.bits = bits
        self.step = step
    }

    package static let finestStep = 26

    /// The cell of a place. Latitudes go from `-latitudes` to `latitudes`.
    package init(
        _ point: GeoPoint, step: Int = finestStep, latitudes: Double = GeoPoint.greatestLatitude
    ) {
        let scale = Double(UInt64(1) << UInt64(step))
        let row = (point.latitude + latitudes) / (latitudes + latitudes) * scale
        let column = (point.longitude + 180) / 360 * scale
        bits = GeoCell.spread(UInt32(row)) | GeoCell.spread(UInt32(column)) << 1
        self.step = step
    }

    /// The cell that a score stands for.
    package init(score: Double) {
        bits = GeoCell.truncate(score)
        step = GeoCell.finestStep
    }

    /// What a C program on x86 makes of a score that need not be one: negative numbers wrap
    /// around, and what is out of range loses all bits but the highest.
    private static func truncate(_ score: Double) -> UInt64 {
        func signed(_ value: Double) -> UInt64 {
            value >= -0x1p63 && value < 0x1p63 ? UInt64(bitPattern: Int64(value)) : 1 << 63
        }
        return score < 0x1p63 ? signed(score) : signed(score - 0x1p63) ^ 1 << 63
    }

    /// The score of the cell's first place: its bits at the top of 52.
    package var score: Double { Double(aligned) }

    /// The same as an integer.
    package var aligned: UInt64 { bits << UInt64(52 - step * 2) }

    private var row: UInt32 { GeoCell.gather(bits) }
    private var column: UInt32 { GeoCell.gather(bits >> 1) }

    /// Puts the bits of a number at the even places.
    private static func spread(_ number: UInt32) -> UInt64 {
        var bits = UInt64(number)
        bits = (bits | bits << 16) & 0x0000_ffff_0000_ffff
        bits = (bits | bits << 8) & 0x00ff_00ff_00ff_00ff
        bits = (bits | bits << 4) & 0x0f0f_0f0f_0f0f_0f0f
        bits = (bits | bits << 2) & 0x3333_3333_3333_3333
        return (bits | bits << 1) & 0x5555_5555_5555_5555
    }

    /// Takes them from there again.
    private static func gather(_ spread: UInt64) -> UInt32 {
        var bits = spread & 0x5555_5555_5555_5555
        bits = (bits | bits >> 1) & 0x3333_3333_3333_3333
        bits = (bits | bits >> 2) & 0x0f0f_0f0f_0f0f_0f0f
        bits = (bits | bits >> 4) & 0x00ff_00ff_00ff_00ff
        bits = (bits | bits >> 8) & 0x0000_ffff_0000_ffff
        return UInt32(truncatingIfNeeded: bits | bits >> 16)
    }

    /// The cell so many columns and rows further, around the edges.
    package func moved(columns: Int, rows: Int) -> GeoCell {
        // The edges in the north and east are one beyond the last cell, and stay there.
        let mask = (UInt32(1) << UInt32(step)) - 1
        var (newColumn, newRow) = (column, row)
        if columns != 0 { newColumn = (newColumn &+ UInt32(truncatingIfNeeded: columns)) & mask }
        if rows != 0 { newRow = (newRow &+ UInt32(truncatingIfNeeded: rows)) & mask }
        return GeoCell(
            bits: GeoCell.spread(newRow) | GeoCell.spread(newColumn) << 1, step: step)
    }

    /// Which places it has, from its south-western to its north-eastern corner.
    package var corners: (least: GeoPoint, greatest: GeoPoint) {
        let scale = Double(UInt64(1) << UInt64(step))
        let top = GeoPoint.greatestLatitude
        func latitude(_ row: Double) -> Double { -top + row / scale * (top + top) }
        func longitude(_ column: Double) -> Double { -180 + column / scale * 360 }
        return (
            GeoPoint(
                longitude: longitude(Double(column)), latitude: latitude(Double(row))),
            GeoPoint(
                longitude: longitude(Double(column &+ 1)), latitude: latitude(Double(row &+ 1)))
        )
    }

    /// The place in its middle.
    package var middle: GeoPoint {
        let (least, greatest) = corners
        let longitude = (least.longitude + greatest.longitude) / 2
        let latitude = (least.latitude + greatest.latitude) / 2
        let top = GeoPoint.greatestLatitude
        return GeoPoint(
            longitude: min(max(longitude, -180), 180), latitude: min(max(latitude, -top), top))
    }

    /// The usual text of eleven characters, of which the last says nothing: 52 bits are ten. It is
    /// that of the cell in the grid of all latitudes.
    package static func text(_ point: GeoPoint) -> [UInt8] {
        let alphabet = ByteView("0123456789bcdefghjkmnpqrstuvwxyz")
        let bits = GeoCell(point, latitudes: 90).bits
        return (1...11).map { index in
            index == 11 ? alphabet[0] : alphabet[Int(bits >> UInt64(52 - index * 5) & 31)]
        }
    }
}
