import Memory

/// The registers of a union of sketches, a byte each.
@safe
package struct HyperLogLogRegisters: ~Copyable {
    private static var count: Int { HyperLogLog.registerCount }
    private let heap: Heap
    private let base: UnsafeMutablePointer<UInt8>

    /// The registers of no sketch.
    package init(heap: Heap) {
        self.heap = heap
        unsafe base = heap.allocateZeroed(Self.count).assumingMemoryBound(to: UInt8.self)
    }

    deinit { unsafe heap.free(base, Self.count) }

    package subscript(register: Int) -> UInt8 {
        invariant(register >= 0 && register < Self.count, "no such register")
        return unsafe base[register]
    }

    /// Adds a sketch whose layout was looked at. False if its runs do not fit together; some of
    /// them may have been added then.
    package mutating func add(_ value: ByteView) -> Bool {
        if value[4] == HyperLogLog.Layout.sparse.rawValue {
            return HyperLogLog.forEachRun(value) { first, length, value in
                guard value > 0 else { return }
                for register in first..<first + length { raise(register, value) }
            }
        }
        HyperLogLog.forEachDense(value) { raise($0, $1) }
        return true
    }

    @inline(__always)
    private func raise(_ register: Int, _ rank: UInt8) {
        if unsafe base[register] < rank { unsafe base[register] = rank }
    }

    /// How many different elements the sketches saw.
    package var estimate: UInt64 {
        var histogram = RegisterHistogram()
        for start in stride(from: 0, to: Self.count, by: 8) {
            let eight = unsafe UnsafeRawPointer(base + start).loadUnaligned(as: UInt64.self)
            if eight == 0 {
                histogram.add(0, 8)
            } else {
                for shift in stride(from: 0, to: 64 as UInt64, by: 8) {
                    histogram.add(UInt8(truncatingIfNeeded: eight >> shift), 1)
                }
            }
        }
        return histogram.estimate
    }
}

extension HyperLogLog {
    /// Calls `body` with each register of a dense sketch and what it holds.
    @inline(__always)
    package static func forEachDense(_ value: ByteView, _ body: (Int, UInt8) -> Void) {
        invariant(value.count == denseCount, "a dense sketch of a wrong length")
        var offset = headerCount
        // Three bytes are four registers.
        for register in stride(from: 0, to: registerCount, by: 4) {
            let (low, middle, high) = unsafe (
                value.base[offset], value.base[offset + 1], value.base[offset + 2]
            )
            body(register, low & 63)
            body(register + 1, (low >> 6 | middle << 2) & 63)
            body(register + 2, (middle >> 4 | high << 4) & 63)
            body(register + 3, high >> 2)
            offset += 3
        }
    }
}
