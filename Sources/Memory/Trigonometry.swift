import Glibc

/// The functions of C's library that distances on a sphere need, in radians.
package enum Trigonometry {
    package static func sine(_ angle: Double) -> Double { sin(angle) }
    package static func cosine(_ angle: Double) -> Double { cos(angle) }
    package static func arcsine(_ value: Double) -> Double { asin(value) }
}
