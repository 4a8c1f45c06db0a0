import Memory
import RESP

/// Facts of a command that gates and COMMAND derive from.
@frozen @usableFromInline
package struct CommandFlags: OptionSet, Sendable {
    @usableFromInline package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    @inlinable package static var write: Self { Self(rawValue: 1 << 0) }
    @inlinable package static var readonly: Self { Self(rawValue: 1 << 1) }
    @inlinable package static var denyOOM: Self { Self(rawValue: 1 << 2) }
    @inlinable package static var admin: Self { Self(rawValue: 1 << 3) }
    @inlinable package static var pubsub: Self { Self(rawValue: 1 << 4) }
    @inlinable package static var noScript: Self { Self(rawValue: 1 << 5) }
    @inlinable package static var blocking: Self { Self(rawValue: 1 << 6) }
    @inlinable package static var loading: Self { Self(rawValue: 1 << 7) }
    @inlinable package static var stale: Self { Self(rawValue: 1 << 8) }
    @inlinable package static var skipMonitor: Self { Self(rawValue: 1 << 9) }
    @inlinable package static var skipSlowlog: Self { Self(rawValue: 1 << 10) }
    @inlinable package static var fast: Self { Self(rawValue: 1 << 11) }
    @inlinable package static var noAuth: Self { Self(rawValue: 1 << 12) }
    @inlinable package static var mayReplicate: Self { Self(rawValue: 1 << 13) }
    @inlinable package static var noAsyncLoading: Self { Self(rawValue: 1 << 14) }
    @inlinable package static var noMulti: Self { Self(rawValue: 1 << 15) }
    @inlinable package static var movableKeys: Self { Self(rawValue: 1 << 16) }
    @inlinable package static var allowBusy: Self { Self(rawValue: 1 << 17) }
    @inlinable package static var asking: Self { Self(rawValue: 1 << 20) }
    @inlinable package static var noMandatoryKeys: Self { Self(rawValue: 1 << 21) }
    /// Executed at once inside MULTI instead of being queued.
    @inlinable package static var notQueued: Self { Self(rawValue: 1 << 18) }
    /// Allowed on a RESP2 connection that has subscriptions.
    @inlinable package static var inSubscription: Self { Self(rawValue: 1 << 19) }

    /// Answers with pushes, which CLIENT REPLY does not silence.
    @inlinable package static var pushes: Self { Self(rawValue: 1 << 22) }

    /// Takes a moment, though Redis does not call it fast: timed with its batch.
    @inlinable package static var brief: Self { Self(rawValue: 1 << 24) }

    /// Deletes expired keys of any names on its way; each is a change of its own for replicas.
    @inlinable package static var arbitraryKeys: Self { Self(rawValue: 1 << 23) }

    /// Redis's names, in the order in which COMMAND lists them; it does not list `mayReplicate`.
    package static let names: [(CommandFlags, String)] = [
        (.write, "write"), (.readonly, "readonly"), (.denyOOM, "denyoom"), (.admin, "admin"),
        (.pubsub, "pubsub"), (.noScript, "noscript"), (.blocking, "blocking"),
        (.loading, "loading"), (.stale, "stale"), (.skipMonitor, "skip_monitor"),
        (.skipSlowlog, "skip_slowlog"), (.asking, "asking"), (.fast, "fast"),
        (.noAuth, "no_auth"),
        (.noMandatoryKeys, "no_mandatory_keys"), (.noAsyncLoading, "no_async_loading"),
        (.noMulti, "no_multi"), (.movableKeys, "movablekeys"), (.allowBusy, "allow_busy"),
    ]
}

/// Families of commands, as COMMAND DOCS groups them; each is also the ACL category of its name.
package enum CommandGroup: String, Sendable {
    case generic, string, list, set, sortedSet = "sorted-set", hash, pubsub, transactions
    case connection, server, scripting, hyperloglog, cluster, sentinel, geo, stream, bitmap
}

/// Where a command's keys are among its arguments.
package struct KeyPositions: Equatable, Sendable {
    package var first: Int
    package var last: Int
    package var step: Int
    package static var none: KeyPositions { KeyPositions(first: 0, last: 0, step: 0) }
    package static var first: KeyPositions { KeyPositions(first: 1, last: 1, step: 1) }
    package static var all: KeyPositions { KeyPositions(first: 1, last: -1, step: 1) }
    package init(first: Int, last: Int, step: Int) {
        self.first = first
        self.last = last
        self.step = step
    }
}

/// A handler as a plain jump: addresses of the service, its frontend and the call; returns a
/// `Propagation`. Rows wrap typed functions in it.
@usableFromInline
package typealias CommandThunk = @convention(c) (UInt, UInt, UInt) -> Int32

/// One row of the command table. With its handler it is all there is to write for a command:
/// gates, COMMAND, COMMAND DOCS, key extraction, propagation and a test are derived from it.
package struct Command: Sendable {
    /// What it is, whatever clients call it: rules of users, statistics and errors name it so. In a
    /// table it is the full name ("client|list").
    package internal(set) var name: String
    /// By what clients find it: `rename-command` changes it, and makes it empty for a command that
    /// is taken away.
    package var calledName: String
    /// What it is to those who treat it in their own way; known once it is in a table.
    package internal(set) var identity = CommandIdentity.other
    package var arity: Int
    package var flags: CommandFlags
    package var keys: KeyPositions
    package var group: CommandGroup
    package var since: String
    package var complexity: String
    package var summary: String
    /// Arguments after the name, in the notation of `redis-cli` help; empty for none.
    package var syntax: String
    /// ACL categories besides those that follow from flags and group.
    package var categories: [String]
    /// Tips for client libraries, as COMMAND gives them.
    package var tips: [String]
    package var subcommands: [Command]
    /// What is done with the keys at `keys`, in Redis's words ("RW access update"); empty for
    /// the usual of a command that reads or writes.
    package var keyAccess: String
    /// Where the keys are, for commands whose positions `keys` cannot say.
    package var keySpecs: [KeySpec]
    package var run: CommandThunk

    /// A command with a handler. `arity` counts the name; negative means "at least".
    package init(
        _ name: String, arity: Int, flags: CommandFlags = [], keys: KeyPositions = .none,
        group: CommandGroup, since: String = "1.0.0", complexity: String = "O(1)",
        summary: String = "", syntax: String = "", categories: [String] = [],
        tips: [String] = [], subcommands: [Command] = [], keyAccess: String = "",
        keySpecs: [KeySpec] = [], run: @escaping CommandThunk
    ) {
        self.name = name
        calledName = name
        self.arity = arity
        self.flags = flags
        self.keys = keys
        self.group = group
        self.since = since
        self.complexity = complexity
        self.summary = summary
        self.syntax = syntax
        self.categories = categories
        self.tips = tips
        self.subcommands = subcommands
        self.keyAccess = keyAccess
        self.keySpecs = keySpecs
        self.run = run
    }

    /// A command that only has subcommands. HELP is added to them; it shows the others.
    package init(
        container name: String, group: CommandGroup, since: String, summary: String,
        helpSince: String, subcommands: [Command]
    ) {
        self.init(
            name, arity: -2, group: group, since: since, complexity: "Depends on subcommand.",
            summary: summary,
            subcommands: subcommands + [
                Command(
                    "help", arity: 2, flags: [.loading, .stale], group: group, since: helpSince,
                    summary: "Shows the subcommands."
                ) { shared($1, $2, subcommandHelp) }
            ]
        ) { _, _, _ in Propagation.none.rawValue }
    }
}

/// The rows of a service, family by family: `extension CommandRows { static let strings … }`.
package enum CommandRows {}

/// One request being executed: where its arguments are and who asks. Views of arguments are
/// valid until the end of the turn.
@frozen @usableFromInline
package struct Call {
    @usableFromInline package let session: Slot<Session>
    @usableFromInline let arena: Slot<ArgumentArena>
    @usableFromInline package let first: Int
    /// Number of arguments, the name included.
    @usableFromInline package let count: Int
    /// Index in the command table.
    @usableFromInline package let command: Int
    /// Hash of the first key, taken when the batch was parsed; 0 without one.
    @usableFromInline package var hash: UInt64

    @inlinable
    package init(
        session: Slot<Session>, arena: Slot<ArgumentArena>, first: Int, count: Int, command: Int,
        hash: UInt64 = 0
    ) {
        self.session = session
        self.arena = arena
        self.first = first
        self.count = count
        self.command = command
        self.hash = hash
    }

    /// Argument `index`; 0 is the command's name.
    @inlinable
    package subscript(index: Int) -> ByteView {
        @inline(__always) get {
            invariant(UInt(bitPattern: index) < UInt(bitPattern: count), "no such argument")
            return arena.value[first &+ index]
        }
    }

    /// The database the session has selected.
    @inlinable
    package var database: Int { session.value.database }

    /// Where the reply goes.
    @inlinable
    package var reply: ReplyWriter {
        @inline(__always) _read { yield session.value.reply }
        @inline(__always) nonmutating _modify { yield &session.value.reply }
    }

    /// Writes an error reply whose text is not static; `throw call.fail("…")`.
    @inline(never)
    package func fail(_ text: ErrorText) -> ReplyError {
        reply.error(quoting: text)
        return .written
    }

    /// Argument `index` as an integer, or Redis's error.
    @inlinable
    package func integer(_ index: Int) throws(ReplyError) -> Int64 {
        guard let value = self[index].integer else { throw .notInteger }
        return value
    }
}

/// Runs a typed handler of the frontend from a thunk.
@inlinable @inline(__always)
package func shared(
    _ frontend: UInt, _ call: UInt,
    _ body: (inout Frontend, Call) throws(ReplyError) -> Propagation
) -> Int32 {
    let call = Slot<Call>(address: call).value
    do {
        return try body(&Slot<Frontend>(address: frontend).value, call).rawValue
    } catch {
        return reportError(error, call)
    }
}

/// Writes the reply of a handler that threw.
@usableFromInline @inline(never)
package func reportError(_ error: ReplyError, _ call: Call) -> Int32 {
    if !error.isWritten { call.reply.error(error.text) }
    return Propagation.failed.rawValue
}
