"""Runs every pattern against a group of its own, kills the primary in the middle, and looks at
what is left. Started by examples/patterns."""
import argparse
import importlib
import os
import sys
import time

import redis
from redis.sentinel import MasterNotFoundError, Sentinel

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'demo.d')]
from group import GROUP, Group, TookTooLong, wait_for  # noqa: E402

PATTERNS = [
    'sliding_window', 'fixed_window', 'leaderboard', 'look_aside', 'write_back', 'sessions',
    'lock', 'deduplication', 'reliable_queue', 'stack_and_ring', 'unique_visitors',
    'hourly_buckets', 'split_collection',
]


def connect(group):
    """A client that asks the sentinels for the primary, as an application should."""
    sentinels = Sentinel(group.sentinel_addresses, socket_timeout=2)
    return sentinels.master_for(GROUP, socket_timeout=5)


def settled(client):
    """Whether what was written until now is on the secondary too."""
    return client.set('settled', time.time()) and client.wait(1, 1000) == 1


def run(names, group):
    modules = {name: importlib.import_module(name) for name in names}
    client = connect(group)
    states = {}
    for name, module in modules.items():
        states[name] = module.before(client)
    wait_for('the secondary has everything', lambda: settled(client))
    dead = group.primary()
    dead.kill()
    print(f'killed {dead.name}')
    each(modules, 'during', client, states)
    wait_for('a client writes to the new primary', lambda: answers(group), 20)
    failed = each(modules, 'after', connect(group), states)
    for node in group.servers:
        node.kill()
    # With the whole group down there is nobody to write to; reading aside must go on.
    each(modules, 'during', client, states)
    return failed


def answers(group):
    try:
        return connect(group).set('answers', 1)
    except (redis.RedisError, MasterNotFoundError) as error:
        raise OSError(str(error)) from error


def each(modules, step, client, states):
    failed = 0
    for name, module in modules.items():
        function = getattr(module, step, None)
        if function is None:
            continue
        try:
            function(client, states[name])
            if step == 'after':
                print(f'{name}: kept')
        except AssertionError as error:
            failed += 1
            line = error.__traceback__.tb_next.tb_lineno
            print(f'{name}: FAILED {step} the failover, line {line}: {error}')
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('names', nargs='*', metavar='PATTERN', help=', '.join(PATTERNS))
    parser.add_argument('--server', required=True)
    parser.add_argument('--sentinel', required=True)
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(PATTERNS)
    if unknown:
        parser.error('no such pattern: ' + ', '.join(sorted(unknown)))
    group = Group([arguments.server.split()] * 2, [arguments.sentinel.split()] * 3)
    try:
        group.start()
        return 1 if run(arguments.names or PATTERNS, group) else 0
    except TookTooLong as error:
        print(error)
        return 2
    finally:
        group.close()


if __name__ == '__main__':
    sys.exit(main())
