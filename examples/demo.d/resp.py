"""A small Redis client: one connection, RESP2, and how to find a primary through sentinels."""
import socket


class ReplyError(Exception):
    """An error reply, as the server worded it."""


class Connection:
    """One connection to (host, port) or to the path of a unix socket."""

    def __init__(self, address, timeout=1.0):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile('rb')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def __call__(self, *arguments):
        """Sends one command and returns its reply; an error reply is raised."""
        self.socket.sendall(encode(arguments))
        return self.result()

    def pipeline(self, commands):
        """Sends many commands at once; error replies are returned in their place."""
        self.socket.sendall(b''.join(encode(command) for command in commands))
        return [self.read() for _ in commands]

    def result(self):
        reply = self.read()
        if isinstance(reply, ReplyError):
            raise reply
        return reply

    def read(self):
        line = self.file.readline()
        if not line.endswith(b'\r\n'):
            raise ConnectionError('the connection was closed')
        kind, rest = line[:1], line[1:-2]
        if kind == b'+':
            return rest.decode()
        if kind == b'-':
            return ReplyError(rest.decode('utf-8', 'replace'))
        if kind == b':':
            return int(rest)
        if kind == b'$':
            return self.bulk(int(rest))
        if kind == b'*':
            return None if rest == b'-1' else [self.read() for _ in range(int(rest))]
        raise ConnectionError(f'not a reply: {line[:40]!r}')

    def bulk(self, length):
        if length < 0:
            return None
        data = self.file.read(length + 2)
        if len(data) != length + 2:
            raise ConnectionError('the connection was closed')
        return data[:-2]


def encode(arguments):
    parts = [b'*%d\r\n' % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b'$%d\r\n%s\r\n' % (len(data), data))
    return b''.join(parts)


def info(connection, *sections):
    """INFO as a dictionary of text."""
    text = connection('INFO', *sections).decode('utf-8', 'replace')
    return dict(line.split(':', 1) for line in text.split('\r\n') if ':' in line)


def primary_address(sentinels, group, timeout=0.3):
    """What the first sentinel that answers says; None when none does or none knows."""
    for address in sentinels:
        try:
            with Connection(address, timeout) as sentinel:
                found = sentinel('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group)
            if found:
                return found[0].decode(), int(found[1])
        except (OSError, ReplyError):
            continue
    return None


def connect_primary(sentinels, group, timeout=1.0):
    """A connection to the primary, checked by ROLE as every client of sentinels does."""
    address = primary_address(sentinels, group)
    if address is None:
        raise ConnectionError('no sentinel names a primary')
    connection = Connection(address, timeout)
    try:
        if connection('ROLE')[0] != b'master':
            raise ConnectionError(f'{address[0]}:{address[1]} is not the primary')
    except Exception:
        connection.close()
        raise
    return connection
