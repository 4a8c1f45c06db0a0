"""A big collection split into buckets: many small hashes instead of one huge one, or of a key for
each object.

Small hashes are stored densely: an object in a bucket of some hundred takes a fraction of what a
key of its own takes. And no command ever has millions of fields before it.

Costs: a field per object; all objects of a bucket share one expiry. Keep buckets below
hash-max-listpack-entries and values below hash-max-listpack-value.
Loses when the primary dies: changes of the last moments.
"""
import zlib


class Split:
    def __init__(self, redis, name, buckets):
        self.redis, self.name, self.buckets = redis, name, buckets

    def key(self, field):
        return f'{self.name}:{zlib.crc32(field.encode()) % self.buckets}'

    def set(self, field, value):
        self.redis.hset(self.key(field), field, value)

    def get(self, field):
        return self.redis.hget(self.key(field), field)

    def remove(self, field):
        return self.redis.hdel(self.key(field), field) == 1

    def __iter__(self):
        for bucket in range(self.buckets):
            yield from self.redis.hscan_iter(f'{self.name}:{bucket}')

    def __len__(self):
        with self.redis.pipeline(transaction=False) as pipe:
            for bucket in range(self.buckets):
                pipe.hlen(f'{self.name}:{bucket}')
            return sum(pipe.execute())


def before(redis):
    split = Split(redis, 'users', 16)
    for number in range(1000):
        split.set(f'user {number}', number)
    assert split.remove('user 3') and not split.remove('user 3')
    encoding = redis.object('encoding', 'users:0')
    assert encoding in (b'listpack', b'ziplist'), encoding
    return None


def after(redis, _):
    split = Split(redis, 'users', 16)
    assert len(split) == 999 and split.get('user 999') == b'999'
    assert {int(value) for _, value in split} == set(range(1000)) - {3}
