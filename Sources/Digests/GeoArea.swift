/// The area of a search: a circle, or a rectangle along the meridians. Lengths are in meters.
package struct GeoArea: Equatable, Sendable {
    package enum Shape: Equatable, Sendable {
        case circle(radius: Double)
        case rectangle(width: Double, height: Double)
    }

    package var center: GeoPoint
    package var shape: Shape

    package init(center: GeoPoint, shape: Shape) {
        self.center = center
        self.shape = shape
    }

    /// Meters from the center to a place; nil if that is outside.
    package func distance(to point: GeoPoint) -> Double? {
        switch shape {
        case .circle(let radius):
            let distance = center.distance(to: point)
            return distance > radius ? nil : distance
        case .rectangle(let width, let height):
            let beside = GeoPoint(longitude: center.longitude, latitude: point.latitude)
            if point.distance(to: beside) > width / 2 { return nil }
            let below = GeoPoint(longitude: point.longitude, latitude: center.latitude)
            if point.distance(to: below) > height / 2 { return nil }
            return center.distance(to: point)
        }
    }

    /// From the center to the farthest place.
    private var reach: Double {
        switch shape {
        case .circle(let radius): radius
        case .rectangle(let width, let height):
            ((width / 2) * (width / 2) + (height / 2) * (height / 2)).squareRoot()
        }
    }

    /// A rectangle in degrees around it. Meridians converge, so the side that is nearer to the
    /// pole decides about the width.
    private var bounds: (least: GeoPoint, greatest: GeoPoint) {
        var (halfWidth, halfHeight) = (reach, reach)
        if case .rectangle(let width, let height) = shape {
            (halfWidth, halfHeight) = (width / 2, height / 2)
        }
        let rise = GeoPoint.degrees(meters: halfHeight)
        let side = center.latitude < 0 ? center.latitude - rise : center.latitude + rise
        let turn = GeoPoint.degrees(
            meters: halfWidth, atLatitude: side)
        return (
            GeoPoint(longitude: center.longitude - turn, latitude: center.latitude - rise),
            GeoPoint(longitude: center.longitude + turn, latitude: center.latitude + rise)
        )
    }

    /// Cells that together have all of its places, in the order in which Redis looks through them.
    package var cells: [GeoCell] {
        let bounds = bounds
        var cell = GeoCell(center, step: step)
        if cell.step > 1, !reaches(cell, bounds) {
            cell = GeoCell(center, step: cell.step - 1)
        }
        let (least, greatest) = cell.corners
        // Of very big cells none can be left out.
        let isFine = cell.step >= 2
        let south = !(isFine && least.latitude < bounds.least.latitude)
        let north = !(isFine && greatest.latitude > bounds.greatest.latitude)
        let west = !(isFine && least.longitude < bounds.least.longitude)
        let east = !(isFine && greatest.longitude > bounds.greatest.longitude)
        let around: [(columns: Int, rows: Int, isNeeded: Bool)] = [
            (0, 0, true), (0, 1, north), (0, -1, south), (1, 0, east), (-1, 0, west),
            (1, 1, north && east), (-1, 1, north && west), (1, -1, south && east),
            (-1, -1, south && west),
        ]
        var result: [GeoCell] = []
        for (columns, rows, isNeeded) in around where isNeeded {
            let next = cell.moved(columns: columns, rows: rows)
            // Neighbours of very big cells can be the same. Redis compares each with the one
            // before it, but none with the first.
            if result.count > 1, result.last == next { continue }
            result.append(next)
        }
        return result
    }

    /// Whether the cells around `cell` reach beyond the area.
    private func reaches(
        _ cell: GeoCell, _ bounds: (least: GeoPoint, greatest: GeoPoint)
    ) -> Bool {
        let north = cell.moved(columns: 0, rows: 1).corners.greatest.latitude
        let south = cell.moved(columns: 0, rows: -1).corners.least.latitude
        let east = cell.moved(columns: 1, rows: 0).corners.greatest.longitude
        let west = cell.moved(columns: -1, rows: 0).corners.least.longitude
        return north >= bounds.greatest.latitude && south <= bounds.least.latitude
            && east >= bounds.greatest.longitude && west <= bounds.least.longitude
    }

    /// Half of the earth's circumference on the Mercator projection, in meters.
    private static let mercatorLimit = 20_037_726.37

    /// How fine cells may be so that nine of them hold the area: nearer to the poles they are
    /// smaller.
    private var step: Int {
        var range = reach
        if range == 0 { return GeoCell.finestStep }
        var step = 1
        while range < GeoArea.mercatorLimit {
            range *= 2
            step += 1
        }
        step -= 2
        if abs(center.latitude) > 66 { step -= 1 }
        if abs(center.latitude) > 80 { step -= 1 }
        return min(max(step, 1), GeoCell.finestStep)
    }
}
