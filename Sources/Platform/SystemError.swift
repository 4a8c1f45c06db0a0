import Glibc

/// A call to the kernel or the C library that failed.
@usableFromInline
package struct SystemError: Error, Sendable {
    /// What was tried: the name of the call.
    package let operation: StaticString
    /// The error number it left.
    package let errno: Int32

    package init(_ operation: StaticString, _ errno: Int32) {
        self.operation = operation
        self.errno = errno
    }

    /// The error number the last call of this thread left.
    package static func last(_ operation: StaticString) -> SystemError {
        SystemError(operation, Glibc.errno)
    }

    /// Whether the machine does not have the address it was about.
    package var isAddressNotAvailable: Bool { errno == EADDRNOTAVAIL }
    /// Whether the kernel does not know the protocol or the address family.
    package var isUnsupportedProtocol: Bool {
        [EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPFNOSUPPORT, EAFNOSUPPORT, ENOPROTOOPT]
            .contains(errno)
    }
    /// Whether there are no descriptors left.
    package var isOutOfDescriptors: Bool { errno == EMFILE || errno == ENFILE }

    /// The C library's words for the error number.
    package var reason: String { SystemError.reason(errno) }

    /// The C library's words for `number`.
    package static func reason(_ number: Int32) -> String {
        guard let text = unsafe strerror(number) else { return "error \(number)" }
        return unsafe String(cString: text)
    }
}

extension SystemError: CustomStringConvertible {
    @usableFromInline package var description: String { "\(operation): \(reason)" }
}

extension SystemError: Equatable {
    @usableFromInline package static func == (left: SystemError, right: SystemError) -> Bool {
        left.errno == right.errno && left.operation.description == right.operation.description
    }
}

/// `result` of a call that says −1 when it fails.
@discardableResult
func checked(_ operation: StaticString, _ result: Int32) throws(SystemError) -> Int32 {
    if result < 0 { throw SystemError.last(operation) }
    return result
}
