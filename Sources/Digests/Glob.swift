import Memory

/// Redis's glob patterns: `*`, `?`, `[abc]`, `[a-z]`, `[^…]` and `\x` for a literal x.
///
/// Every element but `*` takes exactly one byte, so it is enough to come back to the last `*`
/// when something does not fit: no recursion, at most pattern × text steps.
package enum Glob {
    /// Whether the whole of `text` fits `pattern`. As in Redis nothing but an empty pattern fits
    /// an empty text; commands treat a lone `*` as "everything" before they get here.
    package static func matches(
        pattern: ByteView, text: ByteView, ignoringCase: Bool = false
    ) -> Bool {
        match(pattern: pattern, text: text, ignoringCase: ignoringCase).fits
    }

    /// The answer and the number of pattern elements that were compared on the way to it.
    package static func match(
        pattern: ByteView, text: ByteView, ignoringCase: Bool
    ) -> (fits: Bool, steps: Int) {
        if text.isEmpty { return (pattern.isEmpty, 0) }
        var (p, t, steps) = (0, 0, 0)
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            steps += 1
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                p += 1
                if p == pattern.count { return (true, steps) }
                star = (p, t)
                continue
            }
            if p < pattern.count {
                let element = fits(pattern, at: p, text[t], ignoringCase)
                if element.fits {
                    p = element.next
                    t += 1
                    continue
                }
            }
            guard let last = star else { return (false, steps) }
            star = (last.pattern, last.text + 1)
            p = last.pattern
            t = last.text + 1
        }
        while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return (p == pattern.count, steps)
    }

    /// Compares one byte with the element at `start`, which is not `*`; `next` is the position
    /// behind that element.
    private static func fits(
        _ pattern: ByteView, at start: Int, _ byte: UInt8, _ ignoringCase: Bool
    ) -> (fits: Bool, next: Int) {
        switch pattern[start] {
        case UInt8(ascii: "?"):
            return (true, start + 1)
        case UInt8(ascii: "["):
            return classContains(pattern, from: start + 1, byte, ignoringCase)
        case UInt8(ascii: "\\") where start + 1 < pattern.count:
            return (equal(pattern[start + 1], byte, ignoringCase), start + 2)
        default:
            return (equal(pattern[start], byte, ignoringCase), start + 1)
        }
    }

    /// A class whose `[` stands before `start`; one that is never closed ends with the pattern.
    private static func classContains(
        _ pattern: ByteView, from start: Int, _ byte: UInt8, _ ignoringCase: Bool
    ) -> (fits: Bool, next: Int) {
        var index = start
        let negated = index < pattern.count && pattern[index] == UInt8(ascii: "^")
        if negated { index += 1 }
        var found = false
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") {
            let left = pattern.count - index
            if left >= 2, pattern[index] == UInt8(ascii: "\\") {
                if pattern[index + 1] == byte { found = true }
                index += 2
            } else if left >= 3, pattern[index + 1] == UInt8(ascii: "-") {
                var low = min(pattern[index], pattern[index + 2])
                var high = max(pattern[index], pattern[index + 2])
                var candidate = byte
                if ignoringCase {
                    (low, high) = (asciiLower(low), asciiLower(high))
                    candidate = asciiLower(byte)
                }
                if candidate >= low && candidate <= high { found = true }
                index += 3
            } else {
                if equal(pattern[index], byte, ignoringCase) { found = true }
                index += 1
            }
        }
        return (found != negated, min(index + 1, pattern.count))
    }

    private static func equal(_ a: UInt8, _ b: UInt8, _ ignoringCase: Bool) -> Bool {
        a == b || (ignoringCase && asciiLower(a) == asciiLower(b))
    }
}
