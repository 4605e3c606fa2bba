"""The web application behind a real server, in a thread of the tests or in a process of its own."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import sqlalchemy as sa
import uvicorn
from starlette.types import ASGIApp

from cts_schema.web import create_app
from tests.support.databases import Database
from tests.support.program import ROOT, environment, installed

TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MIGRATE = "/api/install/database/migrate"
STATUS = "/api/install/database/status"
SETTINGS = "/api/settings/database-status"
STATS = "/api/monitoring/stats"

LOCK = {
    "sqlite": ["BEGIN IMMEDIATE"],
    "postgresql": ["BEGIN", "SELECT pg_advisory_xact_lock(hashtextextended('cts_schema:public', 0))"],
}


@contextmanager
def served(app: ASGIApp) -> Iterator[httpx.Client]:
    """Serve an application on a free port of loopback, and return a client of it."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, verify=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def program(*arguments: str, url: str, variables: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Run ``cts-schema serve`` on a free port, and return the process, what it has printed, and a client of it."""
    process = subprocess.Popen(
        [installed("cts-schema"), "serve", "--port", "0", *arguments, "--json"],
        cwd=ROOT,
        env={**environment(url), **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1].rstrip() != "}":
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            lines.append(line)
        told = json.loads("".join(lines))
        with httpx.Client(base_url=told["url"], timeout=60, verify=False) as client:
            yield process, told, client
    finally:
        process.kill()
        process.communicate()


@contextmanager
def client_of(target: str | sa.Engine, **options: Any) -> Iterator[httpx.Client]:
    """Serve the application of a database, with a token, and return a client of it."""
    with served(create_app(target, **{"token": TOKEN, **options})) as client:
        yield client


@contextmanager
def migrating(database: Database) -> Iterator[None]:
    """Hold the lock of migrations for the time of the block, as another program does."""
    engine = sa.create_engine(database.location, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in LOCK[database.kind]:
                connection.exec_driver_sql(statement)
            yield
            connection.exec_driver_sql("ROLLBACK")
    finally:
        engine.dispose()


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check that a response tells an error in the shape of the command line; return it."""
    assert response.status_code == status, response.text
    told: dict[str, Any] = response.json()
    assert set(told) == {"error", "place", "next", "exit_code"}
    return told


def ended(client: httpx.Client, run: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for a run until it has ended."""
    while True:
        found: dict[str, Any] = client.get(f"{MIGRATE}/{run['run_id']}", headers=BEARER).raise_for_status().json()
        if found["state"] != "running":
            return found
        time.sleep(0.05)
