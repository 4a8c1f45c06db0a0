import Platform

/// A socket on which connections arrive.
struct Listener {
    let descriptor: Descriptor
    let address: SocketAddress
}

/// Opening the sockets that settings ask for.
enum Listeners {
    /// All listeners for `settings`, or none at all and an error. `notes` gets what is worth a
    /// line in the log.
    static func open(
        _ settings: HostSettings, notes: inout [String]
    ) throws(HostError) -> [Listener] {
        var listeners: [Listener] = []
        do throws(HostError) {
            listeners += try openTCP(settings, notes: &notes)
            if !settings.unixSocket.isEmpty { listeners.append(try openUnix(settings)) }
            return listeners
        } catch {
            for listener in listeners { listener.descriptor.close() }
            throw error
        }
    }

    static func openTCP(
        _ settings: HostSettings, notes: inout [String]
    ) throws(HostError) -> [Listener] {
        guard settings.port != 0 else { return [] }
        var listeners: [Listener] = []
        for entry in settings.bind {
            let isOptional = entry.hasPrefix("-")
            let name = isOptional ? String(entry.dropFirst()) : entry
            do throws(HostError) {
                let address = try self.address(name, settings.port)
                let opened = try openOne(address, name, settings)
                if let opened { listeners.append(opened) }
            } catch {
                notes.append(error.description)
                if isOptional && error.isMissingAddress { continue }
                for listener in listeners { listener.descriptor.close() }
                throw HostError(
                    "Failed listening on port \(settings.port) (TCP), aborting.")
            }
        }
        if listeners.isEmpty && !settings.bind.isEmpty {
            throw HostError("Failed listening on port \(settings.port) (TCP), aborting.")
        }
        return listeners
    }

    static func openUnix(_ settings: HostSettings) throws(HostError) -> Listener {
        let path = settings.unixSocket
        do throws(SystemError) {
            let descriptor = try Sockets.listen(
                unixPath: path, permissions: settings.unixSocketPermissions,
                backlog: settings.backlog)
            guard let address = SocketAddress(unixPath: path) else {
                throw SystemError("bind", 0)
            }
            return Listener(descriptor: descriptor, address: address)
        } catch {
            throw HostError("Failed opening Unix socket: \(error)")
        }
    }

    private static func address(
        _ name: String, _ port: Int
    ) throws(HostError) -> SocketAddress {
        let host = name == "*" ? "0.0.0.0" : name == "::*" ? "::" : name
        do throws(ResolutionError) {
            if let address = try NameResolution.resolve(host, port: port).first { return address }
        } catch {
            throw HostError(failure(name, port, error.reason), isMissingAddress: true)
        }
        throw HostError(failure(name, port, "no address"), isMissingAddress: true)
    }

    /// nil when this machine does not know the address family at all.
    private static func openOne(
        _ address: SocketAddress, _ name: String, _ settings: HostSettings
    ) throws(HostError) -> Listener? {
        do throws(SystemError) {
            let descriptor = try Sockets.listen(on: address, backlog: settings.backlog)
            let local = Sockets.localAddress(of: descriptor) ?? address
            return Listener(descriptor: descriptor, address: local)
        } catch {
            if error.isUnsupportedProtocol { return nil }
            throw HostError(
                failure(name, settings.port, error.description),
                isMissingAddress: error.isAddressNotAvailable)
        }
    }

    private static func failure(_ name: String, _ port: Int, _ reason: String) -> String {
        "Warning: Could not create server TCP listening socket \(name):\(port): \(reason)"
    }

    /// What to say when the kernel will not queue as many connections as asked; nil if it will.
    static func backlogNote(_ settings: HostSettings) -> String? {
        guard let limit = Sockets.backlogLimit(), limit < settings.backlog else { return nil }
        return "WARNING: The TCP backlog setting of \(settings.backlog) cannot be enforced "
            + "because /proc/sys/net/core/somaxconn is set to the lower value of \(limit)."
    }
}
