import Platform
import RESP
import RESPClient

/// How to open connections: who we are, and how long (µs) a peer may take.
struct Dialer: Sendable {
    var identity: ClientIdentity
    var timeout: Int64

    /// A connection that is not open yet.
    func connection(_ endpoint: Endpoint) -> Connection {
        Connection(endpoint, identity, timeout)
    }
}

/// A connection to one peer that is opened when needed and kept. After a failure it is left alone
/// for a while, so that a dead peer does not slow down a live view.
final class Connection {
    let endpoint: Endpoint
    private let identity: ClientIdentity
    private let timeout: Int64
    private var client: BlockingClient?
    private var retryAt: Int64 = 0
    private var failure = ClientError.closed

    init(_ endpoint: Endpoint, _ identity: ClientIdentity, _ timeout: Int64) {
        self.endpoint = endpoint
        self.identity = identity
        self.timeout = timeout
    }

    /// Sends requests together and waits for the replies. A kept connection that the peer has
    /// closed meanwhile, as servers do when their role changes, is opened anew, unless the
    /// requests must not be sent twice.
    func send(
        _ requests: [[String]], isRepeatable: Bool = true
    ) throws(ClientError) -> [RESPValue] {
        if client == nil, Clock.monotonicMicroseconds() < retryAt { throw failure }
        let isKept = client != nil
        do throws(ClientError) {
            return try exchange(requests)
        } catch {
            if isKept, isRepeatable, error != .timeout {
                return try exchange(requests)
            }
            throw error
        }
    }

    private func exchange(_ requests: [[String]]) throws(ClientError) -> [RESPValue] {
        do throws(ClientError) {
            var open: BlockingClient
            if let kept = client.take() {
                open = kept
            } else {
                open = try BlockingClient.connect(
                    host: endpoint.host, port: endpoint.port, identity: identity, timeout: timeout)
            }
            let replies = try open.send(requests)
            client = consume open
            return replies
        } catch {
            failure = error
            retryAt = Clock.monotonicMicroseconds() + 2_000_000
            throw error
        }
    }

    /// Sends one request; an error of the peer is thrown as `refused`.
    func send(_ request: String...) throws(ClientError) -> RESPValue {
        let reply = try send([request])[0]
        if case .error(let text) = reply { throw .refused(text) }
        return reply
    }

    /// Forgets a failure, for callers that want to try at once.
    func retryNow() { retryAt = 0 }
}
