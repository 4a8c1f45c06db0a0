"""Write-back cache: writes go to the cache and are carried to the source in batches.

A change and the note that it is to be carried over are one transaction. The carrier moves names
from the dirty set into a set of its own, so a carrier that dies loses none: the next one goes on
with what it finds there.

Costs: one hash per object and one set member per dirty object; the source sees one write where
the cache saw many.
Loses when the primary dies: changes of the last moments that had not reached the secondary. With
WAIT after the transaction, as here, none that was confirmed.
"""


class WriteBack:
    def __init__(self, redis, replicas=0):
        self.redis, self.replicas = redis, replicas

    def change(self, name, **fields):
        """Returns whether as many replicas as wanted have it."""
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.hset(f'object:{name}', mapping=fields)
            pipe.sadd('dirty', name)
            pipe.execute()
        return self.replicas == 0 or self.redis.wait(self.replicas, 2000) >= self.replicas

    def carry(self, store, count=100):
        """Writes up to `count` objects by `store(name, fields)`; returns how many."""
        for name in self.redis.srandmember('dirty', count):
            self.redis.smove('dirty', 'carrying', name)
        carried = 0
        for name in self.redis.smembers('carrying'):
            fields = self.redis.hgetall(f'object:{name.decode()}')
            store(name.decode(), {k.decode(): v.decode() for k, v in fields.items()})
            self.redis.srem('carrying', name)
            carried += 1
        return carried


def before(redis):
    cache = WriteBack(redis, replicas=1)
    assert cache.change('ann', age=30, town='Ulm')
    assert cache.change('ann', age=31)
    assert cache.change('bob', age=40)
    # A carrier died with one name in its hands.
    redis.smove('dirty', 'carrying', 'bob')
    return None


def after(redis, _):
    source = {}
    cache = WriteBack(redis)
    assert cache.carry(source.__setitem__) == 2
    assert source == {'ann': {'age': '31', 'town': 'Ulm'}, 'bob': {'age': '40'}}, source
    assert cache.carry(source.__setitem__) == 0
