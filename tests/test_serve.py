"""``cts-schema serve``, as a user runs it."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from cts_schema import status, upgrade
from cts_schema.web.server import Listener
from tests.support.databases import Database
from tests.support.program import cts_schema, installed, python
from tests.support.served import BEARER, MIGRATE, STATUS, TOKEN, ended, migrating, program


def test_the_token_that_is_shown_lets_migrate_until_ctrl_c_ends_it(tmp_path: Path) -> None:
    with program(url=f"sqlite:///{tmp_path / 'cts.db'}") as (process, told, client):
        assert told["url"].startswith("http://127.0.0.1:")
        assert len(told["token"]) >= 32
        assert client.post(MIGRATE).status_code == 401
        curl = ["curl", "-sS", "-X", "POST", f"{told['url']}{MIGRATE}", "-H", f"Authorization: Bearer {told['token']}"]
        done = subprocess.run(curl, capture_output=True, text=True, timeout=60, check=True)
        assert '"run_id"' in done.stdout, done.stdout + done.stderr
        while not client.get(STATUS).json()["at_head"]:
            time.sleep(0.05)
        client.close()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_ctrl_c_waits_for_the_migration_and_says_so(tmp_path: Path) -> None:
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as database:
        with program(url=database.url, variables={"CTS_WEB_TOKEN": TOKEN}) as (process, _, client):
            with migrating(database):
                assert client.post(MIGRATE, headers=BEARER).status_code == 202
                client.close()
                process.send_signal(signal.SIGINT)
                assert "waiting until it has ended" in process.stderr.readline()
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")
        assert status(database.url).at_head


def test_a_configured_token_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    url = f"sqlite:///{tmp_path / 'cts.db'}"
    with program("--token-file", str(file), url=url) as (_, told, client):
        assert told["token"] is None
        assert ended(client, client.post(MIGRATE, headers=BEARER).json())["success"]


def test_what_is_shown_is_the_line_that_migrates(tmp_path: Path) -> None:
    with subprocess.Popen(
        [installed("cts-schema"), "serve", "--port", "0", "--host", "127.1", "--url", f"sqlite:///{tmp_path}/cts.db"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(4)]
        warning = process.stderr.readline()  # 127.1 is not plainly this machine
        process.terminate()
    page, token = lines[1].split()[1], lines[2].split()[1]
    assert lines[3] == f'curl -X POST {page}{MIGRATE} -H "Authorization: Bearer {token}"\n'
    assert warning.startswith("warning: this server has no TLS")


def test_a_migration_that_is_killed_with_the_server_leaves_the_old_state_or_the_new(database: Database) -> None:
    with program(url=database.url, variables={"CTS_WEB_TOKEN": TOKEN}) as (process, told, client):
        assert told["token"] is None

        def migrate() -> None:
            with pytest.raises(httpx.TransportError):
                list(iter(lambda: client.post(MIGRATE, headers=BEARER), None))

        asking = threading.Thread(target=migrate)
        asking.start()
        time.sleep(0.4)
        process.kill()
        asking.join()
    found = status(database.url)
    assert found.at_head or (found.revision is None and not found.unadopted)
    upgrade(database.url)
    assert status(database.url).at_head


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = cts_schema("serve", "--port", str(taken.getsockname()[1]), url="sqlite:////nowhere/cts.db")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: the server cannot listen at this address\n")
    assert "Address already in use" in done.err
    assert "cts-schema serve --port 3001" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--token-file", "/no/such/file"], "the token cannot be read"),
        (["--host", "no.such.host.invalid"], "the server cannot listen"),
        (["--url", "mysql://u:geheim@db/cts"], "neither SQLite nor PostgreSQL"),
        (["--port", "99999"], "--port"),
    ],
)
def test_what_cannot_be_served_is_one_clear_error(arguments: list[str], told: str) -> None:
    done = cts_schema("serve", "--port", "0", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "geheim" not in done.err
    assert "Traceback" not in done.err


def test_the_help_names_the_options_of_every_command() -> None:
    shown = cts_schema("serve", "--help").out
    for option in ("--url", "--json", "--schema", "--version-table", "--wait", "--debug", "--host", "--port"):
        assert f"  {option}" in shown
    assert "CTS_WEB_TOKEN" in shown


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "localhost"])
def test_loopback_is_known_as_such(name: str) -> None:
    listener = Listener(name, 0)
    listener.close()
    assert listener.is_loopback
    assert listener.url.startswith("http://[::1]:" if name == "::1" else f"http://{name}:")


WITHOUT = """
import sys
for name in {missing}:
    sys.modules[name] = None
from cts_schema.cli import main
sys.exit(main({arguments}))
"""


@pytest.mark.parametrize("missing", [["uvicorn"], ["fastapi", "starlette"]])
def test_without_the_extra_it_says_how_to_get_it(missing: list[str]) -> None:
    done = python(WITHOUT.format(missing=missing, arguments=["serve", "--port", "0"]))
    assert (done.code, done.out) == (2, "")
    assert "is not installed" in done.err or "are not installed" in done.err
    assert "web]'" in done.err
    assert "Traceback" not in done.err


def test_without_the_extra_everything_else_works(tmp_path: Path) -> None:
    everything = ["fastapi", "starlette", "uvicorn", "limits", "anyio"]
    for arguments in (["upgrade"], ["serve", "--help"]):
        done = python(WITHOUT.format(missing=everything, arguments=arguments), url=f"sqlite:///{tmp_path}/cts.db")
        assert (done.code, done.err) == (0, "")
