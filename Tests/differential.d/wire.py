"""Connections of the differential test: replies as bytes, a replica, raw bytes up to a mark."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), 'examples', 'demo.d'))
from resp import encode  # noqa: E402, F401


class Wire:
    """A connection whose replies are kept as the bytes they came in."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile('rb')

    def send(self, data):
        self.socket.sendall(data)

    def ask(self, *words):
        self.send(encode(words))
        return self.read()

    def read(self):
        """One reply as nested lists of bytes: the line, or the parts of an aggregate."""
        line = self.file.readline()
        if not line.endswith(b'\r\n'):
            raise ConnectionError('the server closed the connection')
        kind, rest = line[:1], line[1:-2]
        if kind in b'$=!' and not rest.startswith(b'-'):
            return line + self.file.read(int(rest) + 2)
        if kind in b'*~>%|' and not rest.startswith(b'-'):
            count = int(rest) * (2 if kind in b'%|' else 1)
            # What attributes belong to comes behind them, and a reply behind a push.
            count += kind in b'|>'
            return [line] + [self.read() for _ in range(count)]
        return line

    def until(self, mark):
        """Everything up to a line that ends in the mark, or up to the end of the connection."""
        found = []
        while not found or not found[-1].endswith(mark + b'\r\n'):
            found.append(self.file.readline())
            if not found[-1]:
                break
        return b''.join(found).replace(mark, b'MARK')

    def rest(self):
        """Everything up to the end of the connection, which must come."""
        try:
            return self.file.read()
        except ConnectionResetError:
            return b'reset'

    def finish(self):
        """Nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.file.close()
        self.socket.close()

    def request(self):
        """One request of a stream of commands, skipping newlines that keep it alive."""
        line = self.file.readline()
        while line == b'\n':
            line = self.file.readline()
        words = []
        for _ in range(int(line[1:])):
            length = int(self.file.readline()[1:])
            words.append(self.file.read(length + 2)[:-2])
        return words


class Follower(Wire):
    """A replica that keeps nothing but the commands it is sent."""

    def __init__(self, port):
        super().__init__(port)
        self.ask('REPLCONF', 'listening-port', '1')
        self.ask('REPLCONF', 'capa', 'psync2')
        self.send(encode(['PSYNC', '?', '-1']))
        line = self.file.readline()
        while not line.startswith(b'$'):
            line = self.file.readline()
            if not line:
                raise ConnectionError('no snapshot came')
        self.file.read(int(line[1:]))
        self.acknowledge()

    def acknowledge(self):
        """Who is silent for a minute is taken for dead."""
        self.send(encode(['REPLCONF', 'ACK', '0']))

    def until(self, mark):
        """The commands up to the PUBLISH of the mark."""
        found = []
        while True:
            words = self.request()
            if words[0].upper() == b'PING' or words[0].upper() == b'REPLCONF':
                continue
            if words[:2] == [b'PUBLISH', mark]:
                return found
            found.append(words)
