"""A group of servers and sentinels on loopback with redis-py clients, for measurements: works
with the programs of Tandem and of Redis alike."""
import os
import shutil
import signal
import sys
import tempfile

import redis
from redis.sentinel import Sentinel

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "examples", "demo.d"))
import group  # noqa: E402

NAME = "main"


def wait_for(condition, seconds, what):
    """Asks until the condition holds; raises when it does not in time."""

    def holds():
        try:
            return condition()
        except redis.RedisError:
            return False

    group.wait_for(what, holds, seconds)


class Node(group.Node):
    """A process of the group that is asked through redis-py."""

    def kill(self, sig=signal.SIGKILL):
        self.process.send_signal(sig)
        self.process.wait()

    def client(self, **options):
        options.setdefault("socket_timeout", 5)
        return redis.Redis(host="127.0.0.1", port=self.port, **options)


class Group:
    """A primary, its secondaries and three sentinels."""

    def __init__(self, server, sentinel, secondaries=1, down_after=1000, options=()):
        self.folder = tempfile.mkdtemp(prefix="tandem-group-")
        ports = group.free_ports(1 + secondaries + 3)
        self.nodes, self.sentinels = [], []
        for index, port in enumerate(ports[: 1 + secondaries]):
            lines = [f"port {port}", "bind 127.0.0.1", 'save ""', "repl-diskless-sync-delay 0"]
            lines += list(options)
            if index:
                lines.append(f"replicaof 127.0.0.1 {ports[0]}")
            self.nodes.append(self._node(server, f"server-{index}", port, lines))
        for index, port in enumerate(ports[1 + secondaries :]):
            lines = [
                f"port {port}",
                "bind 127.0.0.1",
                f"sentinel monitor {NAME} 127.0.0.1 {ports[0]} 2",
                f"sentinel down-after-milliseconds {NAME} {down_after}",
                f"sentinel failover-timeout {NAME} 20000",
            ]
            program = sentinel[index % len(sentinel)] if isinstance(sentinel, list) else sentinel
            self.sentinels.append(self._node(program, f"sentinel-{index}", port, lines))

    def _node(self, program, name, port, lines):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        conf = os.path.join(folder, "node.conf")
        with open(conf, "w") as file:
            file.write("\n".join([f"dir {folder}"] + lines) + "\n")
        command = program.split() if isinstance(program, str) else program
        return Node(name, command + [conf], folder, port)

    def __enter__(self):
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                wait_for(lambda: node.client().ping(), 20, "server does not answer")
            primary = self.nodes[0].client()
            count = len(self.nodes) - 1
            wait_for(lambda: self._online(primary) == count, 30, "secondaries do not connect")
            for node in self.sentinels:
                node.start()
            for node in self.sentinels:
                wait_for(lambda: self._knows(node), 30, "sentinels do not find each other")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _online(self, client):
        info = client.info("replication")
        return sum(1 for i in range(9) if info.get(f"slave{i}", {}).get("state") == "online")

    def _knows(self, node):
        state = node.client().sentinel_master(NAME)
        return (
            state["num-other-sentinels"] == 2 and state["num-slaves"] == len(self.nodes) - 1
        )

    def __exit__(self, *_):
        for node in self.nodes + self.sentinels:
            if node.process and node.process.poll() is None:
                node.process.send_signal(signal.SIGCONT)
                node.process.kill()
                node.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def discovery(self):
        """A redis-py Sentinel without retries."""
        return Sentinel(
            [("127.0.0.1", node.port) for node in self.sentinels],
            socket_timeout=0.3,
            sentinel_kwargs={"socket_timeout": 0.3},
        )

    def address(self, index=0):
        """The primary's port as a sentinel tells it."""
        return self.sentinels[index].client().sentinel_get_master_addr_by_name(NAME)[1]

    def primary(self):
        port = self.address()
        return next(node for node in self.nodes if node.port == port)
