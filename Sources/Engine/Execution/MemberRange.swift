import DataStructures
import Keyspace
import Memory
import Sessions

/// Which members of a sorted set a request means: by position, by score or by name.
enum MemberRange {
    /// An end of a range of scores.
    struct ScoreBound {
        let score: Double
        let isExcluded: Bool

        /// Reads `1.5`, `(1.5` for all but that score, `-inf`; nil if it is no number.
        init?(_ text: ByteView) {
            isExcluded = !text.isEmpty && text[0] == UInt8(ascii: "(")
            let number = isExcluded ? text[1..<text.count] : text
            guard let score = number.looseDouble else { return nil }
            self.score = score
        }
    }

    /// An end of a range of names.
    enum NameBound {
        /// Before all names, and behind all.
        case first, last
        case name(ByteView, isExcluded: Bool)

        /// Reads `[name`, `(name`, `-` or `+`; nil if it is none of these.
        init?(_ text: ByteView) {
            guard !text.isEmpty else { return nil }
            // A NUL ends what Redis reads.
            let isSingle = text.count == 1 || text[1] == 0
            switch text[0] {
            case UInt8(ascii: "-") where isSingle: self = .first
            case UInt8(ascii: "+") where isSingle: self = .last
            case UInt8(ascii: "["): self = .name(text[1..<text.count], isExcluded: false)
            case UInt8(ascii: "("): self = .name(text[1..<text.count], isExcluded: true)
            default: return nil
            }
        }
    }

    /// Both ends included; negative positions count from the end.
    case positions(Int64, Int64)
    case scores(ScoreBound, ScoreBound)
    case names(NameBound, NameBound)

    init(positions call: Call, _ start: Int, _ end: Int) throws(ReplyError) {
        self = .positions(try call.integer(start), try call.integer(end))
    }

    init(scores least: ByteView, to greatest: ByteView) throws(ReplyError) {
        guard let least = ScoreBound(least), let greatest = ScoreBound(greatest) else {
            throw ReplyError("ERR min or max is not a float")
        }
        self = .scores(least, greatest)
    }

    init(names first: ByteView, to last: ByteView) throws(ReplyError) {
        guard let first = NameBound(first), let last = NameBound(last) else {
            throw ReplyError("ERR min or max not valid string range item")
        }
        self = .names(first, last)
    }

    /// The ranks of these members, from the least score on.
    func ranks(in set: SortedSetView) -> Range<Int> {
        var (lower, upper) = (0, 0)
        switch self {
        case .positions(let start, let end):
            return MemberRange.clamp(start, end, count: set.count)
        case .scores(let least, let greatest):
            lower = set.countBelow(score: least.score, inclusive: least.isExcluded)
            upper = set.countBelow(score: greatest.score, inclusive: !greatest.isExcluded)
        case .names(let first, let last):
            guard MemberRange.mayHaveNames(set, first, last) else { return 0..<0 }
            lower = MemberRange.count(before: first, in: set, isEnd: false)
            upper = MemberRange.count(before: last, in: set, isEnd: true)
        }
        return lower < upper ? lower..<upper : 0..<0
    }

    /// The positions from `start` to `end` among `count`.
    static func clamp(_ start: Int64, _ end: Int64, count: Int) -> Range<Int> {
        let first = start < 0 ? max(Int(start) + count, 0) : Int(start)
        let last = end < 0 ? Int(end) + count : min(Int(end), count - 1)
        return first <= last ? first..<last + 1 : 0..<0
    }

    private static func count(before bound: NameBound, in set: SortedSetView, isEnd: Bool) -> Int {
        switch bound {
        case .first: 0
        case .last: set.count
        case .name(let name, let isExcluded):
            set.countBelow(member: name, inclusive: isEnd != isExcluded)
        }
    }

    /// Where names are not in order, because scores differ, Redis still looks first whether the
    /// last name is behind the beginning, and the first one before the end.
    private static func mayHaveNames(
        _ set: SortedSetView, _ first: NameBound, _ last: NameBound
    ) -> Bool {
        if case .name(let name, let isExcluded) = first,
            let order = set.item(at: set.count - 1)?.0.withText({ $0.compare(name) }),
            order < 0 || order == 0 && isExcluded
        {
            return false
        }
        if case .name(let name, let isExcluded) = last,
            let order = set.item(at: 0)?.0.withText({ $0.compare(name) }),
            order > 0 || order == 0 && isExcluded
        {
            return false
        }
        return true
    }
}
