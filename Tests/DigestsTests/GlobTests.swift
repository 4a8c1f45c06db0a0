import Digests
import Memory
import Testing

@Suite struct GlobTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let pattern: String
        let text: String
        let fits: Bool
        var testDescription: String { "\(pattern) ~ \(text)" }

        init(_ pattern: String, _ text: String, _ fits: Bool) {
            self.pattern = pattern
            self.text = text
            self.fits = fits
        }
    }

    static func match(
        _ pattern: String, _ text: String, ignoringCase: Bool = false
    ) -> (fits: Bool, steps: Int) {
        Array(pattern.utf8).withView { pattern in
            Array(text.utf8).withView { text in
                Glob.match(pattern: pattern, text: text, ignoringCase: ignoringCase)
            }
        }
    }

    /// Every row was seen with redis-server 7.0.15.
    @Test(arguments: [
        Row("", "", true), Row("*", "", false), Row("**", "", false), Row("", "a", false),
        Row("*", "a", true), Row("**", "a", true), Row("a*", "a", true), Row("a**", "a", true),
        Row("*a", "a", true), Row("*a", "ba", true), Row("*a", "ab", false),
        Row("a?c", "abc", true), Row("a?c", "ac", false), Row("?", "", false),
        Row("h[ae]llo", "hallo", true), Row("h[ae]llo", "hillo", false),
        Row("h[^e]llo", "hallo", true), Row("h[^e]llo", "hello", false),
        Row("h[a-c]llo", "hbllo", true), Row("h[c-a]llo", "hbllo", true),
        Row("h[a-c]llo", "hdllo", false), Row("[^", "[", true), Row("[a", "a", true),
        Row("[a-]", "a", true), Row("[a-]", "]", true), Row("[a-]", "b", false),
        Row("[\\]]", "]", true), Row("[\\-]", "-", true), Row("[]", "a", false),
        Row("\\*", "*", true), Row("\\*", "a", false), Row("\\", "\\", true),
        Row("a\\", "a\\", true), Row("*b*c", "abbbc", true), Row("*b*c", "abbbcd", false),
        Row("news.*.sport", "news.art.sport", true), Row("news.*.sport", "news.sport", false),
    ])
    func `decides as Redis does`(row: Row) {
        #expect(GlobTests.match(row.pattern, row.text).fits == row.fits)
    }

    @Test func `ignores the case of literals and ranges on demand`() {
        #expect(GlobTests.match("HeL*", "hello", ignoringCase: true).fits)
        #expect(GlobTests.match("[A-C]x", "bX", ignoringCase: true).fits)
        #expect(!GlobTests.match("HeL*", "hello").fits)
    }

    @Test func `many stars cost no more than pattern times text`() {
        let text = String(repeating: "a", count: 2000)
        let pattern = String(repeating: "a*", count: 200) + "b"
        let result = GlobTests.match(pattern, text)
        #expect(!result.fits)
        #expect(result.steps <= 401 * 2000)
    }

    @Test func `a literal behind a star is searched for in one pass`() {
        let text = String(repeating: "a", count: 10_000)
        let result = GlobTests.match("*b", text)
        #expect(!result.fits)
        #expect(result.steps <= 2 * 10_000)
    }
}
