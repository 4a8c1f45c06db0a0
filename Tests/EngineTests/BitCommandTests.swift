import Engine
import Keyspace
import Memory
import Testing

/// Replies are those of redis-server 7.0.15 to the same requests.
@Suite struct BitCommandTests {
    @Test func singleBits() {
        play(
            #"""
            GETBIT b 0 => :0
            SETBIT b 7 1 => :0
            GETBIT b 7 => :1
            GETBIT b 6 => :0
            GETBIT b 100000 => :0
            SETBIT b 7 0 => :1
            GET b => $1|\x00
            SETBIT b 7 0 => :0
            SETBIT b 17 1 => :0
            STRLEN b => :3
            SETBIT b 7 2 => -ERR bit is not an integer or out of range
            SETBIT b 7 x => -ERR bit is not an integer or out of range
            SETBIT b -1 1 => -ERR bit offset is not an integer or out of range
            SETBIT b x 1 => -ERR bit offset is not an integer or out of range
            SETBIT b 4294967296 1 => -ERR bit offset is not an integer or out of range
            GETBIT b -1 => -ERR bit offset is not an integer or out of range
            GETBIT b #1 => -ERR bit offset is not an integer or out of range
            GETBIT b 4294967296 => -ERR bit offset is not an integer or out of range
            SET n 1 => +OK
            GETBIT n 3 => :1
            SETBIT n 6 1 => :0
            GET n => $1|3
            OBJECT ENCODING n => $3|raw
            SET n 1 EX 100 => +OK
            SETBIT n 6 1 => :0
            TTL n => :100
            """#)
    }

    @Test func bitsAreCounted() {
        play(
            #"""
            BITCOUNT none => :0
            SET s foobar => +OK
            BITCOUNT s => :26
            BITCOUNT s 0 0 => :4
            BITCOUNT s 1 1 => :6
            BITCOUNT s 0 -1 => :26
            BITCOUNT s -2 -1 => :7
            BITCOUNT s 5 30 BIT => :17
            BITCOUNT s 5 30 bit => :17
            BITCOUNT s 1 1 BYTE => :6
            BITCOUNT s 8 15 BIT => :6
            BITCOUNT s 100 200 => :0
            BITCOUNT s -1 -2 => :0
            BITCOUNT s -1 -2 zz => :0
            BITCOUNT s 2 1 => :0
            BITCOUNT s 1 => -ERR syntax error
            BITCOUNT s 1 2 zz => -ERR syntax error
            BITCOUNT s 1 2 BIT 4 => -ERR syntax error
            BITCOUNT s a 1 => -ERR value is not an integer or out of range
            BITCOUNT none a 1 => :0
            SET s "" => +OK
            BITCOUNT s => :0
            BITCOUNT s 0 -1 => :0
            SET s 12345 => +OK
            BITCOUNT s => :17
            """#)
    }

    @Test func bitsAreFound() {
        play(
            #"""
            BITPOS none 0 => :0
            BITPOS none 1 => :-1
            BITPOS none 1 a => :-1
            BITPOS none 2 => -ERR The bit argument must be 1 or 0.
            SET s "\xff\xf0\x00" => +OK
            BITPOS s 0 => :12
            BITPOS s 1 => :0
            BITPOS s 1 2 => :-1
            BITPOS s 0 0 0 => :-1
            BITPOS s 0 0 => :12
            BITPOS s 0 0 -1 => :12
            SET s "\x00\xff\xf0" => +OK
            BITPOS s 1 0 => :8
            BITPOS s 1 2 => :16
            BITPOS s 1 7 15 BIT => :8
            BITPOS s 1 0 7 BIT => :-1
            BITPOS s 0 8 15 BIT => :-1
            BITPOS s 0 8 20 BIT => :20
            BITPOS s 1 -3 -1 BYTE => :8
            BITPOS s 1 5 3 => :-1
            SET s "\xff\xff\xff" => +OK
            BITPOS s 0 => :24
            BITPOS s 0 0 -1 => :-1
            BITPOS s 0 2 => :24
            BITPOS s 0 3 => :-1
            BITPOS s 0 0 5 BIT => :-1
            SET s "" => +OK
            BITPOS s 0 => :-1
            BITPOS s 1 => :-1
            BITPOS s 2 => -ERR The bit argument must be 1 or 0.
            BITPOS s x => -ERR value is not an integer or out of range
            BITPOS s 1 x => -ERR value is not an integer or out of range
            BITPOS s 1 0 1 zz => -ERR syntax error
            BITPOS s 1 0 1 BIT 4 => -ERR syntax error
            """#)
    }

    @Test func stringsAreCombined() {
        play(
            #"""
            SET a "\xff\x0f\xaa" => +OK
            SET b "\x0f\xff" => +OK
            BITOP AND d a b => :3
            GET d => $3|\x0f\x0f\x00
            BITOP or d a b => :3
            GET d => $3|\xff\xff\xaa
            BITOP XOR d a b => :3
            GET d => $3|\xf0\xf0\xaa
            BITOP NOT d a => :3
            GET d => $3|\x00\xf0U
            OBJECT ENCODING d => $3|raw
            BITOP AND d a none => :3
            GET d => $3|\x00\x00\x00
            BITOP OR d a none b => :3
            GET d => $3|\xff\xff\xaa
            BITOP AND d none none2 => :0
            EXISTS d => :0
            BITOP NOT d none => :0
            BITOP NOT d a b => -ERR BITOP NOT must be called with a single source key.
            BITOP NAND d a => -ERR syntax error
            BITOP AND a a b => :3
            GET a => $3|\x0f\x0f\x00
            SET n 1 => +OK
            BITOP OR d n => :1
            GET d => $1|1
            OBJECT ENCODING d => $3|raw
            SET d x EX 100 => +OK
            BITOP OR d n => :1
            TTL d => :-1
            """#)
    }

    @Test func everyChangeCountsOnce() {
        let bench = EngineBench()
        func changes(_ line: String) -> Int {
            let before = bench.engine.value.keyspace.changes
            bench.run(line)
            return bench.engine.value.keyspace.changes - before
        }
        #expect(changes("BITFIELD f INCRBY i5 0 1") == 1)
        #expect(changes("BITFIELD f INCRBY i5 0 1 INCRBY i5 8 1") == 2)
        #expect(changes("BITFIELD f SET i5 8 1") == 0)
        #expect(changes("BITFIELD f SET i5 90 0") == 1)
        #expect(changes("BITFIELD f GET i5 90") == 0)
        #expect(changes("SETBIT f 0 0") == 0)
        #expect(changes("SETBIT f 0 1") == 1)
    }

    @Test func integersOfAnyWidth() {
        play(
            #"""
            BITFIELD none => *0
            BITFIELD none GET u8 0 => *1|:0
            EXISTS none => :0
            BITFIELD f SET u8 0 255 GET u8 0 GET i8 0 GET u4 2 GET u8 #1 => *5|:0|:255|:-1|:15|:0
            BITFIELD f INCRBY u8 0 10 INCRBY u8 0 10 => *2|:9|:19
            BITFIELD f OVERFLOW SAT INCRBY u8 0 300 OVERFLOW FAIL INCRBY u8 0 1 OVERFLOW WRAP \#
            INCRBY u8 0 1 => *3|:255|$-1|:0
            BITFIELD f SET i5 3 -17 GET i5 3 => *2|:0|:15
            BITFIELD f OVERFLOW SAT SET i5 3 -17 GET i5 3 SET i5 3 100 GET i5 3 => \#
            *4|:15|:-16|:-16|:15
            BITFIELD f OVERFLOW FAIL SET i5 3 16 GET i5 3 => *2|$-1|:15
            BITFIELD f SET i64 #1 -1 GET i64 #1 GET u63 64 => *3|:0|:-1|:9223372036854775807
            BITFIELD f INCRBY i64 #1 -9223372036854775808 => *1|:9223372036854775807
            BITFIELD f OVERFLOW SAT INCRBY i64 #1 -9223372036854775808 INCRBY i64 #1 1 => \#
            *2|:-1|:0
            BITFIELD f SET u63 64 -1 GET u63 64 => *2|:0|:9223372036854775807
            BITFIELD f SET u63 65 9223372036854775807 GET u63 65 OVERFLOW SAT INCRBY u63 65 1 \#
            => *3|:9223372036854775806|:9223372036854775807|:9223372036854775807
            STRLEN f => :16
            BITFIELD f GET u64 0 => -ERR Invalid bitfield type. Use something like i16 u8. \#
            Note that u64 is not supported but i64 is.
            BITFIELD f GET i65 0 => -ERR Invalid bitfield type. Use something like i16 u8. \#
            Note that u64 is not supported but i64 is.
            BITFIELD f GET u0 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note \#
            that u64 is not supported but i64 is.
            BITFIELD f GET x8 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note \#
            that u64 is not supported but i64 is.
            BITFIELD f GET U8 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note \#
            that u64 is not supported but i64 is.
            BITFIELD f GET u8 -1 => -ERR bit offset is not an integer or out of range
            BITFIELD f GET u8 x => -ERR bit offset is not an integer or out of range
            BITFIELD f GET u8 #9223372036854775807 => -ERR bit offset is not an integer or out \#
            of range
            BITFIELD f SET u8 4294967296 1 => -ERR bit offset is not an integer or out of range
            BITFIELD f SET u8 0 => -ERR syntax error
            BITFIELD f SET u8 0 x => -ERR value is not an integer or out of range
            BITFIELD f OVERFLOW zz => -ERR Invalid OVERFLOW type specified
            BITFIELD f OVERFLOW => -ERR syntax error
            BITFIELD f WHAT => -ERR syntax error
            BITFIELD_RO f GET u8 0 => *1|:15
            BITFIELD_RO f SET u8 0 1 => -ERR BITFIELD_RO only supports the GET subcommand
            BITFIELD_RO f => *0
            BITFIELD_RO none GET u8 0 => *1|:0
            SET n 12345 => +OK
            BITFIELD n GET u8 0 INCRBY u8 0 1 => *2|:49|:50
            GET n => $5|22345
            """#)
    }
}
