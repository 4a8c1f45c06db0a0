"""Members that expire, without an expiry for each: one set per hour, and whole sets expire.

"Who was active within the last day" is the union of 24 sets, each of which goes away by itself.
Members of sets and sorted sets have no expiry of their own; this is what to do instead.

Costs: a member per hour in which it was active. The end is exact to an hour; take smaller buckets
for less.
Loses when the primary dies: members of the last moments.
"""


class Active:
    def __init__(self, redis, name, hours=24):
        self.redis, self.name, self.hours = redis, name, hours

    def key(self, hour):
        return f'active:{self.name}:{hour}'

    def note(self, member, now):
        hour = int(now // 3600)
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.sadd(self.key(hour), member)
            pipe.expireat(self.key(hour), (hour + self.hours + 1) * 3600)
            pipe.execute()

    def members(self, now):
        hour = int(now // 3600)
        return self.redis.sunion([self.key(hour - back) for back in range(self.hours)])


FAR = 4_000_000_000  # a time that has not come, so that nothing expires while this runs


def before(redis):
    active = Active(redis, 'users')
    active.note('ann', FAR)
    active.note('bob', FAR + 5 * 3600)
    active.note('ann', FAR + 6 * 3600)
    return None


def after(redis, _):
    active = Active(redis, 'users')
    assert active.members(FAR + 6 * 3600) == {b'ann', b'bob'}
    assert active.members(FAR + 29 * 3600) == {b'ann'}
    end = redis.expiretime(active.key(int(FAR // 3600)))
    assert end == (int(FAR // 3600) + 25) * 3600, 'the end of a bucket was lost'
