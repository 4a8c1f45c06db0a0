import Memory

/// What pages of a long value held when a snapshot began, of those that were changed since:
/// whoever reads the value as it was takes a page from here if it is here, and else from the
/// block itself.
///
///     0  number of the snapshot, 32 bits    4  bytes of the value that have pages here, 32 bits
///     8  bytes of memory of the pages    16  pages before which none is here, 32 bits
///     24  the address of each page, 0 for one that is not here
@safe @usableFromInline
package struct PreImages: BitwiseCopyable {
    @usableFromInline let base: UnsafeMutableRawPointer

    /// Bytes of a page. All but the last are of this length.
    /// The greatest size that jemalloc takes from a slab: longer blocks get 4 KiB more each.
    package static let pageSize = 14 * 1024
    static var header: Int { 24 }

    package init?(address: UInt) {
        guard let base = unsafe UnsafeMutableRawPointer(bitPattern: address) else { return nil }
        unsafe self.base = base
    }

    package var address: UInt { unsafe UInt(bitPattern: base) }

    /// No pages yet of a value whose first `count` bytes matter to snapshot `number`.
    init(heap: Heap, snapshot number: UInt32, count: Int) {
        unsafe base = heap.allocateZeroed(PreImages.size(count))
        unsafe base.storeBytes(of: number, as: UInt32.self)
        unsafe base.storeBytes(of: UInt32(count), toByteOffset: 4, as: UInt32.self)
    }

    private static func size(_ count: Int) -> Int {
        header + (count + pageSize - 1) / pageSize * 8
    }

    /// The snapshot they are for.
    package var snapshot: UInt32 { unsafe base.load(as: UInt32.self) }

    /// Bytes of the value that have pages here.
    var count: Int { unsafe Int(base.load(fromByteOffset: 4, as: UInt32.self)) }

    private var pageCount: Int { (count + PreImages.pageSize - 1) / PreImages.pageSize }

    private var pageBytes: Int {
        get { unsafe base.load(fromByteOffset: 8, as: Int.self) }
        nonmutating set { unsafe base.storeBytes(of: newValue, toByteOffset: 8, as: Int.self) }
    }

    private var letGo: Int {
        get { unsafe Int(base.load(fromByteOffset: 16, as: UInt32.self)) }
        nonmutating set {
            unsafe base.storeBytes(of: UInt32(newValue), toByteOffset: 16, as: UInt32.self)
        }
    }

    /// Bytes of memory for all of it.
    package var footprint: Int { Heap.roundedSize(PreImages.size(count)) + pageBytes }

    private func pageAddress(_ page: Int) -> UInt {
        unsafe base.load(fromByteOffset: PreImages.header + page * 8, as: UInt.self)
    }

    private func setPage(_ page: Int, _ address: UInt) {
        unsafe base.storeBytes(
            of: address, toByteOffset: PreImages.header + page * 8, as: UInt.self)
    }

    /// Bytes of page number `page`.
    private func length(_ page: Int) -> Int {
        min(PreImages.pageSize, count - page * PreImages.pageSize)
    }

    /// Whether page number `page` is here.
    func hasPage(_ page: Int) -> Bool { page < pageCount && pageAddress(page) != 0 }

    /// Page number `page`, which is here.
    func page(_ page: Int) -> ByteView {
        let start = unsafe UnsafePointer<UInt8>(bitPattern: pageAddress(page))
        return unsafe ByteView(start.unsafelyUnwrapped, count: length(page))
    }

    /// Copies page number `page` of `value`.
    func keep(_ page: Int, of value: ByteView, heap: Heap) {
        let length = length(page)
        let start = page * PreImages.pageSize
        let copy = unsafe heap.allocate(length)
        unsafe copy.copyMemory(from: value[start..<start + length].base, byteCount: length)
        setPage(page, UInt(bitPattern: copy))
        pageBytes += Heap.roundedSize(length)
        letGo = min(letGo, page)
    }

    private func dropPage(_ page: Int, heap: Heap) {
        guard let copy = unsafe UnsafeMutableRawPointer(bitPattern: pageAddress(page)) else {
            return
        }
        unsafe heap.free(copy, length(page))
        setPage(page, 0)
        pageBytes -= Heap.roundedSize(length(page))
    }

    /// Lets go of some pages before number `end`.
    func letGo(before end: Int, heap: Heap) {
        let stop = min(end, pageCount, letGo + 8)
        guard letGo < stop else { return }
        for page in letGo..<stop { dropPage(page, heap: heap) }
        letGo = stop
    }

    /// Frees everything, or a part of it that takes a bounded time. Returns whether it is gone.
    package func freeSlice(heap: Heap) -> Bool {
        let pages = pageCount
        let stop = min(pages, letGo + 1024)
        var left = 64
        while letGo < stop, left > 0 {
            if pageAddress(letGo) != 0 { left -= 1 }
            dropPage(letGo, heap: heap)
            letGo += 1
        }
        guard letGo == pages else { return false }
        unsafe heap.free(base, PreImages.size(count))
        return true
    }
}

/// Long values that a snapshot reads while they are being changed.
extension ValueBlock {
    /// What the block held when the snapshot began that its frozen holders belong to, where that
    /// was changed.
    package var preImages: PreImages? {
        get { PreImages(address: unsafe base.load(fromByteOffset: 24, as: UInt.self)) }
        nonmutating set {
            unsafe base.storeBytes(
                of: newValue?.address ?? 0, toByteOffset: 24, as: UInt.self)
        }
    }

    /// To be called before `range` is changed while snapshot `number` goes on: copies those pages
    /// that its holders have yet to read. Returns by how much its memory has grown.
    package func preserve(_ range: Range<Int>, for number: UInt32, heap: Heap) -> Int {
        guard frozenHolders > 0 else { return 0 }
        let known = range.clamped(to: 0..<(preImages?.count ?? written))
        guard !known.isEmpty else { return 0 }
        let size = PreImages.pageSize
        // Somebody else may begin at the front as long as there is somebody else.
        let taken = frozenHolders == 1 ? self.taken / size : 0
        let first = max(known.lowerBound / size, taken)
        let pages = first..<max((known.upperBound + size - 1) / size, first)
        guard !pages.isEmpty else { return 0 }
        var before = 0
        let images: PreImages
        if let held = preImages {
            // From another snapshot: there is nobody left who would read them.
            guard held.snapshot == number else { return 0 }
            images = held
            before = held.footprint
        } else {
            images = PreImages(heap: heap, snapshot: number, count: written)
            preImages = images
        }
        images.letGo(before: taken, heap: heap)
        let value = bytes(images.count)
        for page in pages where !images.hasPage(page) {
            images.keep(page, of: value, heap: heap)
        }
        return images.footprint - before
    }

    /// Bytes from `offset` on of the first `count`, as holders frozen by snapshot `number` see
    /// them: as many as there are in one place, at least one page to its end. Valid until the
    /// block is changed.
    @usableFromInline
    package func frozenBytes(from offset: Int, count: Int, for number: UInt32) -> ByteView {
        guard let images = preImages, images.snapshot == number else {
            return bytes(count)[offset..<count]
        }
        let size = PreImages.pageSize
        let page = offset / size
        if images.hasPage(page) {
            let image = images.page(page)
            return image[offset - page * size..<min(image.count, count - page * size)]
        }
        var end = page + 1
        while end < page + ValueBlock.pagesAhead, !images.hasPage(end) { end += 1 }
        return bytes(count)[offset..<min(count, end * size)]
    }

    /// How many pages `frozenBytes` looks for a changed one at most.
    private static var pagesAhead: Int { 16 }
}
