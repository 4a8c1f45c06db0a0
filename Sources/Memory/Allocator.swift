#if canImport(CJemalloc)
    import CJemalloc
#endif

/// The allocator beneath all heaps of the process, and what it counts. The figures differ from run
/// to run, so only a host asks for them.
package enum Allocator {
    /// Bytes, as the allocator counts them. Blocks that a heap gets straight from the kernel are
    /// not among them. All are 0 for an allocator that does not tell.
    package struct Figures: Equatable, Sendable {
        /// In blocks that are in use, rounded up to size classes.
        package var allocated = 0
        /// In pages that have such blocks.
        package var active = 0
        /// In pages that are, at most, in RAM: also the allocator's own data and pages that it
        /// has not given back yet.
        package var resident = 0

        package init() {}

        fileprivate init(allocated: Int, active: Int, resident: Int) {
            self.allocated = allocated
            self.active = active
            self.resident = resident
        }
    }

    #if canImport(CJemalloc)
        /// `jemalloc-5.3.0`, as INFO names it.
        package static var name: String {
            var text: UnsafePointer<CChar>?
            var size = unsafe MemoryLayout.size(ofValue: text)
            guard unsafe mallctl("version", &text, &size, nil, 0) == 0, let text = unsafe text
            else {
                return "jemalloc"
            }
            return unsafe "jemalloc-" + String(cString: text).prefix { $0 != "-" }
        }

        /// The figures of now; takes some microseconds.
        package static func figures() -> Figures {
            // The counters are snapshots of the moment at which the epoch was last advanced.
            var epoch: UInt64 = 1
            let size = MemoryLayout<UInt64>.size
            guard unsafe mallctl("epoch", nil, nil, &epoch, size) == 0 else { return Figures() }
            return Figures(
                allocated: counter("stats.allocated"), active: counter("stats.active"),
                resident: counter("stats.resident"))
        }

        private static func counter(_ name: StaticString) -> Int {
            var count = 0
            var size = MemoryLayout<Int>.size
            let text = unsafe UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
            return unsafe mallctl(text, &count, &size, nil, 0) == 0 ? count : 0
        }

        /// Gives pages without blocks in use back to the kernel. Whether that could be done.
        package static func purge() -> Bool {
            unsafe mallctl("arena.\(MALLCTL_ARENAS_ALL).purge", nil, nil, nil, 0) == 0
        }
    #else
        /// As INFO names it.
        package static var name: String { "libc" }

        /// The C library's allocator does not tell.
        package static func figures() -> Figures { Figures() }

        /// There is nothing to do: the C library's allocator keeps little.
        package static func purge() -> Bool { true }
    #endif
}
