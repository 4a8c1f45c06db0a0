"""Session tokens that expire unless they are used.

A token is a key of its own whose value is a hash, so that it expires by itself; a set per user
lists the tokens, for logging out everywhere.

Costs: one hash of some 150 bytes per session, one member per session in the user's set.
Loses when the primary dies: logins of the last moments (the user logs in again), and an end put
off in the last moments.
"""
import secrets


class Sessions:
    def __init__(self, redis, seconds=1800):
        self.redis, self.seconds = redis, seconds

    def login(self, user):
        token = secrets.token_urlsafe(24)
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.hset(f'session:{token}', mapping={'user': user, 'hits': 0})
            pipe.expire(f'session:{token}', self.seconds)
            pipe.sadd(f'sessions:{user}', token)
            pipe.expire(f'sessions:{user}', self.seconds * 2)
            pipe.execute()
        return token

    def use(self, token):
        """The user of a session that is alive, which is put off; else None."""
        key = f'session:{token}'
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.hget(key, 'user')
            pipe.expire(key, self.seconds)
            user = pipe.execute()[0]
        if user is None:
            return None
        self.redis.expire(f'sessions:{user.decode()}', self.seconds * 2)
        return user.decode()

    def logout_everywhere(self, user):
        tokens = self.redis.smembers(f'sessions:{user}')
        keys = [f'session:{token.decode()}' for token in tokens] + [f'sessions:{user}']
        self.redis.unlink(*keys)


def before(redis):
    sessions = Sessions(redis)
    tokens = [sessions.login('ann'), sessions.login('ann'), sessions.login('bob')]
    assert [sessions.use(token) for token in tokens] == ['ann', 'ann', 'bob']
    assert sessions.use('made up') is None
    assert 0 < redis.ttl(f'session:{tokens[0]}') <= 1800
    return tokens


def after(redis, tokens):
    sessions = Sessions(redis)
    assert sessions.use(tokens[0]) == 'ann'
    assert 0 < redis.ttl(f'session:{tokens[0]}') <= 1800, 'the end of a session was lost'
    sessions.logout_everywhere('ann')
    assert [sessions.use(token) for token in tokens] == [None, None, 'bob']
