"""The start of an application whose server is still starting, or does not come at all."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import Report, initialize, initialize_async
from cts_schema.exceptions import DatabaseMissing, DatabaseUnreachable, MissingFolder, WrongCredentials
from tests.conftest import Server


@contextmanager
def server_that_comes_late(behind: sa.URL, seconds: float) -> Iterator[sa.URL]:
    """A port that refuses at first; after some seconds it leads to the real server, byte for byte."""
    folder, port = behind.query.get("host"), behind.port or 5432
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))  # taken, and refusing
    stop = threading.Event()

    def serve() -> None:
        if stop.wait(seconds):
            return
        listener.listen()
        listener.settimeout(0.1)
        while not stop.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            if folder is None:
                upstream = socket.create_connection((behind.host or "localhost", port))
            else:
                upstream = socket.socket(socket.AF_UNIX)
                upstream.connect(f"{folder}/.s.PGSQL.{port}")
            for one, other in ((client, upstream), (upstream, client)):
                pumps.append(threading.Thread(target=_pump, args=(one, other)))
                pumps[-1].start()

    pumps: list[threading.Thread] = []
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield behind.set(host="127.0.0.1", port=listener.getsockname()[1], query={"sslmode": "disable"})
    finally:
        stop.set()
        thread.join()
        listener.close()
        for pump in pumps:
            pump.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


def _now(*arguments: Any, **options: Any) -> Report:
    return initialize(*arguments, **options)


def _soon(url: sa.URL | str, **options: Any) -> Report:
    return asyncio.run(initialize_async(url, **options))


@pytest.fixture(params=[(_now, "psycopg"), (_soon, "psycopg"), (_soon, "asyncpg")], ids=["sync", "psycopg", "asyncpg"])
def start(request: pytest.FixtureRequest) -> Callable[..., Report]:
    function, driver = request.param
    return lambda url, **options: function(url.set(drivername=f"postgresql+{driver}"), **options)


def test_a_server_that_comes_late_is_waited_for(server: Server, start: Callable[..., Report]) -> None:
    url = server.create()
    began = time.monotonic()
    with server_that_comes_late(url, 2) as late:
        report = start(late, deadline=60)
    assert report.after == "060"
    assert time.monotonic() - began >= 2
    assert report.duration_ms > 0
    server.drop(url)


def test_a_server_that_does_not_come_is_given_up(start: Callable[..., Report]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = sa.URL.create("postgresql", "cts", "geheim", "127.0.0.1", closed.getsockname()[1], "cts")
        began = time.monotonic()
        with pytest.raises(DatabaseUnreachable) as caught:
            start(url, deadline=1)
        assert time.monotonic() - began > 0.5
    assert "geheim" not in str(caught.value)


def test_no_deadline_means_one_try(start: Callable[..., Report]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = sa.URL.create("postgresql", "cts", "geheim", "127.0.0.1", closed.getsockname()[1], "cts")
        with pytest.raises(DatabaseUnreachable):
            start(url, deadline=0)


@pytest.mark.parametrize(
    ("change", "error"),
    [({"username": "nobody_at_all", "password": "geheim"}, WrongCredentials), ({"database": "none"}, DatabaseMissing)],
)
def test_what_waiting_cannot_mend_is_told_at_once(
    postgres_url: str, start: Callable[..., Report], change: dict[str, str], error: type[Exception]
) -> None:
    began = time.monotonic()
    with pytest.raises(error):
        start(sa.make_url(postgres_url).set(**change), deadline=600)  # type: ignore[arg-type]
    assert time.monotonic() - began < 60


def test_a_missing_folder_is_told_at_once(tmp_path: Path) -> None:
    for start in (_now, _soon):
        with pytest.raises(MissingFolder):
            start(f"sqlite:///{tmp_path / 'no' / 'cts.db'}", deadline=600)


def test_while_a_server_is_waited_for_the_loop_goes_on() -> None:
    async def wait() -> int:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = sa.URL.create("postgresql+asyncpg", "cts", "x", "127.0.0.1", closed.getsockname()[1], "cts")
            start = asyncio.create_task(initialize_async(url, deadline=10))
            ticks = 0
            while ticks < 40 and not start.done():  # one that held the loop would let it tick once a try
                await asyncio.sleep(0.01)
                ticks += 1
            start.cancel()
            with pytest.raises(asyncio.CancelledError):
                await start
            return ticks

    assert asyncio.run(wait()) == 40
