/// Sorts the first of many elements, as quicksort with a median for the pivot that puts what equals
/// it aside (Bentley and McIlroy, "Engineering a Sort Function", 1993) and passes over what belongs
/// behind. Redis sorts the places it finds in this way, and where places are equally far away the
/// way decides about their order.
enum PartialSort {
    /// Puts the `count` elements with the least `key` in front, in order; the others follow in no
    /// order.
    static func sort<Element>(
        _ elements: inout [Element], first count: Int, by key: (Element) -> Double
    ) {
        var left = [(0..<elements.count, 0)]
        let deepest = 2 * (Int.bitWidth - elements.count.leadingZeroBitCount) + 8
        while let (range, depth) = left.popLast() {
            guard range.lowerBound < count, range.count > 1 else { continue }
            if range.count < 7 {
                insertionSort(&elements, range, key)
            } else if depth > deepest {
                // Somebody chose the elements so that quicksort takes for ever.
                elements[range].sort { key($0) < key($1) }
            } else {
                let (less, greater) = partition(&elements, range, key)
                left.append((less, depth + 1))
                left.append((greater, depth + 1))
            }
        }
    }

    private static func insertionSort<Element>(
        _ elements: inout [Element], _ range: Range<Int>, _ key: (Element) -> Double
    ) {
        for start in range.dropFirst() {
            var place = start
            while place > range.lowerBound, key(elements[place - 1]) > key(elements[place]) {
                elements.swapAt(place, place - 1)
                place -= 1
            }
        }
    }

    /// Moves what is less than some element to the front of the range and what is greater to its
    /// end; where both are.
    private static func partition<Element>(
        _ elements: inout [Element], _ range: Range<Int>, _ key: (Element) -> Double
    ) -> (less: Range<Int>, greater: Range<Int>) {
        let first = range.lowerBound
        elements.swapAt(first, pivot(elements, range, key))
        let middle = key(elements[first])
        // Equal, less, not looked at, greater, equal.
        var (equalEnd, low) = (first + 1, first + 1)
        var (high, equalStart) = (range.upperBound - 1, range.upperBound - 1)
        while true {
            while low <= high, key(elements[low]) <= middle {
                if key(elements[low]) == middle {
                    elements.swapAt(equalEnd, low)
                    equalEnd += 1
                }
                low += 1
            }
            while low <= high, key(elements[high]) >= middle {
                if key(elements[high]) == middle {
                    elements.swapAt(high, equalStart)
                    equalStart -= 1
                }
                high -= 1
            }
            if low > high { break }
            elements.swapAt(low, high)
            low += 1
            high -= 1
        }
        let end = range.upperBound
        let front = min(equalEnd - first, low - equalEnd)
        for step in 0..<front { elements.swapAt(first + step, low - front + step) }
        let back = min(equalStart - high, end - equalStart - 1)
        for step in 0..<back { elements.swapAt(low + step, end - back + step) }
        return (first..<first + (low - equalEnd), end - (equalStart - high)..<end)
    }

    /// The middle element, the median of three, or of three medians.
    private static func pivot<Element>(
        _ elements: [Element], _ range: Range<Int>, _ key: (Element) -> Double
    ) -> Int {
        func median(_ a: Int, _ b: Int, _ c: Int) -> Int {
            let (x, y, z) = (key(elements[a]), key(elements[b]), key(elements[c]))
            if x < y { return y < z ? b : x < z ? c : a }
            return y > z ? b : x < z ? a : c
        }
        var (low, middle, high) = (
            range.lowerBound, range.lowerBound + range.count / 2, range.upperBound - 1
        )
        guard range.count > 7 else { return middle }
        if range.count > 40 {
            let step = range.count / 8
            low = median(low, low + step, low + 2 * step)
            middle = median(middle - step, middle, middle + step)
            high = median(high - 2 * step, high - step, high)
        }
        return median(low, middle, high)
    }
}
