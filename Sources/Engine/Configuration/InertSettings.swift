/// Access to settings that are kept and shown but have no effect here, so that directives of the
/// usual kinds work on them.
extension ServerSettings {
    subscript(flag name: String, default value: Bool) -> Bool {
        get { inert[name].map { $0 == "yes" } ?? value }
        set { inert[name] = newValue ? "yes" : "no" }
    }

    subscript(number name: String, default value: Int) -> Int {
        get { inert[name].flatMap { Int($0) } ?? value }
        set { inert[name] = String(newValue) }
    }

    subscript(text name: String, default value: String) -> String {
        get { inert[name] ?? value }
        set { inert[name] = newValue }
    }

    subscript(optional name: String) -> String? {
        get { inert[name] }
        set { inert[name] = newValue }
    }

    /// Words with blanks between them.
    subscript(words name: String, default value: String) -> [String] {
        get { (inert[name] ?? value).split(separator: " ").map(String.init) }
        set { inert[name] = newValue.joined(separator: " ") }
    }
}
