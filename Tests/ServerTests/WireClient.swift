import Foundation
import Glibc

/// A blocking connection that gives replies as the bytes that came. It knows the framing of RESP
/// and nothing else, so that it can judge codecs without using them.
final class WireClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private var received: [UInt8] = []
    /// Bytes of `received` that were handed out.
    private var taken = 0

    /// Connects to a port of this machine. A reply that takes longer than `seconds` is an error.
    init(port: Int, seconds: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, size)
            }
        }
        guard status == 0 else {
            throw Failure(description: "connect to port \(port): \(WireClient.reason())")
        }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, length)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, length)
    }

    deinit { close(descriptor) }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return unsafe Glibc.send(
                    descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "send: \(WireClient.reason())") }
            sent += count
        }
    }

    /// Sends one request and returns the bytes of its reply.
    func command(_ arguments: [[UInt8]]) throws -> [UInt8] {
        try send(WireClient.request(arguments))
        return try reply()
    }

    func command(_ arguments: String...) throws -> String {
        String(decoding: try command(arguments.map { Array($0.utf8) }), as: UTF8.self)
    }

    static func request(_ arguments: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(arguments.count)\r\n".utf8)
        for argument in arguments {
            bytes += Array("$\(argument.count)\r\n".utf8) + argument + [13, 10]
        }
        return bytes
    }

    /// The bytes of the next whole reply.
    func reply() throws -> [UInt8] {
        while true {
            let rest = received[taken...]
            if let length = try ReplyFrame.length(of: rest) {
                taken += length
                return Array(rest.prefix(length))
            }
            guard try receive() > 0 else { throw Failure(description: "the server hung up") }
        }
    }

    /// Everything until the server closes the connection.
    func untilClosed() throws -> [UInt8] {
        while try receive() > 0 {}
        defer { taken = received.count }
        return Array(received[taken...])
    }

    private func receive() throws -> Int {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe chunk.withUnsafeMutableBytes { buffer in
            unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        }
        if count < 0 && errno == ECONNRESET { return 0 }
        guard count >= 0 else { throw Failure(description: "recv: \(WireClient.reason())") }
        received += chunk.prefix(count)
        return count
    }
}

/// Where a reply of RESP2 or RESP3 ends.
enum ReplyFrame {
    /// The length of the reply at the start of `bytes`; nil when it is not whole.
    static func length(of bytes: ArraySlice<UInt8>) throws -> Int? {
        guard let end = try end(of: bytes, from: bytes.startIndex) else { return nil }
        return end - bytes.startIndex
    }

    private static func end(of bytes: ArraySlice<UInt8>, from start: Int) throws -> Int? {
        guard start < bytes.endIndex else { return nil }
        guard let lineEnd = lineEnd(bytes, from: start) else { return nil }
        let text = String(decoding: bytes[(start + 1)..<(lineEnd - 2)], as: UTF8.self)
        switch bytes[start] {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: ","),
            UInt8(ascii: "_"), UInt8(ascii: "#"), UInt8(ascii: "("):
            return lineEnd
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            let count = try number(text)
            let end = lineEnd + count + 2
            return count < 0 ? lineEnd : end <= bytes.endIndex ? end : nil
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"):
            return try elements(bytes, from: lineEnd, count: number(text))
        case UInt8(ascii: "%"):
            return try elements(bytes, from: lineEnd, count: 2 * number(text))
        case UInt8(ascii: "|"):
            return try elements(bytes, from: lineEnd, count: 2 * number(text) + 1)
        default:
            throw WireClient.Failure(description: "no reply begins with byte \(bytes[start])")
        }
    }

    private static func lineEnd(_ bytes: ArraySlice<UInt8>, from start: Int) -> Int? {
        guard let feed = bytes[start...].firstIndex(of: 10), feed > start + 1 else { return nil }
        return feed + 1
    }

    private static func elements(
        _ bytes: ArraySlice<UInt8>, from start: Int, count: Int
    ) throws -> Int? {
        var position = start
        for _ in 0..<max(count, 0) {
            guard let next = try end(of: bytes, from: position) else { return nil }
            position = next
        }
        return position
    }

    private static func number(_ text: String) throws -> Int {
        guard let value = Int(text) else {
            throw WireClient.Failure(description: "no length: \(text)")
        }
        return value
    }
}
