/// Commands that others than their own handlers ask for: rules about channels and keys, secrets,
/// pauses, EXEC. What a command is follows from its row's name when the table is made; neither a
/// new name nor the word a client typed changes it.
@frozen @usableFromInline
package enum CommandIdentity: UInt8, BitwiseCopyable, Sendable {
    case other
    case auth, hello, migrate, configSet, aclSetUser, aclDeleteUser
    case subscribe, subscribePattern, subscribeShard, publish, publishShard
    case set, bitfield
    case exec, ping, clientPause, clientUnpause, failover, shutdown

    /// What the command of this full name is.
    init(name: String) { self = CommandIdentity.names[name] ?? .other }

    private static let names: [String: CommandIdentity] = [
        "auth": .auth, "hello": .hello, "migrate": .migrate, "config|set": .configSet,
        "acl|setuser": .aclSetUser, "acl|deluser": .aclDeleteUser,
        "subscribe": .subscribe, "psubscribe": .subscribePattern, "ssubscribe": .subscribeShard,
        "publish": .publish, "spublish": .publishShard,
        "set": .set, "bitfield": .bitfield,
        "exec": .exec, "ping": .ping, "client|pause": .clientPause,
        "client|unpause": .clientUnpause, "failover": .failover, "shutdown": .shutdown,
    ]
}
