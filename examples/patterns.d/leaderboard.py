"""Leaderboard on a sorted set: best first, with rank, neighbours and points that only rise.

Costs: about 70 bytes a player, O(log N) for a change, a rank or a page.
Loses when the primary dies: points given in the last moments. Give them again from the source
(ZADD with GT does no harm a second time), or confirm each with WAIT.
"""


class Leaderboard:
    def __init__(self, redis, name):
        self.redis, self.key = redis, f'board:{name}'

    def submit(self, player, points):
        """Notes a result; a worse one than before changes nothing."""
        self.redis.zadd(self.key, {player: points}, gt=True)

    def top(self, count):
        return [(player.decode(), int(points)) for player, points in
                self.redis.zrevrange(self.key, 0, count - 1, withscores=True)]

    def rank(self, player):
        """From 1; None for somebody who has not played."""
        rank = self.redis.zrevrank(self.key, player)
        return None if rank is None else rank + 1

    def around(self, player, distance):
        rank = self.redis.zrevrank(self.key, player)
        if rank is None:
            return []
        return [one.decode() for one in
                self.redis.zrevrange(self.key, max(0, rank - distance), rank + distance)]


def before(redis):
    board = Leaderboard(redis, 'chess')
    for player, points in [('ann', 10), ('bob', 30), ('cid', 20), ('dee', 5), ('ann', 25)]:
        board.submit(player, points)
    board.submit('bob', 1)
    check(board)
    return None


def check(board):
    assert board.top(2) == [('bob', 30), ('ann', 25)], board.top(2)
    assert board.rank('cid') == 3 and board.rank('nobody') is None
    assert board.around('cid', 1) == ['ann', 'cid', 'dee']


def after(redis, _):
    board = Leaderboard(redis, 'chess')
    check(board)
    board.submit('dee', 40)
    assert board.rank('dee') == 1
