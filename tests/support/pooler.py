"""A transaction-pooling proxy before PostgreSQL: each transaction of a client may go to another session of the server.

What a real one does to save sessions, this one does whenever it can: it has a few, and gives a client the one that it
had least recently.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import sqlalchemy as sa

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_TOLD = (
    "server_version",
    "client_encoding",
    "standard_conforming_strings",
    "integer_datetimes",
    "TimeZone",
    "DateStyle",
)


class Pooler:
    """The proxy, and the sessions that it keeps."""

    def __init__(self, url: sa.URL, sessions: int) -> None:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.sessions = [psycopg.connect(plain, autocommit=True, sslmode="disable") for _ in range(sessions)]
        self._free = deque(self.sessions)
        self._changed = threading.Condition()
        self._listening = socket.create_server(("127.0.0.1", 0))
        host, port = self._listening.getsockname()
        self.url = url.set(host=host, port=port, query={})
        threading.Thread(target=self._listen, daemon=True).start()

    def settings(self, name: str) -> set[str]:
        """Return what a setting is in each session."""
        return {
            str(session.execute(f"SELECT current_setting('{name}')".encode()).fetchone()) for session in self.sessions
        }

    def close(self) -> None:
        """Stop; the sessions end."""
        self._listening.close()
        for session in self.sessions:
            session.close()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if not self._greet(client):
                return
            session = None
            try:
                while message := client.recv(65536):
                    if session is None and message[:1] == b"X":
                        return
                    if session is None:
                        session = self._take()
                    if self._relay(client, session, message):
                        self._give_back(session)
                        session = None
            finally:
                if session is not None:  # the client is gone in a transaction
                    session.cancel()
                    self._give_back(self._replaced(session))

    def _greet(self, client: socket.socket) -> bool:
        while True:
            size, code = struct.unpack("!ii", _exactly(client, 8))
            _exactly(client, size - 8)
            if code == _CANCEL:
                return False
            if code not in (_SSL, _GSS):
                break
            client.sendall(b"N")
        client.sendall(_message(b"R", struct.pack("!i", 0)))
        for name in _TOLD:
            value = self.sessions[0].info.parameter_status(name) or ""
            client.sendall(_message(b"S", f"{name}\0{value}\0".encode()))
        client.sendall(_message(b"K", struct.pack("!ii", 1, 1)) + _message(b"Z", b"I"))
        return True

    def _relay(self, client: socket.socket, session: psycopg.Connection, message: bytes) -> bool:
        """Pass messages on until the server is ready; return whether its transaction has ended then."""
        server = socket.socket(fileno=session.pgconn.socket)
        try:
            server.setblocking(True)
            server.sendall(message)
            pending = b""
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        raise ConnectionError
                    if ready is client:
                        server.sendall(data)
                        continue
                    pending += data
                    last, pending = _last_message(pending)
                    client.sendall(data)
                    if last is not None and last[:1] == b"Z" and not pending:
                        return last[5:6] == b"I"
        finally:
            server.setblocking(False)
            server.detach()

    def _take(self) -> psycopg.Connection:
        with self._changed:
            self._changed.wait_for(lambda: self._free)
            return self._free.popleft()

    def _give_back(self, session: psycopg.Connection) -> None:
        with self._changed:
            self._free.append(session)
            self._changed.notify()

    def _replaced(self, session: psycopg.Connection) -> psycopg.Connection:
        made = psycopg.connect(session.info.dsn, autocommit=True)
        self.sessions[self.sessions.index(session)] = made
        session.close()
        return made


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _exactly(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


def _last_message(data: bytes) -> tuple[bytes | None, bytes]:
    """Return the last whole message, and what follows it."""
    last = None
    while len(data) >= 5 and len(data) > (size := struct.unpack("!i", data[1:5])[0]):
        last, data = data[: size + 1], data[size + 1 :]
    return last, data


@contextmanager
def pooling(url: sa.URL, sessions: int = 2) -> Iterator[Pooler]:
    """Have a proxy before a database, for the time of the block."""
    pooler = Pooler(url, sessions)
    try:
        yield pooler
    finally:
        pooler.close()
