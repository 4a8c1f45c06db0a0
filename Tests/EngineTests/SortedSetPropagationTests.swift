import Engine
import Testing

/// What replicas get of commands about sorted sets and places.
@Suite struct SortedSetPropagationTests {
    private func bench(_ text: String, _ location: SourceLocation = #_sourceLocation) {
        let bench = EngineBench()
        bench.attachReplica()
        play(text, on: bench, location)
    }

    @Test func changesAreSentAsTheyWereAskedFor() {
        bench(
            """
            ZADD z 1 a 2 b => :2
            ZADD z 1 a => :0
            ~ ZADD z 1 a 2 b
            ZADD z XX 1 nobody => :0
            ZADD none XX 1 a => :0
            ZADD z GT 0 a => :0
            ~
            ZADD z CH 5 a => :1
            ZADD z INCR 1 a => $1|6
            ZINCRBY z 0 a => $1|6
            ZINCRBY z -1.5 a => $3|4.5
            ~ ZADD z CH 5 a; ZADD z INCR 1 a; ZINCRBY z -1.5 a
            ZREM z nobody => :0
            ~
            ZREM z a nobody => :1
            ZREMRANGEBYSCORE z 5 6 => :0
            ZREMRANGEBYRANK z 0 -1 => :1
            ~ ZREM z a nobody; ZREMRANGEBYRANK z 0 -1
            """)
    }

    @Test func whatIsRemovedFromOneOfManyKeysIsSentAsAPopOfThatKey() {
        bench(
            """
            ZADD z 1 a 2 b 3 c 4 d => :4
            ~ ZADD z 1 a 2 b 3 c 4 d
            ZPOPMIN none => *0
            ZPOPMIN z 0 => *0
            ZMPOP 1 none MIN => *-1
            ~
            ZPOPMIN z => *2|$1|a|$1|1
            ZPOPMAX z 1 => *2|$1|d|$1|4
            ZMPOP 2 none z MAX COUNT 9 => *2|$1|z|*2|*2|$1|c|$1|3|*2|$1|b|$1|2
            ~ ZPOPMIN z; ZPOPMAX z 1; ZPOPMAX z 2
            ZADD z 1 a 2 b => :2
            BZPOPMAX none z 0 => *3|$1|z|$1|b|$1|2
            BZMPOP 0 2 none z MIN COUNT 5 => *2|$1|z|*1|*2|$1|a|$1|1
            ~ ZADD z 1 a 2 b; ZPOPMAX z; ZPOPMIN z 1
            """)
    }

    @Test func storedResultsAreSentIfTheyChangedAnything() {
        bench(
            """
            ZADD z 1 a => :1
            ZUNIONSTORE d 1 z => :1
            ~ ZADD z 1 a; ZUNIONSTORE d 1 z
            ZDIFFSTORE e 2 z d => :0
            ~
            ZDIFFSTORE d 2 z d => :0
            ~ ZDIFFSTORE d 2 z d
            ZRANGESTORE d z 0 -1 => :1
            ZRANGESTORE d none 0 -1 => :0
            ZRANGESTORE d none 0 -1 => :0
            ~ ZRANGESTORE d z 0 -1; ZRANGESTORE d none 0 -1
            """)
    }

    @Test func placesAreSentAsScores() {
        bench(
            """
            GEOADD g CH 13.361389 38.115556 a 0 0 b => :2
            GEOADD g CH 13.361389 38.115556 a => :0
            ~ zadd g CH 3479099956230698 a 3377699720527872 b
            GEORADIUS g 0 0 1 km => *1|$1|b
            ~
            GEORADIUS g 0 0 1 km STORE d => :1
            GEOSEARCHSTORE d none FROMMEMBER a BYRADIUS 1 km => :0
            ~ GEORADIUS g 0 0 1 km STORE d; GEOSEARCHSTORE d none FROMMEMBER a BYRADIUS 1 km
            """)
    }

    @Test func whoWaitedIsServedAndThePopIsSent() {
        bench(
            """
            2> BZPOPMIN z 0
            ZADD z 1 a 2 b => :2
            ~ ZADD z 1 a 2 b; ZPOPMIN z
            ZCARD z => :1
            """)
    }
}
