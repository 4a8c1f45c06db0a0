/// What REPLICAOF says of the primary's data, until data were replaced or found to continue: those
/// that it has when it is asked may replace ours. What it has in a later life, after a loss, was
/// never meant.
package enum PrimaryOrder: Equatable, Sendable {
    /// No order, or what was ordered is no longer there, or may not be.
    case none
    /// The primary has yet to tell its history.
    case given
    /// The data of this history, which the primary offered first.
    case offered(ReplicationID)

    /// Whether data of a history that we do not know may replace ours at once, or nothing may.
    package var holds: Bool { self != .none }

    /// The primary offers data of this history; nil when it does not say.
    package mutating func noteOffer(_ id: ReplicationID?) {
        switch self {
        case .given: if let id { self = .offered(id) }
        case .offered(let first): if id != first { self = .none }
        case .none: break
        }
    }

    /// The primary could not be reached, or was lost while it was being asked: it may be in
    /// another life when it is reached again.
    package mutating func noteSilence() {
        if self == .given { self = .none }
    }
}
