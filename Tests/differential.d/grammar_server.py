"""Random commands that are not about keys: connections, configuration, introspection."""

# Directives that may change while servers are compared, with values that do no harm.
NUMBERS = ['0', '1', '-1', '7', '1000', '100000', '2147483647', '2147483648', '-2147483649',
           '9223372036854775807', '9223372036854775808', '1k', '1kb', '2mb', '1.5', '', 'x', ' 1',
           '0x10', '+1', '01']
SWITCHES = ['yes', 'no', 'YES', 'No', 'on', '1', '', 'yess']
DIRECTIVES = {
    'maxmemory-policy': ['noeviction', 'allkeys-lru', 'allkeys-random', 'volatile-ttl', 'x', ''],
    'maxmemory-samples': NUMBERS, 'maxmemory-eviction-tenacity': NUMBERS,
    'lfu-log-factor': NUMBERS, 'lfu-decay-time': NUMBERS, 'hz': NUMBERS,
    'dynamic-hz': SWITCHES, 'active-expire-effort': NUMBERS, 'lazyfree-lazy-expire': SWITCHES,
    'lazyfree-lazy-eviction': SWITCHES, 'lazyfree-lazy-server-del': SWITCHES,
    'lazyfree-lazy-user-del': SWITCHES, 'lazyfree-lazy-user-flush': SWITCHES,
    'replica-lazy-flush': SWITCHES, 'slave-lazy-flush': SWITCHES,
    'slowlog-max-len': NUMBERS, 'slowlog-log-slower-than': ['-1', '-1', '-2', 'x', ''],
    'latency-monitor-threshold': ['0', '-1', 'x'], 'latency-tracking': SWITCHES,
    'latency-tracking-info-percentiles': ['', '50', '50 99.9', '101', '-1', 'x', '50 x'],
    'notify-keyspace-events': ['', 'KEA', 'Kg', 'Ex', 'KE$', 'A', 'mnKE', 'q', 'KEq', 'gxKE',
                               'g$lszhxetdKE', 'KEAm'],
    'hash-max-listpack-entries': NUMBERS, 'hash-max-ziplist-value': NUMBERS,
    'set-max-intset-entries': NUMBERS, 'list-max-listpack-size': NUMBERS,
    'list-compress-depth': NUMBERS, 'zset-max-listpack-entries': NUMBERS,
    'hll-sparse-max-bytes': NUMBERS, 'stream-node-max-bytes': NUMBERS,
    'stream-node-max-entries': NUMBERS, 'activerehashing': SWITCHES,
    'rdbcompression': SWITCHES, 'rdb-save-incremental-fsync': SWITCHES,
    'stop-writes-on-bgsave-error': SWITCHES, 'tcp-keepalive': NUMBERS,
    'timeout': ['0', '1000', '-1', 'x'], 'loglevel': ['notice', 'LOUD', '', 'debug'],
    'repl-ping-replica-period': ['10', '0', '-1', 'x'], 'repl-timeout': ['60', '0', 'x'],
    'repl-backlog-ttl': ['3600', '-1', 'x'], 'min-replicas-to-write': ['0', '-1', 'x'],
    'min-replicas-max-lag': ['10', '-1', 'x'], 'replica-priority': NUMBERS,
    'replica-announced': SWITCHES, 'client-query-buffer-limit': ['1gb', '1', 'x'],
    'client-output-buffer-limit': ['normal 0 0 0', 'pubsub 32mb 8mb 60', 'normal 0 0',
                                   'x 0 0 0', 'replica 256mb 64mb 60 normal 0 0 0', '', 'normal'],
    'maxmemory-clients': ['0', '10%', '101%', '-1', 'x'], 'proto-max-bulk-len': ['64mb', '1', 'x'],
    'acllog-max-len': NUMBERS, 'oom-score-adj': ['no', 'maybe'],
    'oom-score-adj-values': ['0 200 800', '1 2', '0 0 9999', 'x y z'],
    'lua-time-limit': ['5000', '-1', 'x'], 'jemalloc-bg-thread': SWITCHES,
    'set-proc-title': SWITCHES, 'proc-title-template': ['{title} {port}', '{x}', ''],
    'cluster-node-timeout': ['15000', 'x'], 'appendfsync': ['everysec', 'always', 'x'],
    'no-appendfsync-on-rewrite': SWITCHES, 'auto-aof-rewrite-percentage': NUMBERS,
    'crash-log-enabled': SWITCHES, 'tracking-table-max-keys': NUMBERS,
    'io-threads': ['2'], 'databases': ['16', '32'], 'unixsocket': ['/tmp/x'],
    'daemonize': ['yes', 'no'], 'port': ['x', '-1', '65536', ''], 'nosuch': ['1'], '': [''],
    'save': ['', '3600', 'x 1', '1 x', '-1 1', '0 1'], 'dir': ['/nonexistent'],
    'dbfilename': ['a/b', 'dump.rdb'], 'requirepass': [''], 'masterauth': ['', 'secret'],
    'replica-serve-stale-data': SWITCHES, 'ignore-warnings': ['', 'ARM64-COW-BUG'],
}
CATEGORIES = '''keyspace read write set sortedset list hash string bitmap hyperloglog geo stream
pubsub admin fast slow blocking dangerous connection transaction scripting x'''.split() + ['']


class ServerGrammar:
    """Shapes of commands; `c_name` gives the words after the name."""

    def directive(self):
        return self.random.choice(list(DIRECTIVES))

    def setting(self):
        name = self.directive()
        return [self.word(name), self.random.choice(DIRECTIVES[name])]

    def c_config(self):
        kind = self.random.random()
        if kind < 0.5:
            return ['SET'] + [w for _ in range(self.pick(1, 1, 1, 2, 3)) for w in self.setting()]
        if kind < 0.93:
            patterns = [self.directive() or 'hz', self.directive() or 'hz',
                        self.pick('lazyfree*', 'HZ', '*-max-*', 'list-*', 'nosuch', '', '[')]
            return ['GET'] + self.random.sample(patterns, self.pick(1, 1, 2, 3))
        return [self.pick('RESETSTAT', 'REWRITE', 'x', 'SET', 'GET', '')] + self.odd(2)

    def odd(self, most=1):
        """Now and then words that should not be there."""
        return self.maybe(0.1, self.some(self.value, 0, most))

    def c_client(self):
        names = [b'me', b'', b'a b', b'n\n', b'\xff', b'long' * 20, b'ok-name_1']
        return self.random.choice([
            ['ID'], ['GETNAME'], ['SETNAME', self.pick(*names)], ['INFO'], ['LIST'],
            ['LIST', 'TYPE', self.pick('normal', 'pubsub', 'replica', 'master', 'x')],
            ['LIST', 'ID', self.pick('999999', '-1', 'x'), 'x'], ['LIST', 'x'],
            ['GETREDIR'], ['NO-EVICT', self.pick('on', 'OFF', 'x')], ['REPLY', 'ON'],
            ['REPLY', 'x'], ['PAUSE', self.pick('0', '1', '-1', 'x', '')],
            ['PAUSE', self.pick('0', '1', '-1'), self.pick('WRITE', 'all', 'x')], ['UNPAUSE'],
            ['UNBLOCK', self.pick('999999', 'x', '-1')],
            ['UNBLOCK', '999999', self.pick('TIMEOUT', 'error', 'x')],
            ['KILL', self.pick('1.2.3.4:5', 'x', '')], ['KILL', 'ID', self.pick('999999', 'x')],
            ['KILL', 'ID', self.pick('0', '-1', '1.5')], ['KILL', 'TYPE', 'x'],
            ['KILL', 'USER', 'nobody'],
            ['KILL', 'ADDR', '1.2.3.4:5', 'LADDR', '1.2.3.4:5', 'SKIPME', 'no'],
            ['KILL', 'ID', '999999', 'SKIPME', self.pick('no', 'yes', 'x')], ['KILL'],
            ['TRACKINGINFO'], ['CACHING', self.pick('yes', 'no', 'x')], ['TRACKING', 'OFF'],
            ['x'], ['']]) + self.odd()

    def c_command(self):
        def name():
            return self.pick(*self.names, 'config|set', 'client|kill', 'object', 'nosuch', '',
                             'x|y')
        kind = self.random.random()
        if kind < 0.35:
            return ['INFO'] + self.some(name, 1, 3)
        if kind < 0.5:
            return ['DOCS'] + self.some(name, 1, 3)
        if kind < 0.75 and self.depth == 0:
            return [self.pick('GETKEYS', 'GETKEYSANDFLAGS')] + self.nested()
        if kind < 0.9:
            return ['LIST', 'FILTERBY'] + self.random.choice([
                ['ACLCAT', self.pick(*CATEGORIES)],
                ['PATTERN', self.pick('get*', '*', 'x', '[a-c]*')],
                ['MODULE', 'x'], ['x', 'y'], ['ACLCAT']])
        return self.random.choice([['COUNT'], ['x'], ['LIST', 'x'], ['GETKEYS'], ['']])

    def nested(self):
        """A whole command, as an argument."""
        self.depth += 1
        words = self.command()
        self.depth -= 1
        return words

    def c_slowlog(self):
        return self.random.choice([
            ['GET', self.pick('0', '-1', '-2', 'x', '5')], ['GET'], ['LEN'], ['RESET'], ['x']
        ]) + self.odd()

    def c_latency(self):
        return self.random.choice([
            ['LATEST'], ['RESET'], ['RESET', 'x', 'y'], ['HISTORY', 'x'], ['HISTORY'],
            ['GRAPH', 'x'], ['HISTOGRAM', 'nosuch'], ['x']]) + self.odd()

    def c_acl(self):
        return self.random.choice([
            ['WHOAMI'], ['CAT'], ['CAT', self.pick(*CATEGORIES)], ['USERS'], ['LIST'],
            ['GENPASS'], ['GENPASS', self.pick('0', '1', '5', '4096', '4097', 'x', '-1', '64')],
            ['GETUSER', self.pick('default', 'nobody', '')], ['DELUSER', 'nobody'],
            ['DELUSER', 'default'], ['LOG', self.pick('RESET', 'x')],
            ['DRYRUN', 'nobody', 'get', 'x'], ['DRYRUN', 'default', 'nosuch'], ['LOAD'], ['SAVE'],
            ['DRYRUN', 'default'] + (self.nested() if self.depth == 0 else ['get', 'x']),
            ['x']]) + self.odd()

    def c_memory(self):
        return self.random.choice([
            ['USAGE', b'no such key'], ['USAGE', b'no such key', 'SAMPLES'],
            ['USAGE', b'k1', 'x', '1'],
            ['USAGE', b'no such key', 'SAMPLES', self.pick('0', '-1', 'x', '5')], ['PURGE'],
            ['x']]) + self.odd()

    def c_object(self):
        return [self.word(self.pick('ENCODING', 'FREQ', 'IDLETIME', 'REFCOUNT', 'x')),
                self.key()] + self.odd()

    def c_pubsub(self):
        return self.random.choice([
            ['CHANNELS'], ['CHANNELS', 'x*'], ['NUMPAT'], ['NUMSUB'], ['NUMSUB', 'a', 'b', 'a'],
            ['SHARDCHANNELS'], ['SHARDCHANNELS', '*'], ['SHARDNUMSUB', 'a'], ['SHARDNUMSUB'],
            ['x']]) + self.odd()

    def c_debug(self):
        return self.random.choice([
            ['OBJECT', self.key()], ['DIGEST-VALUE'] + self.some(self.key, 0, 3), ['DIGEST'],
            ['ERROR', self.pick('ERR oops', 'WEIRD', '', 'a\nb', 'a\r\nb')], ['SLEEP', '0'],
            ['LOG', 'differential'],
            ['PROTOCOL', self.pick('string', 'integer', 'double', 'null', 'array', 'set', 'map',
                                   'attrib', 'push', 'verbatim', 'true', 'false', 'bignum', 'x')],
            ['SET-ACTIVE-EXPIRE', '0'], ['POPULATE', '3', 'p'],
            ['POPULATE', self.pick('2', '0', 'x'), 'q', self.pick('5', '0', '30', 'x')], ['x'],
            ['OBJECT'], ['SLEEP'], ['PROTOCOL']])

    def c_hello(self):
        words = self.random.choice([[], ['2'], ['3'], ['2'], ['3'], ['4'], ['x'], ['1'], ['']])
        words = words + self.maybe(0.2, ['SETNAME', self.pick('me', 'a b', '')])
        words += self.maybe(0.15, ['AUTH', self.pick('default', 'nobody'), self.pick('', 'x')])
        return words + self.odd()

    def c_auth(self):
        return self.random.choice([['x'], ['default', 'x'], ['nobody', 'x'], [''], ['a', 'b', 'c']])

    def c_scan(self):
        def option():
            return self.random.choice([
                ['MATCH', self.pick('*', 'k?', 'k[0-3]', '*x*', 'nosuch')],
                ['COUNT', self.pick('1000', '1000', '0', '-1', 'x', '')],
                ['TYPE', self.pick('string', 'list', 'STRING', 'x')], ['x'], ['MATCH']])
        words = [self.pick('0', '0', '0', 'x', '', '18446744073709551616', '00', '0x0')]
        words += [w for _ in range(self.pick(0, 1, 1, 2)) for w in option()]
        return words + ['COUNT', '1000']

    def c_swapdb(self):
        return [self.pick(0, 1, 2, 15, 16, -1, b'x'), self.pick(0, 1, 2, 15, 16, -1, b'', b'1.5')]

    def c_replconf(self):
        return self.random.choice([['x', 'y'], ['x'], ['capa', 'eof'], ['listening-port', 'x'],
                                   ['ip-address', 'x' * 300], [], ['rdb-only', 'x']])

    def c_shutdown(self):
        return self.random.choice([['ABORT'], ['x'], ['SAVE', 'NOSAVE'], ['ABORT', 'x']])

    def c_failover(self):
        return self.random.choice([['ABORT'], ['x'], ['TIMEOUT', 'x'], ['TO', 'x'],
                                   ['TIMEOUT', '0'], ['FORCE'], ['TO', 'x', 'y'],
                                   ['ABORT', 'TO', 'a', '1']])

    def c_replicaof(self):
        return self.random.choice([['NO', 'ONE'], ['a', 'x'], ['a', '-1'], ['a', '65536'], ['a']])

    c_slaveof = c_replicaof

    def c_cluster(self):
        return [self.pick('INFO', 'NODES', 'SLOTS', 'x', '', 'KEYSLOT', 'RESET')] + self.odd()

    def c_module(self):
        return self.random.choice([['LIST'], ['x'], ['UNLOAD'], ['LOAD']])

    def c_time(self):
        return []

    c_readonly = c_readwrite = c_asking = c_lastsave = c_role = c_time
    c_randomkey = c_time

    def c_save(self):
        return self.pick(['x'], ['x'], [])

    def c_bgsave(self):
        return self.random.choice([['x'], ['SCHEDULE', 'x'], ['']])

    def c_wait(self):
        return self.random.choice([['0', '0'], ['0', '1'], ['x', '0'], ['0', '-1'], ['0', 'x'],
                                   ['0', str(2 ** 63 - 1)], ['0', str(2 ** 63)]])

    def c_lolwut(self):
        return ['VERSION'] + self.pick(['x'], ['1'], ['9'], ['5', 'x'], ['6', 'x'], ['7', 'x'])

    def c_reset(self):
        return []

    def c_restore_asking(self):
        return self.c_restore()

    def c_spublish(self):
        return [self.key(), self.value()]
