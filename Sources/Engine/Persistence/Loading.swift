import Digests
import Keyspace
import Memory
import Persistence
import RESP
import Replication
import Sessions

/// A dataset being read, from the disk at start or from a primary.
struct Loader: ~Copyable {
    enum Source: Equatable {
        /// A file, by the host's id; the session answered at the end (DEBUG RELOAD), if any.
        case file(Int, session: Int?)
        /// The payload of a full sync.
        case primary
    }
    let source: Source
    var decoder: RDBDecoder
    /// Where entries go: data of its own until everything is there and sound.
    var staging: Slot<Databases>
    var database = 0
    var collection: CollectionLoader
    /// Whether the parts that come are of a value that is left out.
    var skipsCollection = false
    var aux = LoadedAux()
    /// Whether keys that are expired already are left out, as a primary does.
    let dropsExpired: Bool
    var keys = 0
    var expired = 0
    var bytes = 0
}

/// What the file said of itself.
package struct LoadedAux: Equatable, Sendable {
    package var replicationID: String?
    package var offset: Int?
    package var streamDatabase: Int?
    /// The history of data that have no place in a stream.
    package var history: String?
    /// Keys loaded.
    package var keys = 0
    package init() {}

    /// Where the data end; nil where the file does not say.
    var position: StreamPosition? {
        guard let id = replicationID.flatMap({ ReplicationID($0) }), let offset else { return nil }
        return StreamPosition(id: id, offset: offset)
    }

    /// The history in which the data end; nil where the file does not say.
    var lastHistory: ReplicationID? { (replicationID ?? history).flatMap { ReplicationID($0) } }
}

/// What became of a piece of a dataset.
enum LoadProgress: Equatable {
    case more
    case finished(LoadedAux)
    case failed(String)
}

extension DataEngine {
    /// Begins to load. The data that are there stay and are served until the new ones are
    /// complete, so a failure costs nothing.
    mutating func beginLoad(_ source: Loader.Source, dropsExpired: Bool) {
        abandonLoad()
        let staging = Databases(
            heap: heap, databaseCount: settings.databases, hashKey: keyspace.hashKey,
            random: RandomGenerator(seed: frontend.random.next()))
        persistence.loader = Loader(
            source: source, decoder: RDBDecoder(heap: heap, verifies: settings.rdbChecksum),
            staging: Slot(staging), collection: CollectionLoader(heap: heap),
            dropsExpired: dropsExpired)
        persistence.loader?.staging.value.now = keyspace.now
        persistence.loader?.staging.value.usesLFU = keyspace.usesLFU
        persistence.loader?.staging.value.encodings = keyspace.encodings
        persistence.loader?.staging.value.digestEnabled = keyspace.digestEnabled
        persistence.statistics.loadingSince = frontend.time.wall / 1_000_000
        persistence.statistics.loadedBytes = 0
        // A replica goes on serving what it has until the primary's data are complete.
        if source != .primary { gates.insert(.loading) }
    }

    /// Whether a primary's data set is being read.
    var isReceivingSnapshot: Bool { replication.primary.isReceiving }

    /// Takes the next piece of the dataset, at most 64 KiB for the turn's sake.
    mutating func feedLoad(_ piece: ByteView) -> LoadProgress {
        guard persistence.loader != nil else { return .failed("nothing is being loaded") }
        persistence.loader?.bytes += piece.count
        persistence.statistics.loadedBytes += piece.count
        persistence.loader?.decoder.feed(piece)
        do {
            return try readLoad()
        } catch {
            return .failed("\(error)")
        }
    }

    private mutating func readLoad() throws(RDBError) -> LoadProgress {
        while let event = try persistence.loader?.decoder.next() {
            switch event {
            case .needMore: return .more
            case .aux(let key, let value): noteAux(key, value)
            case .selectDatabase(let index):
                guard index < settings.databases else {
                    return .failed(
                        "the file has database \(index), but there are \(settings.databases)")
                }
                persistence.loader?.database = index
            case .resize(let keys, _): reserve(keys)
            case .entry(let entry): insert(entry)
            case .begin(let value):
                if let fault = begin(value) { return .failed(fault) }
            case .element, .field, .member, .stream:
                if let fault = add(event) { return .failed(fault) }
            case .endCollection: finishCollection()
            case .function, .moduleAux:
                break
            case .end:
                let aux = persistence.loader?.aux ?? LoadedAux()
                return .finished(aux)
            }
        }
        return .more
    }

    private mutating func noteAux(_ key: ByteView, _ value: ByteView) {
        if key == "repl-id" {
            persistence.loader?.aux.replicationID = value.string
        } else if key == "tandem-history" {
            persistence.loader?.aux.history = value.string
        } else if key == "repl-offset" {
            persistence.loader?.aux.offset = value.integer.map { Int($0) }.flatMap {
                (0...StreamPosition.longest).contains($0) ? $0 : nil
            }
        } else if key == "repl-stream-db" {
            persistence.loader?.aux.streamDatabase = value.integer.map { Int($0) }.flatMap {
                (0..<settings.databases).contains($0) ? $0 : nil
            }
        }
    }

    /// The announced number of keys saves rehashing; it is a stranger's word, so it is believed
    /// only up to a bound.
    private mutating func reserve(_ keys: Int) {
        guard let loader = persistence.loader?.database else { return }
        persistence.loader?.staging.value.reserve(loader, min(max(keys, 0), 1 << 20))
    }

    /// Whether a key is left out because it is expired already.
    private mutating func drops(_ key: ByteView, _ attributes: RDBAttributes) -> Bool {
        guard let loader = persistence.loader?.database,
            persistence.loader?.dropsExpired ?? false, let expiry = attributes.expiry,
            expiry <= keyspace.now
        else { return false }
        persistence.loader?.expired += 1
        if let aux = persistence.loader?.aux { expireWhileLoading(loader, key, aux) }
        return true
    }

    private mutating func insert(_ entry: RDBEntry) {
        guard let database = persistence.loader?.database,
            let staging = persistence.loader?.staging, !drops(entry.key, entry.attributes)
        else { return }
        let hash = keyspace.hash(entry.key)
        let expiry = entry.attributes.expiry.map { ExpiryChange.at($0) } ?? .clear
        let loaded =
            switch entry.value {
            case .string(let value):
                staging.value.set(database, entry.key, hash, string: value, expiry: expiry)
            case .integer(let value):
                staging.value.set(database, entry.key, hash, integer: value, expiry: expiry)
            }
        if let idle = entry.attributes.idle { staging.value.setIdleSeconds(loaded, Int64(idle)) }
        if let frequency = entry.attributes.frequency {
            staging.value.setFrequency(loaded, Int(frequency))
        }
        countLoaded()
    }

    private mutating func countLoaded() {
        persistence.loader?.keys += 1
        persistence.loader?.aux.keys += 1
    }

    /// A value of many parts begins. Returns why it cannot be taken.
    private mutating func begin(_ value: RDBCollection) -> String? {
        guard let staging = persistence.loader?.staging,
            let database = persistence.loader?.database
        else { return nil }
        let isDropped = drops(value.key, value.attributes)
        persistence.loader?.skipsCollection = isDropped
        guard !isDropped else { return nil }
        let isKnown =
            persistence.loader?.collection.begin(
                value, key: value.key, database, &staging.value) ?? true
        return isKnown ? nil : "there are no values of type \(value.kind) yet"
    }

    private mutating func add(_ part: RDBEvent) -> String? {
        guard let staging = persistence.loader?.staging,
            persistence.loader?.skipsCollection == false,
            persistence.loader?.collection.add(part, &staging.value) == false
        else { return nil }
        if case .field(_, _, .some) = part { return "fields of hashes cannot expire yet" }
        return "a value has the same member or field twice"
    }

    private mutating func finishCollection() {
        guard let staging = persistence.loader?.staging,
            persistence.loader?.skipsCollection == false,
            persistence.loader?.collection.finish(&staging.value) != nil
        else { return }
        countLoaded()
    }

    /// Puts the loaded data in place of the old ones, which are freed in slices.
    mutating func adoptLoad() {
        guard let staging = persistence.loader?.staging else { return }
        persistence.statistics.keysLoaded = persistence.loader?.keys ?? 0
        persistence.statistics.keysLoadedExpired = persistence.loader?.expired ?? 0
        // A walk over data that are going away has nothing more to say.
        if persistence.target != nil { abortRun("the dataset was replaced") }
        tripAllWatchers()
        let changes = keyspace.changes
        swap(&keyspace, &staging.value)
        keyspace.changes = changes
        persistence.statistics.changesAtSave = changes
        if persistence.loader?.source == .primary { persistence.isUnsaved = true }
        keyspace.now = frontend.time.wall / 1000
        markForWaiters(allOf: nil)
        bury(staging)
        endLoading()
    }

    /// Forgets a load that failed or is no longer wanted.
    mutating func abandonLoad() {
        guard let staging = persistence.loader?.staging else { return }
        bury(staging)
        endLoading()
    }

    private mutating func endLoading() {
        if persistence.loader?.source != .primary { gates.remove(.loading) }
        persistence.loader = nil
        persistence.statistics.loadingSince = 0
    }

    private mutating func bury(_ old: Slot<Databases>) {
        old.value.flush(nil)
        if let graveyard = persistence.graveyard {
            // Two at once are rare; the older one is nearly empty by then.
            while graveyard.value.maintain(budget: 10_000) {}
            graveyard.free()
        }
        persistence.graveyard = old
    }

    /// Gives the walk up and tells those who wait for it.
    mutating func abortRun(_ reason: String) {
        switch persistence.target {
        case .disk(let file, _)?:
            frontend.log(.notice, "Background saving given up: \(reason)")
            abandonSave(file, reason)
        case .sockets?:
            closeReaders(at: .sending)
            endRun()
        case nil: break
        }
    }

    // MARK: From a file

    /// Begins to load the data file; `session` is answered at the end.
    mutating func loadFile(for session: Int?) {
        let id = nextToken
        nextToken += 1
        beginLoad(.file(id, session: session), dropsExpired: !replication.isReplica)
        frontend.requests.append(.readFile(id: id, path: dataPath(settings.dbfilename)))
    }

    /// A piece of a file arrived. Whether the id was a load's.
    mutating func loadRead(_ id: Int, _ bytes: [UInt8], isLast: Bool) -> Bool {
        guard case .file(let own, let session)? = persistence.loader?.source, own == id else {
            return false
        }
        switch bytes.withView({ feedLoad($0) }) {
        case .more where !isLast:
            frontend.requests.append(.readMore(id: id))
        case .more:
            fileLoaded(session, .failure("unexpected end of file"))
        case .failed(let reason):
            fileLoaded(session, .failure(reason))
        case .finished(let aux):
            adoptLoad()
            fileLoaded(session, .success(aux))
        }
        return true
    }

    /// The file could not be read. Whether the id was a load's.
    mutating func loadUnreadable(_ id: Int, errno: Int32, reason: String) -> Bool {
        guard case .file(let own, let session)? = persistence.loader?.source, own == id else {
            return false
        }
        abandonLoad()
        // No file is an empty dataset.
        fileLoaded(session, errno == 2 ? .missing : .failure(reason))
        return true
    }

    private mutating func fileLoaded(_ session: Int?, _ result: FileLoad) {
        if case .failure = result { abandonLoad() }
        guard let session else { return startDataLoaded(result) }
        guard let slot = frontend.sessions[session] else { return }
        if case .failure(let reason) = result {
            frontend.log(.warning, "Error trying to load the RDB dump: \(reason)")
            slot.value.reply.error("ERR Error trying to load the RDB dump, check server logs")
        } else {
            slot.value.reply.ok()
        }
        unblock(slot)
    }

    /// DEBUG RELOAD after its save.
    mutating func reload(for session: Int) { loadFile(for: session) }
}

/// How loading a file ended.
enum FileLoad: Equatable {
    case success(LoadedAux)
    case missing
    case failure(String)
}
