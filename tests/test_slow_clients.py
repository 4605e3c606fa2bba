"""Clients that send or read slowly do not hold ``cts-schema serve``, which anybody on the network may reach."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from cts_schema.web import create_app
from cts_schema.web.server import server_of
from cts_schema.web.slow_clients import Limits
from tests.support.served import BEARER, MIGRATE, TOKEN

SHORT = Limits(request=0.3, response=0.3, idle=1, connections=20)
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEGINNINGS = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half a head": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "half a body": f"POST {MIGRATE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BEARER['Authorization']}\r\n"
    "Content-Length: 100\r\n\r\n{".encode(),
    "half a chunk": f"POST {MIGRATE} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BEARER['Authorization']}\r\n"
    "Transfer-Encoding: chunked\r\n\r\n5\r\n{".encode(),
    "a head too little after a request": REQUEST + b"GET / HTTP/1.1\r\n",
}


@contextmanager
def limited(app: ASGIApp, limits: Limits) -> Iterator[tuple[str, int]]:
    """Serve an application with limits, and return its address."""
    server = server_of(app, limits)
    server.config.port = 0
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        (listening,) = server.servers[0].sockets
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # so that little waits in the system
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    with limited(create_app(f"sqlite:///{tmp_path / 'cts.db'}", token=TOKEN), SHORT) as address:
        yield address


def until_closed(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def answered(address: tuple[str, int]) -> bytes:
    """Return the status line of a request as it should be."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(REQUEST)
        return connection.recv(12)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_request_that_does_not_arrive_in_time_is_ended(address: tuple[str, int], beginning: str) -> None:
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(BEGINNINGS[beginning])
        received = until_closed(connection)
    if beginning == "a head too little after a request":
        assert received.startswith(b"HTTP/1.1 200")
    else:
        assert received.startswith(b"HTTP/1.1 408")
    assert answered(address) == b"HTTP/1.1 200"


@pytest.mark.parametrize("beginning", ["half a head", "half a body"])
def test_a_byte_now_and_then_gives_no_more_time(address: tuple[str, int], beginning: str) -> None:
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(BEGINNINGS[beginning] + b"X: ")
        received = b""
        while not received:
            connection.sendall(b"a")
            if select.select([connection], [], [], 0.02)[0]:
                received = connection.recv(12)
    assert received == b"HTTP/1.1 408"


def test_a_body_that_nobody_reads_has_no_more_time_than_others(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 405"
        with suppress(ConnectionError):
            while not select.select([connection], [], [], 0.02)[0] or connection.recv(4096):
                connection.sendall(b"a")


def test_an_idle_connection_is_closed(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(REQUEST)
        assert until_closed(connection).startswith(b"HTTP/1.1 200")


def test_three_hundred_slow_clients_keep_nobody_out_for_long(address: tuple[str, int]) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(address, timeout=60)) for _ in range(300)]
        for connection in slow:
            with suppress(ConnectionError):  # it is one too many, and closed already
                connection.sendall(BEGINNINGS["half a head"])
        ends = {until_closed(connection)[:12] for connection in slow}
    assert ends <= {b"HTTP/1.1 408", b"HTTP/1.1 503", b""}
    assert b"HTTP/1.1 408" in ends
    assert answered(address) == b"HTTP/1.1 200"


def test_a_client_that_reads_nothing_is_cut_off() -> None:
    ended = threading.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": bytes(50_000_000), "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            ended.set()

    with limited(large, SHORT) as address, socket.create_connection(address, timeout=60) as connection:
        connection.sendall(REQUEST)
        assert ended.wait(60)


@pytest.mark.parametrize("head", [b"", b"Connection: close\r\n"])
def test_a_small_response_that_nobody_reads_holds_its_place_for_no_longer(head: bytes) -> None:
    async def small(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": bytes(50_000)})

    with limited(small, replace(SHORT, connections=1)) as address, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(address)
        connection.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\n" + head + b"\r\n"))
        status, end = b"", time.monotonic() + 60
        while status != b"HTTP/1.1 200" and time.monotonic() < end:
            with suppress(ConnectionError):  # there is no place yet
                status = answered(address)
        assert status == b"HTTP/1.1 200"


def test_a_client_that_reads_in_time_is_not_cut_off_while_more_is_made() -> None:
    async def in_two_parts(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": True})  # the first part is gone
            await asyncio.sleep(1.1)
            await send({"type": "http.response.body", "body": b"the end"})

    with (
        limited(in_two_parts, replace(SHORT, response=1.0)) as address,
        socket.create_connection(address, timeout=60) as connection,
    ):
        connection.sendall(REQUEST)
        assert b"the end" in until_closed(connection)


def test_one_connection_too_many_is_refused_at_once(tmp_path: Path) -> None:
    app = create_app(f"sqlite:///{tmp_path / 'cts.db'}", token=TOKEN)
    with (
        limited(app, replace(SHORT, request=60.0, connections=1)) as address,
        socket.create_connection(address),
        socket.create_connection(address, timeout=60) as second,
    ):
        assert until_closed(second).startswith(b"HTTP/1.1 503")


def test_what_a_request_in_time_asks_for_may_take_longer() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(2 * SHORT.request)
            await send({"type": "http.response.start", "status": 204})
            await send({"type": "http.response.body"})

    with limited(slow, SHORT) as address:
        assert answered(address) == b"HTTP/1.1 204"
