"""Rate limiter with fixed windows: a counter per name and minute, by INCR.

Costs: one small key per name and window, O(1). Up to twice the limit may pass around the change
from one window to the next; where that matters, use sliding_window.
Loses when the primary dies: the last increments that had not reached the secondary.
"""


class FixedWindow:
    """Allows `limit` requests per name in each window of `seconds`."""

    def __init__(self, redis, limit, seconds=60):
        self.redis, self.limit, self.seconds = redis, limit, seconds

    def allow(self, name, now):
        key = f'count:{name}:{int(now // self.seconds)}'
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            # Whoever comes first sets the end; NX keeps it from being put off.
            pipe.expire(key, self.seconds * 2, nx=True)
            return pipe.execute()[0] <= self.limit


def before(redis):
    limiter = FixedWindow(redis, 2)
    assert [limiter.allow('ann', 61) for _ in range(3)] == [True, True, False]
    assert limiter.allow('ann', 121), 'a new window'
    assert 0 < redis.ttl('count:ann:1') <= 120
    return None


def after(redis, _):
    assert not FixedWindow(redis, 2).allow('ann', 62), 'the count was forgotten'
