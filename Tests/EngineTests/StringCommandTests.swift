import Memory
import RESP
import Sessions
import Testing

/// Replies are those of redis-server 7.0.15 to the same requests.
@Suite struct StringCommandTests {
    @Test func comparingLongStringsIsRefusedWhateverTheirLimit() {
        play(
            #"""
            CONFIG SET proto-max-bulk-len 9223372036854775807 => +OK
            SETRANGE a 40000 x => :40001
            SETRANGE b 40000 x => :40001
            LCS a b LEN => \#
            -ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len
            """#)
    }

    @Test func settingAndGettingWithEveryOption() {
        play(
            #"""
            GET a => $-1
            SET a hello => +OK
            GET a => $5|hello
            SET a "" => +OK
            GET a => $0|
            SET a "\x00\xff\r\n" => +OK
            GET a => $4|\x00\xff|
            SET a 1 NX => $-1
            SET a 1 XX => +OK
            SET b 1 XX => $-1
            SET b 1 nx => +OK
            SET a 2 GET => $1|1
            SET none 2 GET => $-1
            SET a 3 NX GET => $1|2
            SET zz 3 XX GET => $-1
            GET zz => $-1
            SET a 4 KEEPTTL => +OK
            SET a 5 NX XX => -ERR syntax error
            SET a 5 EX => -ERR syntax error
            SET a 5 EX 10 PX 10 => -ERR syntax error
            SET a 5 EX 10 KEEPTTL => -ERR syntax error
            SET a 5 PERSIST => -ERR syntax error
            SET a 5 EX 0 => -ERR invalid expire time in 'set' command
            SET a 5 PX -1 => -ERR invalid expire time in 'set' command
            SET a 5 EX 1.5 => -ERR value is not an integer or out of range
            SET a 5 EX 9223372036854775807 => -ERR invalid expire time in 'set' command
            SET a 5 EXAT 0 => -ERR invalid expire time in 'set' command
            SET a 5 EX 100 EX 200 => +OK
            TTL a => :200
            SET a 6 KEEPTTL => +OK
            TTL a => :200
            SET a 7 => +OK
            TTL a => :-1
            SET a 1 PXAT 1 => +OK
            EXISTS a => :0
            SETNX a 1 => :1
            SETNX a 2 => :0
            SETEX a 100 v => +OK
            TTL a => :100
            SETEX a 0 v => -ERR invalid expire time in 'setex' command
            PSETEX a 0 v => -ERR invalid expire time in 'psetex' command
            SETEX a x v => -ERR value is not an integer or out of range
            PSETEX a 100000 w => +OK
            TTL a => :100
            GETSET a x => $1|w
            GETSET new y => $-1
            TTL a => :-1
            GETDEL a => $1|x
            GETDEL a => $-1
            SET a v => +OK
            GETEX a EX 100 => $1|v
            TTL a => :100
            GETEX a PERSIST => $1|v
            TTL a => :-1
            GETEX a EXAT 99999999999 => $1|v
            TTL none => :-1
            GETEX a PX => -ERR syntax error
            GETEX a EX 10 PERSIST => -ERR syntax error
            GETEX a NX => -ERR syntax error
            GETEX a EX 0 => -ERR invalid expire time in 'getex' command
            GETEX none EX 0 => -ERR invalid expire time in 'getex' command
            GETEX a EXAT 1 => $1|v
            EXISTS a => :0
            """#)
    }

    @Test func numbersAreCounted() {
        play(
            #"""
            INCR n => :1
            INCR n => :2
            INCRBY n 10 => :12
            DECR n => :11
            DECRBY n 20 => :-9
            GET n => $2|-9
            OBJECT ENCODING n => $3|int
            INCRBY n 1.5 => -ERR value is not an integer or out of range
            INCRBY n abc => -ERR value is not an integer or out of range
            INCRBY n 9223372036854775807 => :9223372036854775798
            INCR n => :9223372036854775799
            DECRBY n -9223372036854775808 => -ERR decrement would overflow
            SET n 9223372036854775807 => +OK
            INCR n => -ERR increment or decrement would overflow
            SET n -9223372036854775808 => +OK
            DECR n => -ERR increment or decrement would overflow
            SET n " 1" => +OK
            INCR n => -ERR value is not an integer or out of range
            SET n 01 => +OK
            INCR n => -ERR value is not an integer or out of range
            SET n "" => +OK
            INCR n => -ERR value is not an integer or out of range
            SET n 1.0 => +OK
            INCR n => -ERR value is not an integer or out of range
            INCRBYFLOAT n 0.1 => $3|1.1
            INCRBYFLOAT n 1e2 => $5|101.1
            INCRBYFLOAT n -101.1 => $1|0
            INCRBYFLOAT n abc => -ERR value is not a valid float
            INCRBYFLOAT n inf => -ERR increment would produce NaN or Infinity
            INCRBYFLOAT n 1e400 => \#
            $401|100000000000000000002818806839475865145864534336290520386259106935396855340086\#
            29862039363994848324160522094053927317616200295822777259255734023828976593340661017\#
            79744743454617391786244811667497172377894382439159333804747067502624668440135923751\#
            36038303437354855052449559649790218250382800910684149474024568986530409510175126580\#
            92615827588920183472511643316591362664138176309734806343732497430221946880
            INCRBYFLOAT n 3.00000000000000000001 => \#
            $401|100000000000000000002818806839475865145864534336290520386259106935396855340086\#
            29862039363994848324160522094053927317616200295822777259255734023828976593340661017\#
            79744743454617391786244811667497172377894382439159333804747067502624668440135923751\#
            36038303437354855052449559649790218250382800910684149474024568986530409510175126580\#
            92615827588920183472511643316591362664138176309734806343732497430221946880
            OBJECT ENCODING n => $3|raw
            SET n abc => +OK
            INCRBYFLOAT n 1 => -ERR value is not a valid float
            SET n 10 EX 100 => +OK
            INCR n => :11
            TTL n => :100
            INCRBYFLOAT n 1 => $2|12
            TTL n => :100
            DEL n => :1
            INCRBYFLOAT n -0 => $1|0
            """#)
    }

    @Test func partsAreReadAndWritten() {
        play(
            #"""
            APPEND s hello => :5
            APPEND s " world" => :11
            OBJECT ENCODING s => $3|raw
            STRLEN s => :11
            STRLEN none => :0
            GETRANGE s 0 4 => $5|hello
            GETRANGE s -5 -1 => $5|world
            GETRANGE s -1 -5 => $0|
            GETRANGE s 5 3 => $0|
            GETRANGE s 0 100 => $11|hello world
            GETRANGE s -100 2 => $3|hel
            GETRANGE none 0 -1 => $0|
            SUBSTR s 1 2 => $2|el
            GETRANGE s a 1 => -ERR value is not an integer or out of range
            GETRANGE s 0 1.0 => -ERR value is not an integer or out of range
            SETRANGE s 6 redis => :11
            GET s => $11|hello redis
            SETRANGE s 15 x => :16
            GET s => $16|hello redis\x00\x00\x00\x00x
            SETRANGE s -1 x => -ERR offset is out of range
            SETRANGE s x x => -ERR value is not an integer or out of range
            SETRANGE s 536870912 x => -ERR string exceeds maximum allowed size \#
            (proto-max-bulk-len)
            SETRANGE s 0 "" => :16
            SETRANGE none 5 "" => :0
            EXISTS none => :0
            SETRANGE new 3 x => :4
            GET new => $4|\x00\x00\x00x
            OBJECT ENCODING new => $3|raw
            SET i 12345 => +OK
            APPEND i 6 => :6
            GET i => $6|123456
            OBJECT ENCODING i => $3|raw
            SET i 12345 => +OK
            SETRANGE i 1 x => :5
            GET i => $5|1x345
            SET i 12345 EX 100 => +OK
            APPEND i "" => :5
            TTL i => :100
            GETRANGE i 1 2 => $2|23
            """#)
    }

    @Test func severalKeysAtOnce() {
        play(
            #"""
            MSET a 1 b 2 c 3 => +OK
            MGET a b c none => *4|$1|1|$1|2|$1|3|$-1
            MGET none => *1|$-1
            MSETNX a 9 d 4 => :0
            EXISTS d => :0
            MSETNX d 4 e 5 => :1
            MGET d e => *2|$1|4|$1|5
            MSET a 1 b => -ERR wrong number of arguments for 'mset' command
            MSETNX a 1 b => -ERR wrong number of arguments for 'msetnx' command
            MSET a 1 a 2 => +OK
            GET a => $1|2
            SET a 1 EX 100 => +OK
            MSET a 2 => +OK
            TTL a => :-1
            """#)
    }

    @Test func commonSubsequences() {
        play(
            #"""
            MSET key1 ohmytext key2 mynewtext => +OK
            LCS key1 key2 => $6|mytext
            LCS key1 key2 LEN => :6
            LCS key1 key2 IDX => *4|$7|matches|*2|*2|*2|:4|:7|*2|:5|:8|*2|*2|:2|:3|*2|:0|:1|$3|\#
            len|:6
            LCS key1 key2 IDX MINMATCHLEN 4 => *4|$7|matches|*1|*2|*2|:4|:7|*2|:5|:8|$3|len|:6
            LCS key1 key2 IDX MINMATCHLEN 4 WITHMATCHLEN => \#
            *4|$7|matches|*1|*3|*2|:4|:7|*2|:5|:8|:4|$3|len|:6
            LCS key1 key2 IDX MINMATCHLEN -1 => \#
            *4|$7|matches|*2|*2|*2|:4|:7|*2|:5|:8|*2|*2|:2|:3|*2|:0|:1|$3|len|:6
            LCS key1 none => $0|
            LCS none none LEN => :0
            LCS none none IDX => *4|$7|matches|*0|$3|len|:0
            LCS key1 key2 IDX LEN => -ERR If you want both the length and indexes, please just \#
            use IDX.
            LCS key1 key2 MINMATCHLEN => -ERR syntax error
            LCS key1 key2 MINMATCHLEN x => -ERR value is not an integer or out of range
            LCS key1 key2 WHAT => -ERR syntax error
            SET n 12345 => +OK
            LCS n key1 => $0|
            LCS n n => $5|12345
            """#)
    }

    @Test func expiredStringsAreMissing() {
        play(
            #"""
            SET a 1 PX 100 => +OK
            SET b 1 PX 100 => +OK
            @150
            GET a => $-1
            STRLEN a => :0
            APPEND a x => :1
            TTL a => :-1
            INCR b => :1
            TTL b => :-1
            SET c 1 PX 100 => +OK
            @150
            SETNX c 2 => :1
            SET d 1 PX 100 => +OK
            @150
            SETRANGE d 2 x => :3
            GET d => $3|\x00\x00x
            SET e abc PX 100 => +OK
            @150
            SET e 1 XX => $-1
            GETDEL e => $-1
            MGET a e => *2|$1|x|$-1
            """#)
    }

    @Test func repliesInRESP3() {
        let bench = EngineBench()
        bench.session().value.reply.version = .three
        play(
            #"""
            GET none => _
            MGET none => *1|_
            GETDEL none => _
            SET none 1 XX => _
            GETEX none => _
            MSET key1 ohmytext key2 mynewtext => +OK
            LCS key1 key2 IDX MINMATCHLEN 4 WITHMATCHLEN => \#
            %2|$7|matches|*1|*3|*2|:4|:7|*2|:5|:8|:4|$3|len|:6
            EXEC => -ERR EXEC without MULTI
            MULTI => +OK
            WATCH a => -ERR WATCH inside MULTI is not allowed
            EXEC => *0
            BITFIELD bf OVERFLOW FAIL INCRBY u2 0 9 => *1|_
            OBJECT ENCODING none => _
            """#, on: bench)
    }
}
