/// What REPLICAOF says of the primary's data, until data were replaced or found to continue: those
/// that it has when it is asked may replace ours. What it has in a later life, after a loss, was
/// never meant.
package enum PrimaryOrder: Equatable, Sendable {
    /// No order, or what was ordered is no longer there.
    case none
    /// The primary has yet to tell its history.
    case given
    /// A link was lost before the primary told its history: it may be in another life now.
    case unanswered
    /// The data of this history, which the primary offered first.
    case offered(ReplicationID)

    /// Whether data of a history that we do not know may replace ours at once.
    package var coversStrangers: Bool { self != .none }

    /// Whether ours may be replaced by nothing.
    package var coversNothing: Bool { self != .none && self != .unanswered }

    /// The primary offers data of this history; nil when it does not say.
    package mutating func noteOffer(_ id: ReplicationID?) {
        switch self {
        case .given: if let id { self = .offered(id) }
        case .offered(let first): if id != first { self = .none }
        case .none, .unanswered: break
        }
    }

    /// The link was lost while the primary was being asked.
    package mutating func noteLostHandshake() {
        if self == .given { self = .unanswered }
    }
}
