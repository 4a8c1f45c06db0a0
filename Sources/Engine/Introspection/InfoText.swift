/// The text of INFO being built: sections of `name:value` lines.
package struct InfoText {
    package private(set) var text = ""

    package init() {}

    /// Begins a section.
    package mutating func section(_ title: StaticString) {
        if !text.isEmpty { text += "\r\n" }
        text += "# \(title)\r\n"
    }

    package mutating func field(_ name: StaticString, _ value: some CustomStringConvertible) {
        text += "\(name):\(value)\r\n"
    }

    package mutating func field(named name: String, _ value: some CustomStringConvertible) {
        text += "\(name):\(value)\r\n"
    }

    package mutating func field(_ name: StaticString, _ flag: Bool) {
        text += "\(name):\(flag ? 1 : 0)\r\n"
    }

    /// Bytes, and the same for people.
    mutating func bytes(_ name: StaticString, _ count: Int) {
        field(name, count)
        field(named: "\(name)_human", InfoText.human(count))
    }

    /// Bytes as Redis writes them for people: `1.82M`.
    package static func human(_ bytes: Int) -> String {
        if bytes < 1024 { return "\(bytes)B" }
        for (unit, shift) in [("K", 10), ("M", 20), ("G", 30), ("T", 40)]
        where bytes < 1 << (shift + 10) {
            return fixed(Double(bytes) / Double(1 << shift), 2) + unit
        }
        return fixed(Double(bytes) / Double(1 << 50), 2) + "P"
    }

    /// `value` with so many digits behind the point.
    package static func fixed(_ value: Double, _ places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        guard value.isFinite, value.magnitude < 1e15 else { return "0" }
        let scaled = Int((value.magnitude * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        if places == 0 { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: places - fraction.count)
        return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
    }

    /// `value` with at most six digits behind the point and no zeros at its end.
    static func trimmed(_ value: Double) -> String {
        var text = fixed(value, 6)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// Microseconds as seconds with six digits.
    static func seconds(_ microseconds: Int) -> String {
        fixed(Double(microseconds) / 1_000_000, 6)
    }
}
