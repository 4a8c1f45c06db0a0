import Memory
import RESP

extension CommandRows {
    /// Commands about subscriptions.
    package static let pubsub: [Command] = []
}
