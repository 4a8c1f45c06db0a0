import CCrypto
import Memory

/// One running hash of libcrypto. Owns its context.
@safe
struct EVPHash: ~Copyable {
    private let context: OpaquePointer
    private let algorithm: OpaquePointer

    init(_ algorithm: OpaquePointer) {
        guard let context = unsafe EVP_MD_CTX_new() else {
            invariantFailed("libcrypto gives no hash context")
        }
        unsafe self.context = unsafe context
        unsafe self.algorithm = unsafe algorithm
        start()
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    private func start() {
        let ready = unsafe EVP_DigestInit_ex(context, algorithm, nil)
        invariant(ready == 1, "libcrypto cannot start a hash")
    }

    func update(_ bytes: ByteView) {
        let done = unsafe EVP_DigestUpdate(context, bytes.base, bytes.count)
        invariant(done == 1, "libcrypto cannot hash")
    }

    /// The hash of everything so far; the next byte starts a new one.
    func finish(length: Int) -> [UInt8] {
        let hash = unsafe [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { out, count in
            var written: UInt32 = 0
            let done = unsafe EVP_DigestFinal_ex(context, out.baseAddress, &written)
            invariant(done == 1 && Int(written) == length, "libcrypto cannot finish a hash")
            count = Int(written)
        }
        start()
        return hash
    }
}

/// SHA-1 in pieces: script names, digests of datasets.
package struct SHA1: ~Copyable {
    private let running = unsafe EVPHash(EVP_sha1())

    package init() {}

    /// Adds bytes.
    package func update(_ bytes: ByteView) { running.update(bytes) }

    /// The 20 bytes of the hash; the next `update` starts a new one.
    package func finish() -> [UInt8] { running.finish(length: 20) }

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
package struct SHA256: ~Copyable {
    private let running = unsafe EVPHash(EVP_sha256())

    package init() {}

    /// Adds bytes.
    package func update(_ bytes: ByteView) { running.update(bytes) }

    /// The 32 bytes of the hash; the next `update` starts a new one.
    package func finish() -> [UInt8] { running.finish(length: 32) }

    /// The 32 bytes for `bytes`.
    package static func hash(_ bytes: ByteView) -> [UInt8] {
        let hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    /// The 64 hexadecimal digits for `bytes`, as ACL files hold them.
    package static func hex(_ bytes: ByteView) -> String { hexadecimal(hash(bytes)) }
}

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
