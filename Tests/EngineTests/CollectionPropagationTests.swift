import Engine
import Testing

/// What replicas get of commands about collections: what redis-server 7.0.15 sends for them.
@Suite struct CollectionPropagationTests {
    private func bench(_ text: String, _ location: SourceLocation = #_sourceLocation) {
        let bench = EngineBench()
        bench.attachReplica()
        play(text, on: bench, location)
    }

    @Test func hashesAreSentAsTheyWereAskedToChange() {
        bench(
            """
            HSET h a 1 b 2 => :2
            HSET h a 1 => :0
            HMSET h a 1 => +OK
            ~ HSET h a 1 b 2; HSET h a 1; HMSET h a 1
            HSETNX h a 1 => :0
            ~
            HSETNX h c 1 => :1
            HINCRBY h c 5 => :6
            ~ HSETNX h c 1; HINCRBY h c 5
            HDEL h none => :0
            ~
            HDEL h none a => :1
            ~ HDEL h none a
            HDEL h a b c => :2
            ~ HDEL h a b c
            HDEL h a => :0
            ~
            HSET h a x => :1
            HINCRBY h a 1 => -ERR hash value is not an integer
            ~ HSET h a x
            """)
    }

    @Test func aSumOfNumbersIsSentAsAField() {
        bench(
            """
            HINCRBYFLOAT h f 1.5 => $3|1.5
            HINCRBYFLOAT h f 1e2 => $5|101.5
            ~ HSET h f 1.5; HSET h f 101.5
            HINCRBYFLOAT h f inf => -ERR value is NaN or Infinity
            ~
            """)
    }

    @Test func setsAreSentIfTheyChanged() {
        bench(
            """
            SADD s a b => :2
            SADD s b c => :1
            SADD s a => :0
            ~ SADD s a b; SADD s b c
            SREM s x => :0
            ~
            SREM s x a => :1
            ~ SREM s x a
            SMOVE s t none => :0
            SMOVE s s b => :1
            ~
            SMOVE s t b => :1
            SADD t c => :1
            SMOVE s t c => :1
            ~ SMOVE s t b; SADD t c; SMOVE s t c
            """)
    }

    @Test func storedCombinationsAreSentUnlessNothingWasThereBefore() {
        bench(
            """
            SADD a 1 2 => :2
            SADD b 2 => :1
            ~ SADD a 1 2; SADD b 2
            SUNIONSTORE d a b => :2
            SINTERSTORE d a b => :1
            SDIFFSTORE d b a => :0
            ~ SUNIONSTORE d a b; SINTERSTORE d a b; SDIFFSTORE d b a
            SDIFFSTORE d b a => :0
            SINTERSTORE d none a => :0
            SUNIONSTORE d none => :0
            ~
            """)
    }

    @Test func aPoppedMemberIsSentAsRemoved() {
        bench(
            """
            SADD s a => :1
            SPOP s => $1|a
            ~ SADD s a; SREM s a
            SPOP s => $-1
            SPOP s 3 => *0
            ~
            SADD s a => :1
            SPOP s 0 => *0
            SPOP s 3 => *1|$1|a
            ~ SADD s a; DEL s
            """)
    }

    @Test func severalPoppedMembersAreSentOneByOne() {
        let bench = EngineBench()
        bench.attachReplica()
        bench.run("SADD s a b c d e")
        _ = bench.stream()
        let popped = bench.run("SPOP s 3").split(separator: "|").enumerated()
            .compactMap { $0.offset % 2 == 0 && $0.offset > 0 ? String($0.element) : nil }
        #expect(popped.count == 3)
        let wanted = [["MULTI"]] + popped.map { ["SREM", "s", $0] } + [["EXEC"]]
        #expect(bench.stream() == wanted)
        #expect(bench.run("SCARD s") == ":2")
    }

    @Test func anExpiredCollectionIsDeletedBeforeItIsMadeAnew() {
        bench(
            """
            SADD s a => :1
            PEXPIREAT s 1700000001000 => :1
            HSET h f v => :1
            PEXPIREAT h 1700000001000 => :1
            ~ SADD s a; PEXPIREAT s 1700000001000; HSET h f v; PEXPIREAT h 1700000001000
            @1000
            SREM s a => :0
            HSET h g w => :1
            ~ DEL s; MULTI; DEL h; HSET h g w; EXEC
            SADD s b => :1
            PEXPIREAT s 1700000002000 => :1
            ~ SADD s b; PEXPIREAT s 1700000002000
            @1000
            SUNIONSTORE s s h => -WRONGTYPE Operation against a key holding the wrong kind of value
            ~ DEL s
            """)
    }
}
