"""Stack and circular list, on one list each.

A stack pushes and pops on the same side. A ring is LMOVE from one end of a list to the other:
each call returns the next element and puts it behind all others, whoever asks.

Costs: some 20 bytes and the element, O(1) for every step.
Loses when the primary dies: steps of the last moments; a ring may then give an element twice.
"""


class Stack:
    def __init__(self, redis, name):
        self.redis, self.key = redis, f'stack:{name}'

    def push(self, *elements):
        self.redis.lpush(self.key, *elements)

    def pop(self):
        return self.redis.lpop(self.key)


class Ring:
    def __init__(self, redis, name):
        self.redis, self.key = redis, f'ring:{name}'

    def add(self, *elements):
        self.redis.rpush(self.key, *elements)

    def next(self):
        return self.redis.lmove(self.key, self.key, 'LEFT', 'RIGHT')


def before(redis):
    stack, ring = Stack(redis, 'undo'), Ring(redis, 'hosts')
    stack.push('a', 'b', 'c')
    assert stack.pop() == b'c'
    ring.add('x', 'y', 'z')
    assert [ring.next() for _ in range(4)] == [b'x', b'y', b'z', b'x']
    return None


def after(redis, _):
    stack, ring = Stack(redis, 'undo'), Ring(redis, 'hosts')
    assert [stack.pop() for _ in range(3)] == [b'b', b'a', None]
    assert [ring.next() for _ in range(3)] == [b'y', b'z', b'x']
