/// Bytes that are not RESP, or exceed a limit. Where in the request or reply it was found tells
/// the parser's `failureOffset`.
@usableFromInline
package enum RESPError: Error, Equatable, Sendable {
    case invalidMultibulkLength
    case invalidBulkLength
    /// An argument began with this byte.
    case expectedDollar(UInt8)
    case tooBigInline
    case tooBigCountString
    case tooBigBulkCount
    case unauthenticatedMultibulk
    case unauthenticatedBulk
    case unbalancedQuotes
    /// A reply began with this byte.
    case unknownReplyType(UInt8)
    case invalidReplyNumber
    case invalidReplyLength
    /// A line of a reply has no end within the limit, or ends in something else than CR LF.
    case invalidReplyLine
    case replyTooDeep
    case replyTooBig

    /// The text for the peer or the log, without its code. For requests exactly Redis's.
    package var message: String {
        switch self {
        case .invalidMultibulkLength: "Protocol error: invalid multibulk length"
        case .invalidBulkLength: "Protocol error: invalid bulk length"
        case .expectedDollar(let byte):
            "Protocol error: expected '$', got '\(Character(UnicodeScalar(byte)))'"
        case .tooBigInline: "Protocol error: too big inline request"
        case .tooBigCountString: "Protocol error: too big mbulk count string"
        case .tooBigBulkCount: "Protocol error: too big bulk count string"
        case .unauthenticatedMultibulk: "Protocol error: unauthenticated multibulk length"
        case .unauthenticatedBulk: "Protocol error: unauthenticated bulk length"
        case .unbalancedQuotes: "Protocol error: unbalanced quotes in request"
        case .unknownReplyType(let byte): "Protocol error: got byte \(byte) as reply type"
        case .invalidReplyNumber: "Protocol error: invalid number in reply"
        case .invalidReplyLength: "Protocol error: invalid length in reply"
        case .invalidReplyLine: "Protocol error: invalid line in reply"
        case .replyTooDeep: "Protocol error: reply nested too deep"
        case .replyTooBig: "Protocol error: reply too big"
        }
    }
}
