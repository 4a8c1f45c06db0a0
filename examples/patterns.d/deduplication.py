"""Deduplication: each message is taken once within a time, by SET NX.

Costs: one key of some 60 bytes per message for as long as a repetition is possible.
Loses when the primary dies: marks of the last moments, so a message may be taken twice. Where
that is too much, WAIT before acting on it, as here.
"""


class Deduplication:
    def __init__(self, redis, seconds, replicas=0):
        self.redis, self.seconds, self.replicas = redis, seconds, replicas

    def is_new(self, message):
        if not self.redis.set(f'seen:{message}', 1, nx=True, ex=self.seconds):
            return False
        if self.replicas:
            self.redis.wait(self.replicas, 1000)
        return True


def before(redis):
    seen = Deduplication(redis, 3600, replicas=1)
    assert [seen.is_new(name) for name in ('a', 'b', 'a')] == [True, True, False]
    return None


def after(redis, _):
    seen = Deduplication(redis, 3600)
    assert [seen.is_new(name) for name in ('a', 'b', 'c')] == [False, False, True]
