import Configuration
import Engine
import Testing

/// Replies are those of redis-server 7.0.15 to the same requests.
@Suite struct GenericCommandTests {
    @Test func deletedKeysDoNotComeBackWithTheNextStart() {
        let bench = EngineBench { $0.savePoints = [SavePoint(seconds: 3600, changes: 1)] }
        bench.run("SET a 1")
        #expect(bench.run("FLUSHALL") == "+OK")
        #expect(bench.run("INFO persistence").contains("rdb_changes_since_last_save:0|"))
        #expect(bench.run("INFO persistence").contains("rdb_saves:1|"))
        #expect(bench.run("FLUSHDB") == "+OK")
        #expect(bench.run("INFO persistence").contains("rdb_saves:1|"))
        for line in ["MULTI", "SET a 1"] { bench.run(line) }
        bench.run("FLUSHALL")
        #expect(bench.run("EXEC") == "*2|+OK|+OK")
        #expect(bench.run("INFO persistence").contains("rdb_saves:2|"))
    }

    @Test func aSnapshotOfDeletedKeysIsGivenUp() {
        let bench = EngineBench()
        for line in ["CONFIG SET rdb-key-save-delay 1000000", "SET a 1", "SET b 1", "BGSAVE"] {
            bench.run(line)
        }
        #expect(bench.run("INFO persistence").contains("rdb_bgsave_in_progress:1|"))
        #expect(bench.run("FLUSHALL") == "+OK")
        let info = bench.run("INFO persistence")
        #expect(info.contains("rdb_bgsave_in_progress:0|"))
        #expect(info.contains("rdb_last_bgsave_status:ok|"))
        #expect(!info.contains("rdb_changes_since_last_save:0|"))
        #expect(bench.run("SET a 1") == "+OK")
    }

    @Test func keysAreCountedAndDeleted() {
        play(
            #"""
            MSET a 1 b 2 c 3 => +OK
            DEL a none => :1
            EXISTS a b c b => :3
            UNLINK b c none => :2
            TYPE a => +none
            SET a x => +OK
            TYPE a => +string
            TOUCH a a none => :2
            DBSIZE => :1
            KEYS none* => *0
            KEYS * => *1|$1|a
            KEYS [a] => *1|$1|a
            KEYS ?b => *0
            RANDOMKEY => $1|a
            DEL a => :1
            RANDOMKEY => $-1
            KEYS * => *0
            """#)
    }

    @Test func keysAreRenamedCopiedAndMoved() {
        play(
            #"""
            RENAME none x => -ERR no such key
            RENAMENX none x => -ERR no such key
            SET a 1 EX 100 => +OK
            RENAME a a => +OK
            RENAMENX a a => :0
            RENAME a b => +OK
            EXISTS a => :0
            TTL b => :100
            SET c 3 => +OK
            RENAMENX b c => :0
            RENAME b c => +OK
            GET c => $1|1
            RENAMENX c d => :1
            GET d => $1|1
            COPY d d => -ERR source and destination objects are the same
            COPY d e => :1
            COPY d e => :0
            COPY d e REPLACE => :1
            TTL e => :100
            COPY none f => :0
            COPY d f DB 1 => :1
            COPY d f DB 1 => :0
            COPY d f DB 1 REPLACE => :1
            COPY d d DB 1 => :1
            COPY d f DB 16 => -ERR DB index is out of range
            COPY d f DB -1 => -ERR DB index is out of range
            COPY d f DB x => -ERR value is not an integer or out of range
            COPY d f DB 99999999999 => -ERR value is out of range, value must between \#
            -2147483648 and 2147483647
            COPY d f DB => -ERR syntax error
            COPY d f WHAT => -ERR syntax error
            SELECT 1 => +OK
            MGET d f => *2|$1|1|$1|1
            TTL f => :100
            MOVE f 0 => :1
            MOVE f 0 => :0
            SELECT 0 => +OK
            GET f => $1|1
            MOVE none 1 => :0
            MOVE d 1 => :0
            MOVE d 0 => -ERR source and destination objects are the same
            MOVE d 16 => -ERR DB index is out of range
            MOVE d x => -ERR value is not an integer or out of range
            MOVE d 99999999999 => -ERR value is out of range, value must between -2147483648 \#
            and 2147483647
            """#)
    }

    @Test func wholeDatabases() {
        play(
            #"""
            SELECT 0 => +OK
            SELECT 15 => +OK
            SET a fifteen => +OK
            SELECT 16 => -ERR DB index is out of range
            SELECT -1 => -ERR DB index is out of range
            SELECT x => -ERR value is not an integer or out of range
            SELECT 99999999999 => -ERR value is out of range, value must between -2147483648 \#
            and 2147483647
            SELECT 0 => +OK
            SET a zero => +OK
            SWAPDB 0 15 => +OK
            GET a => $7|fifteen
            SWAPDB 0 0 => +OK
            SWAPDB 0 16 => -ERR DB index is out of range
            SWAPDB x 0 => -ERR invalid first DB index
            SWAPDB 0 x => -ERR invalid second DB index
            SWAPDB 0 99999999999 => -ERR invalid second DB index
            FLUSHDB => +OK
            DBSIZE => :0
            SELECT 15 => +OK
            DBSIZE => :1
            FLUSHDB SYNC => +OK
            FLUSHDB ASYNC => +OK
            FLUSHDB x => -ERR syntax error
            FLUSHDB SYNC ASYNC => -ERR syntax error
            FLUSHALL => +OK
            FLUSHALL SYNC => +OK
            FLUSHALL async => +OK
            FLUSHALL x => -ERR syntax error
            DBSIZE => :0
            """#)
    }

    @Test func keysAreToldWhenToExpire() {
        play(
            #"""
            EXPIRE none 10 => :0
            SET a 1 => +OK
            TTL a => :-1
            PTTL a => :-1
            EXPIRETIME a => :-1
            PEXPIRETIME a => :-1
            TTL none => :-2
            PTTL none => :-2
            EXPIRETIME none => :-2
            PEXPIRETIME none => :-2
            EXPIRE a 100 => :1
            TTL a => :100
            PERSIST a => :1
            PERSIST a => :0
            PERSIST none => :0
            EXPIRE a 100 XX => :0
            EXPIRE a 100 GT => :0
            EXPIRE a 100 LT => :1
            EXPIRE a 200 LT => :0
            EXPIRE a 200 NX => :0
            EXPIRE a 50 GT => :0
            EXPIRE a 200 GT => :1
            EXPIRE a 50 LT => :1
            EXPIRE a 60 XX => :1
            EXPIRE a 300 XX GT => :1
            EXPIRE a 400 XX LT => :0
            TTL a => :300
            PEXPIREAT a 99999999999499 => :1
            EXPIRETIME a => :99999999999
            PEXPIRETIME a => :99999999999499
            EXPIREAT a 99999999999 => :1
            PEXPIRETIME a => :99999999999000
            PEXPIRE a 100000 => :1
            TTL a => :100
            EXPIRE a x => -ERR value is not an integer or out of range
            EXPIRE a 9223372036854775807 => -ERR invalid expire time in 'expire' command
            EXPIRE a -9223372036854775808 => -ERR invalid expire time in 'expire' command
            EXPIREAT a 9223372036854775807 => -ERR invalid expire time in 'expireat' command
            PEXPIRE a 9223372036854775807 => -ERR invalid expire time in 'pexpire' command
            PEXPIREAT a 9223372036854775807 => :1
            EXPIRETIME a => :9223372036854776
            EXPIRE a 10 WHAT => -ERR Unsupported option WHAT
            EXPIRE a 10 NX XX => -ERR NX and XX, GT or LT options at the same time are not \#
            compatible
            EXPIRE a 10 NX GT => -ERR NX and XX, GT or LT options at the same time are not \#
            compatible
            EXPIRE a 10 GT LT => -ERR GT and LT options at the same time are not compatible
            EXPIRE a 0 => :1
            EXISTS a => :0
            SET a 1 => +OK
            EXPIREAT a 1 => :1
            EXISTS a => :0
            SET a 1 => +OK
            PEXPIRE a -5 => :1
            EXISTS a => :0
            """#)
    }

    @Test func keysAreListed() {
        play(
            #"""
            SCAN 0 => *2|$1|0|*0
            SCAN x => -ERR invalid cursor
            SCAN 1x => -ERR invalid cursor
            SCAN "" => *2|$1|0|*0
            SCAN -1 => *2|$1|0|*0
            SCAN 0 COUNT => -ERR syntax error
            SCAN 0 COUNT 0 => -ERR syntax error
            SCAN 0 COUNT x => -ERR value is not an integer or out of range
            SCAN 0 WHAT x => -ERR syntax error
            SET a 1 => +OK
            SCAN 0 => *2|$1|0|*1|$1|a
            SCAN 0 MATCH b* => *2|$1|0|*0
            SCAN 0 MATCH a* COUNT 100 => *2|$1|0|*1|$1|a
            SCAN 0 TYPE string => *2|$1|0|*1|$1|a
            SCAN 0 TYPE list => *2|$1|0|*0
            SCAN 0 TYPE STRING MATCH * => *2|$1|0|*1|$1|a
            SET p 1 PX 100 => +OK
            @150
            SCAN 0 COUNT 1000 MATCH p => *2|$1|0|*0
            KEYS p => *0
            EXISTS p => :0
            """#)
    }

    @Test func valuesAreInspected() {
        play(
            #"""
            OBJECT ENCODING none => $-1
            SET a 1 => +OK
            OBJECT ENCODING a => $3|int
            OBJECT REFCOUNT a => :2147483647
            OBJECT FREQ a => -ERR An LFU maxmemory policy is not selected, access frequency \#
            not tracked. Please note that when switching between policies at runtime LRU and \#
            LFU data will take some time to adjust.
            SET a abc => +OK
            OBJECT ENCODING a => $6|embstr
            OBJECT REFCOUNT a => :1
            SET a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx => +OK
            OBJECT ENCODING a => $3|raw
            SET a 10000 => +OK
            OBJECT REFCOUNT a => :1
            OBJECT => -ERR wrong number of arguments for 'object' command
            OBJECT ENCODING => -ERR wrong number of arguments for 'object|encoding' command
            OBJECT WHAT a => -ERR unknown subcommand 'WHAT'. Try OBJECT HELP.
            """#)
    }

    @Test func valuesAreDumpedAndRestored() {
        play(
            #"""
            SET a 10 => +OK
            DUMP a => $13|\x00\xc0\x0a\x0a\x00n\x9fWE\x0e\xaec\xbb
            SET a hello => +OK
            DUMP a => $17|\x00\x05hello\x0a\x00cr\xdfve4 \x0a
            SET a 1000000 => +OK
            DUMP a => $16|\x00\xc2@B\x0f\x00\x0a\x00O\xf5\xebT\x07\x08\x8b\x03
            SET a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa => +OK
            DUMP a => $23|\x00\xc3\x09=\x01aa\xe00\x00\x01aa\x0a\x00Y\xf1rc@\xa0\xb0/
            DUMP none => $-1
            RESTORE b 0 "\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb" => +OK
            GET b => $2|10
            RESTORE b 0 bad => -BUSYKEY Target key name already exists.
            RESTORE b 0 bad REPLACE => -ERR DUMP payload version or checksum are wrong
            RESTORE c -1 bad => -ERR Invalid TTL value, must be >= 0
            RESTORE c x bad => -ERR value is not an integer or out of range
            RESTORE c 0 bad FREQ 256 => -ERR Invalid FREQ value, must be >= 0 and <= 255
            RESTORE c 0 bad IDLETIME -1 => -ERR Invalid IDLETIME value, must be >= 0
            RESTORE c 0 bad IDLETIME 1 FREQ 1 => -ERR syntax error
            RESTORE c 0 bad WHAT => -ERR syntax error
            RESTORE b 100000 "\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb" REPLACE => +OK
            TTL b => :100
            RESTORE b 1 "\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb" REPLACE ABSTTL => +OK
            EXISTS b => :0
            """#)
    }
}
