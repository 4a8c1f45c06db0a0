import Engine
import Testing

/// What replicas get: the requests that redis-server 7.0.15 sends for the same commands.
@Suite struct PropagationTests {
    private func bench(_ text: String, _ location: SourceLocation = #_sourceLocation) {
        let bench = EngineBench()
        bench.attachReplica()
        play(text, on: bench, location)
    }

    @Test func relativeTimesBecomeAbsolute() {
        let bench = EngineBench()
        bench.attachReplica()
        let now = EngineBench.epoch + bench.elapsed
        play(
            """
            SET k v => +OK
            ~ SET k v
            SET k v EX 100 => +OK
            ~ SET k v PXAT \(now + 100_000)
            set k v px 100 get => $1|v
            ~ SET k v PXAT \(now + 100)
            SET k v EXAT 99999999999 => +OK
            ~ SET k v PXAT 99999999999000
            set k v XX PXAT 99999999999999 GET => $1|v
            ~ SET k v PXAT 99999999999999
            SETEX k 100 v => +OK
            ~ SET k v PXAT \(now + 100_000)
            PSETEX k 100 v => +OK
            ~ SET k v PXAT \(now + 100)
            GETEX k EX 100 => $1|v
            ~ PEXPIREAT k \(now + 100_000)
            GETEX k PXAT 99999999999999 => $1|v
            ~ PEXPIREAT k 99999999999999
            EXPIRE k 100 => :1
            ~ PEXPIREAT k \(now + 100_000)
            EXPIRE k 200 XX => :1
            ~ PEXPIREAT k \(now + 200_000) XX
            EXPIREAT k 99999999999 GT => :1
            ~ PEXPIREAT k 99999999999000 GT
            pexpireat k 99999999999998 => :1
            ~ pexpireat k 99999999999998
            PEXPIRE k 5 => :1
            ~ PEXPIREAT k \(now + 5)
            """, on: bench)
    }

    @Test func conditionsAreSentAsTheyCameAndGetIsNot() {
        bench(
            """
            SET k v NX => +OK
            ~ SET k v NX
            SET k v NX => $-1
            ~
            SET k v XX GET => $1|v
            ~ SET k v XX
            SET k v KEEPTTL get GET => $1|v
            ~ SET k v KEEPTTL
            SETNX n 1 => :1
            ~ SETNX n 1
            SETNX n 1 => :0
            ~
            MSETNX n 1 m 1 => :0
            ~
            MSET n 1 m 1 => +OK
            ~ MSET n 1 m 1
            GETSET n 2 => $1|1
            ~ SET n 2
            GETDEL n => $1|2
            ~ DEL n
            GETDEL n => $-1
            ~
            GETEX m PERSIST => $1|1
            ~
            EXPIREAT m 99999999999 => :1
            GETEX m PERSIST => $1|1
            ~ PEXPIREAT m 99999999999000; PERSIST m
            """)
    }

    @Test func timesInThePastDelete() {
        bench(
            """
            SET k v => +OK
            EXPIRE k -1 => :1
            ~ SET k v; DEL k
            SET k v => +OK
            GETEX k EXAT 1 => $1|v
            ~ SET k v; DEL k
            EXPIRE k -1 => :0
            ~
            """)
    }

    @Test func onlyWhatChangedSomethingIsSent() {
        bench(
            """
            INCRBYFLOAT f 1.5 => $3|1.5
            ~ SET f 1.5 KEEPTTL
            INCR f => -ERR value is not an integer or out of range
            ~
            APPEND f "" => :3
            ~ APPEND f ""
            SETRANGE f 0 "" => :3
            ~
            SETBIT b 1 0 => :0
            ~ SETBIT b 1 0
            SETBIT b 1 0 => :0
            ~
            SETBIT b 1 1 => :0
            ~ SETBIT b 1 1
            BITFIELD b SET u8 0 255 GET u8 0 => *2|:64|:255
            ~ BITFIELD b SET u8 0 255 GET u8 0
            BITFIELD b SET u8 0 255 => *1|:255
            ~
            BITFIELD b OVERFLOW FAIL INCRBY u8 0 1 => *1|$-1
            ~
            BITOP AND d b => :1
            ~ BITOP AND d b
            BITOP AND d none => :0
            ~ BITOP AND d none
            BITOP AND d none => :0
            ~
            RENAME b b => +OK
            ~
            DEL b none => :1
            ~ DEL b none
            DEL b none => :0
            ~
            PERSIST f => :0
            ~
            FLUSHDB => +OK
            FLUSHDB ASYNC => +OK
            ~ FLUSHDB; FLUSHDB ASYNC
            SWAPDB 1 1 => +OK
            ~ SWAPDB 1 1
            """)
    }

    @Test func aTransactionIsOneOnlyIfItWroteMoreThanOnce() {
        bench(
            """
            MULTI => +OK
            SET a 1 => +QUEUED
            GET a => +QUEUED
            EXEC => *2|+OK|$1|1
            ~ SET a 1
            MULTI => +OK
            INCR a => +QUEUED
            INCR a => +QUEUED
            EXEC => *2|:2|:3
            ~ MULTI; INCR a; INCR a; EXEC
            MULTI => +OK
            GET a => +QUEUED
            EXEC => *1|$1|3
            ~
            """)
    }

    @Test func aDatabaseIsSelectedWhenItChanges() {
        bench(
            """
            SET a 1 => +OK
            SELECT 3 => +OK
            SET a 1 => +OK
            SET b 1 => +OK
            MULTI => +OK
            SELECT 4 => +QUEUED
            SET c 1 => +QUEUED
            EXEC => *2|+OK|+OK
            ~ SET a 1; SELECT 3; SET a 1; SET b 1; SELECT 4; SET c 1
            """)
    }

    @Test func expiredKeysAreDeletedByName() {
        bench(
            """
            SET a 1 PXAT 1700000001000 => +OK
            SET b 1 PXAT 1700000001000 => +OK
            ~ SET a 1 PXAT 1700000001000; SET b 1 PXAT 1700000001000
            @1000
            MGET a b c => *3|$-1|$-1|$-1
            ~ MULTI; DEL a; DEL b; EXEC
            SET a 1 PXAT 1700000002000 => +OK
            @1000
            SET a 2 => +OK
            ~ SET a 1 PXAT 1700000002000; MULTI; DEL a; SET a 2; EXEC
            """)
    }

    @Test func whatAWalkFindsExpiredIsNoTransaction() {
        bench(
            """
            SET a 1 PXAT 1700000001000 => +OK
            SET b 1 PXAT 1700000001000 => +OK
            ~ SET a 1 PXAT 1700000001000; SET b 1 PXAT 1700000001000
            @1000
            RANDOMKEY => $-1
            ~ DEL b; DEL a
            """)
    }

    @Test func restoreIsSentWithAnAbsoluteTime() throws {
        let bench = EngineBench()
        bench.attachReplica()
        let payload = #"\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb"#
        #expect(bench.run("RESTORE b 100 \"\(payload)\"") == "+OK")
        let now = EngineBench.epoch + bench.elapsed + 100
        let sent = bench.stream()
        try #require(sent.count == 1 && sent[0].count == 5)
        #expect(sent[0][..<3] == ["RESTORE", "b", "\(now)"] && sent[0][4] == "ABSTTL")
    }

    @Test func lazinessChangesTheVerb() {
        let bench = EngineBench {
            $0.lazyfreeLazyExpire = true
            $0.lazyfreeLazyUserDel = true
        }
        bench.attachReplica()
        play(
            """
            SET k v => +OK
            EXPIRE k -1 => :1
            ~ SET k v; UNLINK k
            SET k v => +OK
            GETDEL k => $1|v
            ~ SET k v; UNLINK k
            SET k v => +OK
            DEL k => :1
            ~ SET k v; DEL k
            """, on: bench)
    }
}
