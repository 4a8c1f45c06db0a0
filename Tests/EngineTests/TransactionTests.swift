import Memory
import Sessions
import Testing

/// Replies are those of redis-server 7.0.15 to the same requests.
@Suite struct TransactionTests {
    @Test func requestsAreQueuedAndExecuted() {
        play(
            #"""
            EXEC => -ERR EXEC without MULTI
            DISCARD => -ERR DISCARD without MULTI
            MULTI => +OK
            MULTI => -ERR MULTI calls can not be nested
            SET a 1 => +QUEUED
            INCR a => +QUEUED
            INCR a x => -ERR wrong number of arguments for 'incr' command
            GET a => +QUEUED
            DISCARD => +OK
            MULTI => +OK
            SET a 1 => +QUEUED
            INCR a => +QUEUED
            EXEC => *2|+OK|:2
            MULTI => +OK
            SET b x => +QUEUED
            INCR b => +QUEUED
            GET a => +QUEUED
            EXEC => *3|+OK|-ERR value is not an integer or out of range|$1|2
            MULTI => +OK
            NOSUCH => -ERR unknown command 'NOSUCH', with args beginning with: 
            EXEC => -EXECABORT Transaction discarded because of previous errors.
            MULTI => +OK
            GET => -ERR wrong number of arguments for 'get' command
            SET a 2 => +QUEUED
            EXEC => -EXECABORT Transaction discarded because of previous errors.
            GET a => $1|2
            MULTI => +OK
            WATCH a => -ERR WATCH inside MULTI is not allowed
            EXEC => *0
            UNWATCH => +OK
            MULTI => +OK
            UNWATCH => +QUEUED
            SELECT 3 => +QUEUED
            SET a three => +QUEUED
            EXEC => *3|+OK|+OK|+OK
            GET a => $5|three
            WATCH => -ERR wrong number of arguments for 'watch' command
            EXEC 1 => -EXECABORT Transaction discarded because of: wrong number of arguments \#
            for 'exec' command
            """#)
    }

    @Test func watchedKeysThatChangeStopTheTransaction() {
        play(
            #"""
            WATCH a => +OK
            2> SET a 1 => +OK
            MULTI => +OK
            PING => +QUEUED
            EXEC => *-1
            MULTI => +OK
            PING => +QUEUED
            EXEC => *1|+PONG
            WATCH a b => +OK
            2> SET c 1 => +OK
            MULTI => +OK
            EXEC => *0
            WATCH a => +OK
            2> GET a => $1|1
            MULTI => +OK
            EXEC => *0
            WATCH a => +OK
            SET a 2 => +OK
            MULTI => +OK
            EXEC => *-1
            WATCH a => +OK
            2> SET a 3 => +OK
            UNWATCH => +OK
            MULTI => +OK
            EXEC => *0
            WATCH a => +OK
            2> SET a 3 => +OK
            MULTI => +OK
            DISCARD => +OK
            MULTI => +OK
            EXEC => *0
            WATCH none => +OK
            2> DEL none => :0
            MULTI => +OK
            EXEC => *0
            WATCH none => +OK
            2> SET none 1 => +OK
            MULTI => +OK
            EXEC => *-1
            WATCH a => +OK
            2> DEL a => :1
            MULTI => +OK
            EXEC => *-1
            SET a 1 => +OK
            WATCH a => +OK
            2> EXPIRE a 100 => :1
            MULTI => +OK
            EXEC => *-1
            """#)
    }

    @Test func manyKeysAreWatchedOnceEachAndForgotten() {
        let bench = ServerBench()
        let (slot, other) = (bench.open(), bench.open())
        let keys = (0..<50_000).map { "k\($0)" }
        for _ in 1...2 { #expect(bench.ask(slot, ["WATCH"] + keys) == "+OK\r\n") }
        #expect(slot.value.watched.count == keys.count)
        _ = bench.ask(other, "WATCH", "k7")
        _ = bench.ask(other, "SET", "k49999", "1")
        #expect(slot.value.flags.contains(.watchTripped))
        #expect(!other.value.flags.contains(.watchTripped))
        _ = bench.ask(slot, "UNWATCH")
        #expect(slot.value.watched.isEmpty && slot.value.heldNames == 0)
        _ = bench.ask(slot, "SET", "k7", "1")
        #expect(other.value.flags.contains(.watchTripped))
    }

    @Test func emptyingAndSwappingTripsWatchers() {
        play(
            #"""
            SET a 1 => +OK
            WATCH a => +OK
            2> FLUSHDB => +OK
            MULTI => +OK
            EXEC => *-1
            WATCH a => +OK
            2> FLUSHALL => +OK
            MULTI => +OK
            EXEC => *0
            SET a 1 => +OK
            WATCH a => +OK
            2> SELECT 1 => +OK
            2> FLUSHDB => +OK
            MULTI => +OK
            EXEC => *0
            WATCH a => +OK
            2> SWAPDB 0 1 => +OK
            MULTI => +OK
            EXEC => *-1
            WATCH a => +OK
            2> SWAPDB 2 3 => +OK
            MULTI => +OK
            EXEC => *0
            2> SELECT 0 => +OK
            2> SET b 1 => +OK
            WATCH b => +OK
            2> SWAPDB 0 0 => +OK
            MULTI => +OK
            EXEC => *0
            """#)
    }

    @Test func expiryTripsWatchersUnlessItCameBefore() {
        play(
            #"""
            SET a 1 PX 100 => +OK
            WATCH a => +OK
            @150
            MULTI => +OK
            EXEC => *-1
            SET a 1 PX 100 => +OK
            WATCH a => +OK
            @150
            2> GET a => $-1
            MULTI => +OK
            EXEC => *-1
            SET a 1 PX 100 => +OK
            @150
            WATCH a => +OK
            MULTI => +OK
            EXEC => *0
            SET a 1 PX 100 => +OK
            @150
            WATCH a => +OK
            2> GET a => $-1
            MULTI => +OK
            EXEC => *0
            SET a 1 PX 100 => +OK
            @150
            WATCH a => +OK
            2> SET a 2 => +OK
            MULTI => +OK
            EXEC => *-1
            """#)
    }
}
