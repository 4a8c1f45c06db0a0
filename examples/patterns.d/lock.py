"""Lock with an owner and an end: SET NX PX, released only by who holds it.

The token tells whether the lock is still ours. WATCH makes "is it mine, then delete it" one step
without a script. WAIT after taking it: a lock that only a primary knew would be given twice after
a failover. That narrows the gap and does not close it, so what the lock protects should also
refuse older tokens (the fencing number).

Costs: one key per lock, three round trips.
Loses when the primary dies: a lock whose taking was not confirmed; then `acquire` says None.
"""
import secrets

from redis import WatchError


class Lock:
    def __init__(self, redis, name, milliseconds, replicas=0):
        self.redis, self.key, self.milliseconds = redis, f'lock:{name}', milliseconds
        self.replicas, self.token, self.fence = replicas, None, None

    def acquire(self):
        """A number that grows with every holder, or None when somebody else has the lock."""
        token = secrets.token_hex(16)
        if not self.redis.set(self.key, token, nx=True, px=self.milliseconds):
            return None
        self.token = token
        self.fence = self.redis.incr(f'{self.key}:fence')
        if self.replicas and self.redis.wait(self.replicas, 1000) < self.replicas:
            self.release()
            return None
        return self.fence

    def release(self):
        """Whether the lock was still ours."""
        with self.redis.pipeline(transaction=True) as pipe:
            try:
                pipe.watch(self.key)
                if pipe.get(self.key) != self.token.encode():
                    return False
                pipe.multi()
                pipe.delete(self.key)
                pipe.execute()
                return True
            except WatchError:
                return False


def before(redis):
    first, second = Lock(redis, 'job', 60_000, 1), Lock(redis, 'job', 60_000, 1)
    assert first.acquire() == 1 and second.acquire() is None
    second.token = 'not the holder'
    assert not second.release() and first.release()
    assert second.acquire() == 2
    return second


def after(redis, held):
    other = Lock(redis, 'job', 60_000)
    assert other.acquire() is None, 'the lock was given twice'
    held.redis = redis
    assert held.release() and other.acquire() == 3
