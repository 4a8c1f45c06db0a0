import DataStructures
import Digests
import Memory
import Persistence
import RESP
import Replication

// One operation of a floor, many times: `floor-benchmark NAME COUNT`. The script `instructions`
// runs it under callgrind with two counts; the difference is what the operations cost.

let keys = (0..<4096).map { Array("key:000000\($0)".utf8) }
let value = Array("0123456789abcdef".utf8)

func parse(_ count: Int) {
    let request = Array("*3\r\n$3\r\nSET\r\n$10\r\nkey:000001\r\n$16\r\n0123456789abcdef\r\n".utf8)
    let input = [[UInt8]](repeating: request, count: 16).flatMap { $0 }
    var parser = RequestParser()
    var arena = ArgumentArena()
    let limits = RequestLimits()
    input.withView { view in
        for _ in 0..<count / 16 {
            var position = 0
            while case .request(_, _, let end) = parser.next(
                view, at: position, limits: limits, into: &arena)
            {
                position = end
            }
            arena.removeAll()
        }
    }
}

/// A table of records, as a database has one.
struct Table: ~Copyable {
    let heap = Heap()
    let hashKey = HashKey(k0: 1, k1: 2)
    var dict: Dict<Record>

    init() {
        dict = Dict(heap: heap, hashKey: hashKey)
        for number in keys.indices { insert(number) }
        while dict.rehash(steps: 100) {}
    }

    mutating func insert(_ number: Int) {
        keys[number].withView { key in
            value.withView { value in
                let shape = RecordShape(
                    keyCount: key.count, valueCount: value.count, expires: false)
                let record = Record(
                    heap: heap, shape: shape, kind: 0x80, stamp: 0, clock: 0, expiry: nil, key: key)
                record.setBytes(value)
                dict.insert(SipHash.hash(key, key: hashKey), record)
            }
        }
    }

    mutating func delete(_ number: Int) {
        keys[number].withView { key in
            guard let position = dict.locate(SipHash.hash(key, key: hashKey), key) else { return }
            dict.remove(position).freeAll(heap: heap)
        }
    }
}

func find(_ count: Int) {
    let table = Table()
    var found = 0
    for round in 0..<count {
        keys[round & 4095].withView { key in
            if table.dict.find(SipHash.hash(key, key: table.hashKey), key) != nil { found += 1 }
        }
    }
    invariant(found == count, "a key is missing")
}

func replace(_ count: Int) {
    var table = Table()
    for round in 0..<count {
        table.delete(round & 4095)
        table.insert(round & 4095)
    }
}

func setRecord(_ count: Int) {
    let table = Table()
    let key = keys[7]
    key.withView { key in
        value.withView { value in
            guard let record = table.dict.find(SipHash.hash(key, key: table.hashKey), key) else {
                return
            }
            for _ in 0..<count { record.setBytes(value) }
        }
    }
}

func reply(_ count: Int) {
    var writer = ReplyWriter(heap: Heap())
    value.withView { value in
        for round in 0..<count {
            if round & 15 == 0 { writer.buffer.removeAll() }
            writer.bulk(value)
        }
    }
}

func stream(_ count: Int) {
    var stream = ReplicationStream(heap: Heap(), limit: 1 << 20)
    stream.activate()
    keys[7].withView { key in
        value.withView { value in
            for round in 0..<count {
                stream.begin(0, arguments: 3)
                stream.argument("SET")
                stream.argument(key)
                stream.argument(value)
                if round & 15 == 15 {
                    stream.settle()
                    stream.trim(slowest: nil)
                }
            }
        }
    }
}

func encode(_ count: Int) {
    let heap = Heap()
    var encoder = RDBEncoder(heap: heap)
    var buffer = ByteBuffer(heap: heap)
    keys[7].withView { key in
        value.withView { value in
            for round in 0..<count {
                if round & 255 == 0 { buffer.removeAll() }
                encoder.entry(key, .string(value), into: &buffer)
            }
        }
    }
}

let operations: [(String, (Int) -> Void)] = [
    ("parse-set", parse), ("dict-find", find), ("dict-delete-insert", replace),
    ("record-set", setRecord), ("reply-bulk", reply), ("stream-set", stream),
    ("rdb-encode", encode),
]

let arguments = CommandLine.arguments
if arguments.count == 3, let count = Int(arguments[2]),
    let operation = operations.first(where: { $0.0 == arguments[1] })
{
    operation.1(count)
} else {
    for (name, _) in operations { print(name) }
}
