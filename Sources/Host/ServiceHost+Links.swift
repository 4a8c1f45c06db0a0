import Memory
import Platform
import Reactor
import Sessions

/// An outgoing connection on its way.
struct ConnectionAttempt {
    let link: Int
    let host: String
    let port: Int
    let source: String?
    /// Addresses not yet tried.
    var addresses: [SocketAddress] = []
    /// The socket that is connecting; nil while the name is being resolved.
    var token: Token?
    var address: SocketAddress?
}

/// Connections that the service asks for.
extension ServiceHost where Served: ~Copyable {
    mutating func connect(link: Int, host: String, port: Int, source: String?) {
        cancelConnect(link: link)
        let number = nextAttempt
        nextAttempt += 1
        var attempt = ConnectionAttempt(link: link, host: host, port: port, source: source)
        attemptsByLink[link] = number
        if let address = SocketAddress(numeric: host, port: port) {
            attempt.addresses = [address]
            attempts[number] = attempt
            tryNext(number, lastReason: "no address")
        } else {
            attempts[number] = attempt
            do throws(SystemError) {
                try lookups.ask(host, port: port, waking: loop.waker)
            } catch {
                fail(number, "\(error)")
            }
        }
    }

    mutating func cancelConnect(link: Int) {
        guard let number = attemptsByLink.removeValue(forKey: link),
            let attempt = attempts.removeValue(forKey: number)
        else { return }
        if let token = attempt.token { loop.close(token) }
    }

    mutating func take(_ answer: LookupResult) {
        let waiting = attempts.filter { _, attempt in
            attempt.token == nil && attempt.host == answer.host && attempt.port == answer.port
        }
        for number in waiting.keys.sorted() {
            switch answer.outcome {
            case .success(let addresses):
                attempts[number]?.addresses = addresses
                tryNext(number, lastReason: "no address")
            case .failure(let error):
                fail(number, error.reason)
            }
        }
    }

    /// Begins to connect to the next address; without one more the attempt has failed.
    private mutating func tryNext(_ number: Int, lastReason: String) {
        var reason = lastReason
        while var attempt = attempts[number], !attempt.addresses.isEmpty {
            let address = attempt.addresses.removeFirst()
            let source = attempt.source.flatMap { SocketAddress(numeric: $0, port: 0) }
            attempts[number] = attempt
            do throws(SystemError) {
                let socket = try Sockets.connect(to: address, from: source)
                do throws(SystemError) {
                    attempt.token = try loop.add(
                        socket, user: Owner.attempt(number).user, reading: false, writing: true)
                } catch {
                    socket.close()
                    throw error
                }
                attempt.address = address
                attempts[number] = attempt
                return
            } catch {
                reason = error.reason
            }
        }
        fail(number, reason)
    }

    /// The attempt's socket became writable: it is connected, or not.
    mutating func finishAttempt(_ number: Int) {
        guard let attempt = attempts[number], let token = attempt.token,
            let socket = loop.descriptor(of: token)
        else { return }
        let error = Sockets.error(of: socket)
        guard error == 0, let address = attempt.address else {
            loop.close(token)
            attempts[number]?.token = nil
            return tryNext(number, lastReason: SystemError.reason(error))
        }
        forget(number)
        Sockets.setNoDelay(socket)
        Sockets.setKeepAlive(socket, seconds: settings.keepAlive)
        let local = Sockets.localAddress(of: socket)
        let session = frontend.value.open(
            role: .link(attempt.link), connection: token.connection,
            peer: address.description, local: local?.description ?? "")
        loop.setUser(token, Owner.session(session).user)
        loop.watchReads(token, true)
        loop.watchWrites(token, false)
        service.value.handle(
            .linkOpened(
                link: attempt.link, session: session, localAddress: local?.host ?? ""))
    }

    private mutating func fail(_ number: Int, _ reason: String) {
        guard let attempt = attempts[number] else { return }
        forget(number)
        service.value.handle(.linkFailed(link: attempt.link, reason: reason))
    }

    private mutating func forget(_ number: Int) {
        guard let attempt = attempts.removeValue(forKey: number) else { return }
        if attemptsByLink[attempt.link] == number { attemptsByLink[attempt.link] = nil }
    }
}
