/// A whole reply as a value: what parsers of outgoing connections give, and what commands off
/// the hot path return. The data server's hot commands write bytes with `ReplyWriter` instead.
package indirect enum RESPValue: Equatable, Sendable {
    case simple(String)
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    /// A null bulk string (RESP2 `$-1`) or RESP3 `_`.
    case null
    /// A null array (RESP2 `*-1`); the same `_` in RESP3.
    case nullArray
    case array([RESPValue])
    /// Keys and values in turn; a flat array in RESP2.
    case map([RESPValue])
    /// An array in RESP2.
    case set([RESPValue])
    /// Out-of-band data of RESP3 (`>`); an array in RESP2.
    case push([RESPValue])
    /// A bulk string in RESP2.
    case double(Double)
    /// 1 or 0 in RESP2.
    case boolean(Bool)
    /// Text with a three-letter format (`txt`); a bulk string in RESP2.
    case verbatim(String, [UInt8])
    case bigNumber(String)
}

extension RESPValue {
    /// A bulk string of `text`'s UTF-8 bytes.
    package static func text(_ text: String) -> RESPValue { .bulk(Array(text.utf8)) }

    /// The text of a simple, bulk or verbatim string or of an error; nil for anything else.
    package var string: String? {
        switch self {
        case .simple(let text), .error(let text), .bigNumber(let text): text
        case .bulk(let bytes), .verbatim(_, let bytes): String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// Whether the reply is an error.
    package var isError: Bool {
        if case .error = self { true } else { false }
    }

    /// The elements of an array, set, push or map; nil for anything else.
    package var elements: [RESPValue]? {
        switch self {
        case .array(let items), .set(let items), .push(let items), .map(let items): items
        default: nil
        }
    }
}
