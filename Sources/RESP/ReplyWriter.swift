import Memory

/// Writes replies into a buffer in the protocol version of the session. Bounded by nothing here:
/// the session's output limits watch the buffer.
@frozen @usableFromInline
package struct ReplyWriter: ~Copyable {
    @usableFromInline package var buffer: ByteBuffer
    @usableFromInline package var version: RESPVersion

    /// A writer of RESP2 with an empty buffer.
    @inlinable
    package init(heap: Heap) {
        buffer = ByteBuffer(heap: heap)
        version = .two
    }

    /// `+OK`.
    @inlinable @inline(__always)
    package mutating func ok() { buffer.append("+OK\r\n") }

    /// A simple string; `text` has no CR or LF.
    @inlinable
    package mutating func simple(_ text: StaticString) {
        buffer.append(UInt8(ascii: "+"))
        buffer.append(text)
        buffer.append("\r\n")
    }

    /// A simple string; CR and LF become spaces.
    package mutating func simple(text: String) { line(UInt8(ascii: "+"), text) }

    @inlinable
    package mutating func integer(_ value: Int) { header(UInt8(ascii: ":"), value) }

    @inlinable
    package mutating func integer(_ value: Int64) { header(UInt8(ascii: ":"), Int(value)) }

    /// A bulk string.
    @inlinable
    package mutating func bulk(_ view: ByteView) { buffer.append(framed: view) }

    @inlinable
    package mutating func bulk(_ text: StaticString) { bulk(ByteView(text)) }

    @inlinable
    package mutating func bulk(_ bytes: [UInt8]) { bytes.withView { bulk($0) } }

    package mutating func bulk(text: String) {
        header(UInt8(ascii: "$"), text.utf8.count)
        buffer.append(text)
        buffer.append("\r\n")
    }

    /// A bulk string that spells `value`.
    @inlinable
    package mutating func bulk(decimal value: Int) {
        header(UInt8(ascii: "$"), ReplyWriter.decimalLength(value))
        buffer.append(decimal: value)
        buffer.append("\r\n")
    }

    @inlinable
    package mutating func null() {
        if version == .two { buffer.append("$-1\r\n") } else { buffer.append("_\r\n") }
    }

    @inlinable
    package mutating func nullArray() {
        if version == .two { buffer.append("*-1\r\n") } else { buffer.append("_\r\n") }
    }

    @inlinable
    package mutating func emptyArray() { buffer.append("*0\r\n") }

    /// An error; `text` starts with its code, e.g. "ERR syntax error", and has no CR or LF.
    @inlinable
    package mutating func error(_ text: StaticString) {
        buffer.append(UInt8(ascii: "-"))
        buffer.append(text)
        buffer.append("\r\n")
    }

    /// An error; `text` starts with its code. CR and LF become spaces.
    package mutating func error(text: String) { line(UInt8(ascii: "-"), text) }

    /// The head of an array of `count` elements, which the caller writes next.
    @inlinable
    package mutating func array(_ count: Int) { header(UInt8(ascii: "*"), count) }

    /// The head of a map of `pairs` keys and values; a flat array in RESP2.
    @inlinable
    package mutating func map(_ pairs: Int) {
        version == .two
            ? header(UInt8(ascii: "*"), pairs &* 2) : header(UInt8(ascii: "%"), pairs)
    }

    /// The head of a set; an array in RESP2.
    @inlinable
    package mutating func set(_ count: Int) {
        header(version == .two ? UInt8(ascii: "*") : UInt8(ascii: "~"), count)
    }

    /// The head of out-of-band data; an array in RESP2.
    @inlinable
    package mutating func push(_ count: Int) {
        header(version == .two ? UInt8(ascii: "*") : UInt8(ascii: ">"), count)
    }

    /// The head of attributes before a reply; RESP3 only.
    @inlinable
    package mutating func attribute(_ pairs: Int) {
        invariant(version == .three, "attributes exist in RESP3 only")
        header(UInt8(ascii: "|"), pairs)
    }

    /// A number with 17 significant digits, as Redis 7.0 prints it; a bulk string in RESP2.
    package mutating func double(_ value: Double) {
        DoubleText.with(value) { text in
            if version == .two { return bulk(text) }
            buffer.append(UInt8(ascii: ","))
            buffer.append(text)
            buffer.append("\r\n")
        }
    }

    /// `#t` or `#f`; 1 or 0 in RESP2.
    @inlinable
    package mutating func boolean(_ value: Bool) {
        if version == .two {
            integer(value ? 1 : 0)
        } else if value {
            buffer.append("#t\r\n")
        } else {
            buffer.append("#f\r\n")
        }
    }

    /// Text with a format of three letters ("txt", "mkd"); a bulk string in RESP2.
    package mutating func verbatim(_ format: StaticString, _ view: ByteView) {
        verbatim(format: ByteView(format), view)
    }

    private mutating func verbatim(format: ByteView, _ view: ByteView) {
        if version == .two { return bulk(view) }
        invariant(format.count == 3, "the format of a verbatim string has three letters")
        header(UInt8(ascii: "="), view.count + 4)
        buffer.append(format)
        buffer.append(UInt8(ascii: ":"))
        buffer.append(view)
        buffer.append("\r\n")
    }

    /// An integer of any size in decimal; a bulk string in RESP2.
    package mutating func bigNumber(_ text: String) {
        version == .two ? bulk(text: text) : line(UInt8(ascii: "("), text)
    }

    /// Type byte, number, line end.
    @inlinable @inline(__always)
    mutating func header(_ type: UInt8, _ number: Int) {
        buffer.reserve(24)
        buffer.append(type)
        buffer.append(decimal: number)
        buffer.append("\r\n")
    }

    private mutating func line(_ type: UInt8, _ text: String) {
        buffer.append(type)
        if text.utf8.contains(where: { $0 == 10 || $0 == 13 }) {
            for byte in text.utf8 { buffer.append(byte == 10 || byte == 13 ? 32 : byte) }
        } else {
            buffer.append(text)
        }
        buffer.append("\r\n")
    }

    /// Characters of `value` in decimal.
    @inlinable
    static func decimalLength(_ value: Int) -> Int {
        var length = value < 0 ? 2 : 1
        var rest = value.magnitude
        while rest > 9 {
            length &+= 1
            rest /= 10
        }
        return length
    }
}

extension ReplyWriter {
    /// Starts an array whose length is known later; the result goes to `finishArray`.
    @inlinable
    package mutating func deferredArray() -> Int { deferred(UInt8(ascii: "*")) }

    /// Starts a set whose length is known later.
    package mutating func deferredSet() -> Int {
        deferred(version == .two ? UInt8(ascii: "*") : UInt8(ascii: "~"))
    }

    /// Starts a map whose length is known later; the result goes to `finishMap`.
    package mutating func deferredMap() -> Int {
        deferred(version == .two ? UInt8(ascii: "*") : UInt8(ascii: "%"))
    }

    /// Sets the length of the array or set started at `offset`. Its elements are moved when the
    /// length has more than one digit, so inner ones are finished before outer ones.
    package mutating func finishArray(at offset: Int, count: Int) {
        invariant(count >= 0, "negative length")
        let extra = ReplyWriter.decimalLength(count) - 1
        if extra > 0 {
            let end = buffer.count
            buffer.append(repeating: 0, count: extra)
            let behind = offset + 2
            buffer.replace(at: behind + extra, with: buffer.readable[behind..<end])
        }
        let digits: StaticString = "0123456789"
        var rest = count
        for place in stride(from: offset + 1 + extra, to: offset, by: -1) {
            let digit = rest % 10
            buffer.replace(at: place, with: ByteView(digits)[digit..<digit + 1])
            rest /= 10
        }
    }

    /// Sets the length of the map started at `offset`.
    package mutating func finishMap(at offset: Int, pairs: Int) {
        finishArray(at: offset, count: version == .two ? pairs * 2 : pairs)
    }

    @usableFromInline
    mutating func deferred(_ type: UInt8) -> Int {
        let offset = buffer.count
        buffer.append(type)
        buffer.append("0\r\n")
        return offset
    }

    /// A whole reply.
    package mutating func value(_ value: RESPValue) {
        switch value {
        case .simple(let text): simple(text: text)
        case .error(let text): error(text: text)
        case .integer(let number): integer(number)
        case .bulk(let bytes): bulk(bytes)
        case .null: null()
        case .nullArray: nullArray()
        case .array(let items): aggregate(items) { $0.array(items.count) }
        case .map(let items):
            invariant(items.count % 2 == 0, "a map has a value for every key")
            aggregate(items) { $0.map(items.count / 2) }
        case .set(let items): aggregate(items) { $0.set(items.count) }
        case .push(let items): aggregate(items) { $0.push(items.count) }
        case .double(let number): double(number)
        case .boolean(let flag): boolean(flag)
        case .verbatim(let format, let bytes):
            bytes.withView { view in Array(format.utf8).withView { verbatim(format: $0, view) } }
        case .bigNumber(let text): bigNumber(text)
        }
    }

    private mutating func aggregate(
        _ items: [RESPValue], _ head: (inout ReplyWriter) -> Void
    ) {
        head(&self)
        for item in items { value(item) }
    }
}
