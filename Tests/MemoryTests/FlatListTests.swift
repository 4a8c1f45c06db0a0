import Memory
import Testing

@Suite("Lists of plain values")
struct FlatListTests {
    @Test("values are kept in order while the list grows and shrinks")
    func order() {
        var list = FlatList<Int>(capacity: 2)
        for value in 0..<100 { list.append(value) }
        #expect(list.array == Array(0..<100))
        list.removeFirst(40)
        #expect(list.array == Array(40..<100))
        list.removeAll { $0 % 2 == 0 }
        #expect(list.array == Array(40..<100).filter { $0 % 2 == 1 })
        list[0] = 7
        #expect(list[0] == 7)
        list.removeAll()
        let isEmpty = list.isEmpty
        #expect(isEmpty)
        list.append(1)
        #expect(list.array == [1])
    }
}
