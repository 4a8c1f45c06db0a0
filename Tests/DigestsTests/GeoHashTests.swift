import Digests
import Foundation
import Testing

@Suite("Cells of the earth")
struct GeoHashTests {
    private func point(_ longitude: Double, _ latitude: Double) -> GeoPoint {
        GeoPoint(longitude: longitude, latitude: latitude)
    }

    private func randomPoint(_ random: inout RandomGenerator) -> GeoPoint {
        point(random.fraction() * 360 - 180, random.fraction() * 170.1 - 85.05)
    }

    @Test("A place is in the middle of its cell, to less than a meter") func roundTrip() {
        var random = RandomGenerator(seed: 1)
        for _ in 0..<2000 {
            let place = randomPoint(&random)
            let cell = GeoCell(place)
            #expect(cell.middle.distance(to: place) < 1)
            #expect(GeoCell(cell.middle) == cell)
            #expect(GeoCell(score: cell.score) == cell)
        }
    }

    @Test("Known places have the known scores and texts") func known() {
        #expect(GeoCell(point(13.361389, 38.115556)).aligned == 3_479_099_956_230_698)
        #expect(GeoCell(point(15.087269, 37.502669)).aligned == 3_479_447_370_796_909)
        let palermo = GeoCell(point(13.361389, 38.115556)).middle
        #expect(GeoCell.text(palermo) == Array("sqc8b49rny0".utf8))
        let catania = GeoCell(point(15.087269, 37.502669)).middle
        #expect(String(format: "%.4f", palermo.distance(to: catania)) == "166274.1516")
    }

    @Test("Cells have neighbours all around, over the edges too") func neighbours() {
        var random = RandomGenerator(seed: 2)
        for _ in 0..<500 {
            let cell = GeoCell(randomPoint(&random), step: 1 + random.below(26))
            let there = cell.moved(columns: 1, rows: 0).moved(columns: 0, rows: -1)
            #expect(there == cell.moved(columns: 1, rows: -1))
            #expect(there.moved(columns: -1, rows: 1) == cell)
        }
        let west = GeoCell(point(-179.99, 10), step: 10)
        #expect(west.moved(columns: -1, rows: 0) == GeoCell(point(179.99, 10), step: 10))
    }

    @Test("No place of an area is outside of its cells") func covered() {
        var random = RandomGenerator(seed: 3)
        for _ in 0..<300 {
            let center = point(
                random.fraction() * 300 - 150, random.fraction() * 120 - 60)
            let reach = exp(random.fraction() * 12)
            let shape: GeoArea.Shape =
                random.below(2) == 0
                ? .circle(radius: reach)
                : .rectangle(width: reach * 2, height: reach * random.fraction() * 2)
            let area = GeoArea(center: center, shape: shape)
            let cells = area.cells
            #expect(cells.count <= 9)
            // Degrees are longest on the equator, so this goes beyond the area.
            let spread = reach / 40_000
            for _ in 0..<50 {
                let place = point(
                    center.longitude + (random.fraction() - 0.5) * spread,
                    center.latitude + (random.fraction() - 0.5) * spread)
                guard place.isValid, area.distance(to: place) != nil else { continue }
                let isThere = cells.contains { GeoCell(place, step: $0.step) == $0 }
                #expect(isThere, "\(place) of \(area)")
            }
        }
    }

    @Test(
        "Scores that are no cells are still places",
        arguments: [-1, 1e18, .infinity, -.infinity, 0.5])
    func strange(score: Double) { #expect(GeoCell(score: score).middle.isValid) }
}
