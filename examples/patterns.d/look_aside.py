"""Look-aside cache: the application asks the cache, then the source, and fills the cache.

The cache may be away at any time: then every question goes to the source, slower but answered.
A write changes the source first and then removes the cached copy.

Costs: one key per object, a little jitter in the lifetimes so that not all end at once.
Loses when the primary dies: nothing that matters. A removal that did not reach the secondary may
bring back an old copy until its lifetime ends, so lifetimes are short.
"""
import json
import random

import redis as client


class LookAside:
    """Caches what `source` (a function of the name) says, for about `seconds`."""

    def __init__(self, redis, source, seconds=30):
        self.redis, self.source, self.seconds = redis, source, seconds
        self.misses = 0

    def get(self, name):
        try:
            cached = self.redis.get(f'cache:{name}')
            if cached is not None:
                return json.loads(cached)
        except client.RedisError:
            return self.source(name)
        self.misses += 1
        value = self.source(name)
        try:
            lifetime = int(self.seconds * random.uniform(0.9, 1.1) * 1000)
            self.redis.set(f'cache:{name}', json.dumps(value), px=lifetime)
        except client.RedisError:
            pass
        return value

    def forget(self, name):
        """To be called after the source has changed."""
        try:
            self.redis.delete(f'cache:{name}')
        except client.RedisError:
            pass


def before(redis):
    table = {'ann': {'age': 30}}
    cache = LookAside(redis, table.get)
    assert cache.get('ann') == cache.get('ann') == {'age': 30} and cache.misses == 1
    table['ann'] = {'age': 31}
    cache.forget('ann')
    assert cache.get('ann') == {'age': 31} and cache.misses == 2
    return table


def during(redis, table):
    """The primary is dead and nobody has taken over yet, or never will."""
    assert LookAside(redis, table.get).get('ann') == {'age': 31}


def after(redis, table):
    cache = LookAside(redis, table.get)
    assert cache.get('ann') == {'age': 31} and cache.misses == 0
