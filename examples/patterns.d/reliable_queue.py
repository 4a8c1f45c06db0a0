"""Reliable queue: a job is moved to the worker's own list and removed only when it is done.

A worker that dies leaves its job in its list; whoever looks after the workers moves it back. So a
job is done at least once, and possibly twice: make jobs that may be.

Costs: two list elements moved per job, O(1); LREM looks at the worker's list, which is short.
Loses when the primary dies: jobs put in during the last moments, unless `put` waits for the
replica, as here. A removal may be lost, and the job is then done again.
"""


class Queue:
    def __init__(self, redis, name, replicas=0):
        self.redis, self.key, self.replicas = redis, f'queue:{name}', replicas

    def put(self, job):
        self.redis.lpush(self.key, job)
        return not self.replicas or self.redis.wait(self.replicas, 1000) >= self.replicas

    def take(self, worker, seconds=1):
        """The oldest job, waiting for one if there is none; None after `seconds`."""
        return self.redis.blmove(self.key, f'{self.key}:{worker}', seconds, 'RIGHT', 'LEFT')

    def done(self, worker, job):
        return self.redis.lrem(f'{self.key}:{worker}', 1, job) == 1

    def recover(self, worker):
        """Puts the jobs of a worker that died back, to be the next."""
        count = 0
        while self.redis.lmove(f'{self.key}:{worker}', self.key, 'LEFT', 'RIGHT') is not None:
            count += 1
        return count


def before(redis):
    queue = Queue(redis, 'mail', replicas=1)
    assert all(queue.put(f'job {number}') for number in range(4))
    assert queue.take('one') == b'job 0' and queue.done('one', b'job 0')
    assert queue.take('one') == b'job 1'
    redis.wait(1, 1000)
    return None


def after(redis, _):
    queue = Queue(redis, 'mail')
    assert queue.recover('one') == 1, 'the job in hand was lost'
    assert [queue.take('two') for _ in range(3)] == [b'job 1', b'job 2', b'job 3']
    assert queue.take('two', 0.05) is None
