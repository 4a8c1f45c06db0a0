import Engine
import Keyspace
import Memory
import RESP
import Sessions
import Testing

/// Replies and streams are those of redis-server 7.0.15 to the same requests.
@Suite struct HyperLogLogCommandTests {
    @Test func elementsAreCounted() {
        play(
            #"""
            PFADD h a b c a => :1
            PFADD h a b => :0
            PFCOUNT h => :3
            PFADD h => :0
            PFADD other c d => :1
            PFCOUNT h other missing => :4
            PFMERGE all h other missing => +OK
            PFCOUNT all => :4
            PFCOUNT missing => :0
            PFADD empty => :1
            PFCOUNT empty => :0
            PFDEBUG ENCODING all => +sparse
            PFDEBUG TODENSE all => :1
            PFDEBUG TODENSE all => :0
            PFDEBUG ENCODING all => +dense
            STRLEN all => :12304
            PFCOUNT all => :4
            PFADD all e => :1
            PFCOUNT all => :5
            OBJECT ENCODING all => $3|raw
            PFSELFTEST => +OK
            """#)
    }

    @Test func whatIsNoneOrCorruptIsRefused() {
        play(
            #"""
            SET text abc => +OK
            PFADD text a => -WRONGTYPE Key is not a valid HyperLogLog string value.
            PFCOUNT text => -WRONGTYPE Key is not a valid HyperLogLog string value.
            PFMERGE d text => -WRONGTYPE Key is not a valid HyperLogLog string value.
            EXISTS d => :0
            PFDEBUG ENCODING none => -ERR The specified key does not exist
            PFADD h a => :1
            PFDEBUG WEIGHT h => -ERR Unknown PFDEBUG subcommand 'WEIGHT'
            APPEND h x => :22
            PFCOUNT h => -INVALIDOBJ Corrupted HLL object detected
            PFCOUNT h h => -INVALIDOBJ Corrupted HLL object detected
            PFMERGE d h => -INVALIDOBJ Corrupted HLL object detected
            PFDEBUG TODENSE h => -INVALIDOBJ Corrupted HLL object detected
            PFDEBUG GETREG h => -INVALIDOBJ Corrupted HLL object detected
            """#)
    }

    @Test func onlyChangesReachTheStream() {
        let bench = EngineBench()
        bench.attachReplica()
        play(
            #"""
            PFADD h a b => :1
            ~ PFADD h a b
            PFADD h a => :0
            PFCOUNT h h => :2
            ~
            PFCOUNT h => :2
            ~ PFCOUNT h
            PFCOUNT h => :2
            ~
            PFMERGE h => +OK
            PFMERGE h h => +OK
            ~ PFMERGE h; PFMERGE h h
            PFDEBUG TODENSE h => :1
            PFDEBUG TODENSE h => :0
            ~ PFDEBUG TODENSE h
            PFADD h c => :1
            PFADD h c => :0
            ~ PFADD h c
            PFCOUNT h => :3
            PFCOUNT h => :3
            ~ PFCOUNT h
            """#, on: bench)
    }

    @Test func everyElementThatChangedSomethingCounts() {
        let bench = EngineBench()
        func changes(_ line: String) -> Int {
            let before = bench.engine.value.keyspace.changes
            bench.run(line)
            return bench.engine.value.keyspace.changes - before
        }
        #expect(changes("PFADD h a b c") == 4)
        #expect(changes("PFADD h a b d e") == 2)
        #expect(changes("PFADD h a b d e") == 0)
        #expect(changes("PFCOUNT h") == 1)
        #expect(changes("PFCOUNT h") == 0)
        #expect(changes("PFDEBUG TODENSE h") == 1)
        #expect(changes("PFADD h f g a") == 2)
        #expect(changes("PFMERGE h") == 1)
        #expect(changes("PFADD empty") == 1)
    }

    @Test func aDirectiveSaysHowLongTheyAreSparse() {
        let bench = EngineBench()
        bench.run("CONFIG SET hll-sparse-max-bytes 100")
        for element in 0..<100 {
            bench.run("PFADD h \(element)")
            let length = bench.run("STRLEN h")
            let isSparse = bench.run("PFDEBUG ENCODING h") == "+sparse"
            #expect(isSparse ? (Int(length.dropFirst()) ?? 1000) <= 100 : length == ":12304")
            if element < 10 { #expect(isSparse) }
            if element > 40 { #expect(!isSparse) }
        }
    }

    @Test func theDigestFollowsChangesInPlace() {
        let bench = EngineBench()
        bench.engine.value.keyspace.digestEnabled = true
        for element in 0..<3000 {
            bench.run("PFADD h \(element)")
            guard element % 100 == 0 else { continue }
            bench.run("PFCOUNT h")
            let kept = bench.engine.value.keyspace.digest(0)
            bench.engine.value.keyspace.digestEnabled = false
            #expect(bench.engine.value.keyspace.digest(0) == kept)
            bench.engine.value.keyspace.digestEnabled = true
        }
        #expect(bench.run("PFDEBUG ENCODING h") == "+dense")
    }

    @Test func aReplicaThatIsReadFromStaysAsItsPrimaryIs() {
        let network = TestNetwork()
        let (primary, replica) = (network.add("p"), network.add("r"))
        replica.follow(primary)
        #expect(network.wait { replica.isLinkUp })
        primary.run("PFADD", "h", "a", "b", "c")
        #expect(network.wait { replica.digest == primary.digest })
        #expect(replica.run("PFCOUNT", "h") == .integer(3))
        #expect(replica.digest == primary.digest)
        #expect(primary.run("PFCOUNT", "h") == .integer(3))
        #expect(network.wait { replica.digest == primary.digest })
        let value = replica.run("GET", "h")
        #expect(value == primary.run("GET", "h"))
    }
}
