import CCrypto
import Memory

// The plain functions of libcrypto, not the EVP interface: that one brings providers, error texts
// and 3 MB of tables along, for two hashes.

/// SHA-1 in pieces: script names, digests of datasets.
@safe
package struct SHA1: ~Copyable {
    private let context: UnsafeMutablePointer<SHA_CTX>

    package init() {
        unsafe context = .allocate(capacity: 1)
        start()
    }

    deinit { unsafe context.deallocate() }

    private func start() { check(unsafe SHA1_Init(context)) }

    /// Adds bytes.
    package func update(_ bytes: ByteView) {
        check(unsafe SHA1_Update(context, bytes.base, bytes.count))
    }

    /// The 20 bytes of the hash; the next `update` starts a new one.
    package func finish() -> [UInt8] {
        let hash = unsafe [UInt8](unsafeUninitializedCapacity: 20) { out, count in
            check(unsafe SHA1_Final(out.baseAddress, context))
            count = 20
        }
        start()
        return hash
    }

    /// The 20 bytes for all `pieces`, one behind the other.
    package static func hash(_ pieces: [ByteView]) -> [UInt8] {
        let hash = SHA1()
        for piece in pieces { hash.update(piece) }
        return hash.finish()
    }

    /// The 20 bytes for `bytes`.
    package static func hash(_ bytes: ByteView) -> [UInt8] { hash([bytes]) }
}

/// SHA-256 in pieces: stored passwords.
@safe
package struct SHA256: ~Copyable {
    private let context: UnsafeMutablePointer<SHA256_CTX>

    package init() {
        unsafe context = .allocate(capacity: 1)
        start()
    }

    deinit { unsafe context.deallocate() }

    private func start() { check(unsafe SHA256_Init(context)) }

    /// Adds bytes.
    package func update(_ bytes: ByteView) {
        check(unsafe SHA256_Update(context, bytes.base, bytes.count))
    }

    /// The 32 bytes of the hash; the next `update` starts a new one.
    package func finish() -> [UInt8] {
        let hash = unsafe [UInt8](unsafeUninitializedCapacity: 32) { out, count in
            check(unsafe SHA256_Final(out.baseAddress, context))
            count = 32
        }
        start()
        return hash
    }

    /// The 32 bytes for `bytes`.
    package static func hash(_ bytes: ByteView) -> [UInt8] {
        let hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    /// The 64 hexadecimal digits for `bytes`, as ACL files hold them.
    package static func hex(_ bytes: ByteView) -> String { hexadecimal(hash(bytes)) }
}

private func check(_ status: Int32) { invariant(status == 1, "libcrypto cannot hash") }

/// Two lower-case digits for every byte.
package func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
