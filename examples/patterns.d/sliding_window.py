"""Rate limiter with a sliding window, on a sorted set.

Each request is a member whose score is its time; members older than the window are removed, and
what is left is counted. Exact at every moment, unlike a counter per minute.

Costs: one member (about 70 bytes) for each request within the window, O(log N) to add one.
Loses when the primary dies: requests of the last moments that had not reached the secondary, so
somebody may get a few requests more than allowed.
"""
import time
import uuid


class SlidingWindow:
    """Allows `limit` requests within any `window` seconds for each name."""

    def __init__(self, redis, limit, window):
        self.redis, self.limit, self.window = redis, limit, window

    def allow(self, name, now=None):
        now = time.time() if now is None else now
        key, member = f'window:{name}', f'{now}:{uuid.uuid4().hex}'
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.zremrangebyscore(key, '-inf', now - self.window)
            pipe.zadd(key, {member: now})
            pipe.zcard(key)
            pipe.pexpire(key, int(self.window * 1000) + 1)
            count = pipe.execute()[2]
        if count <= self.limit:
            return True
        self.redis.zrem(key, member)
        return False


def before(redis):
    limiter = SlidingWindow(redis, 3, 60)
    assert [limiter.allow('ann', now) for now in (100, 101, 102, 103)] == [True] * 3 + [False]
    # The first request has left the window by then.
    assert limiter.allow('ann', 160.5) and not limiter.allow('ann', 160.6)
    assert limiter.allow('bob', 103)
    return limiter


def after(redis, limiter):
    assert not SlidingWindow(redis, 3, 60).allow('ann', 160.7), 'the window was forgotten'
    assert SlidingWindow(redis, 3, 60).allow('ann', 230)
