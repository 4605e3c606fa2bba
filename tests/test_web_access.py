"""Who may ask over HTTP, how often, from where, and what a browser is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cts_schema import create_engine, upgrade
from cts_schema.exceptions import WrongUrl, WrongUsage
from cts_schema.web import create_app
from cts_schema.web.server import Token
from tests.support.served import BEARER, MIGRATE, SETTINGS, STATUS, TOKEN, client_of, problem


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of the application of a SQLite file at head."""
    url = f"sqlite:///{tmp_path_factory.mktemp('web') / 'cts.db'}"
    upgrade(url)
    with client_of(url, rate="10000/minute", wrong_tokens="10000/minute") as made:
        yield made


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer another"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer tökén".encode()},
        {"Cookie": f"Authorization=Bearer {TOKEN}; token={TOKEN}"},
    ],
)
def test_without_the_token_nothing_is_migrated_and_no_run_is_told(client: httpx.Client, headers: Any) -> None:
    for answer in (client.post(MIGRATE, headers=headers), client.get(f"{MIGRATE}/1", headers=headers)):
        assert problem(answer, 401)["next"].endswith("Authorization: Bearer TOKEN")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_may_have_letters_of_any_language(tmp_path: Path) -> None:
    with client_of(f"sqlite:///{tmp_path / 'cts.db'}", token="schlüssel") as client:
        right, other = ({b"Authorization": "Bearer schlüssel".encode(encoding)} for encoding in ("utf-8", "latin-1"))
        assert client.post(MIGRATE, headers=right).status_code in (200, 202)
        problem(client.post(MIGRATE, headers=other), 401)


def test_without_a_configured_token_nobody_migrates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CTS_WEB_TOKEN", raising=False)
    with client_of(f"sqlite:///{tmp_path / 'cts.db'}", token=None) as client:
        for headers in ({}, BEARER, {"Authorization": "Bearer None"}):
            assert "CTS_WEB_TOKEN" in problem(client.post(MIGRATE, headers=headers), 403)["next"]
        assert client.get(STATUS).status_code == 200
    monkeypatch.setenv("CTS_WEB_TOKEN", f"{TOKEN}\n")
    with client_of(f"sqlite:///{tmp_path / 'cts.db'}", token=None) as client:
        assert client.post(MIGRATE, headers=BEARER).status_code in (200, 202)


@pytest.mark.parametrize("token", ["", " \n", "two words", "nul\0"])
def test_a_token_that_is_none_is_refused_at_once(token: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="token"):
        create_app(f"sqlite:///{tmp_path}/cts.db", token=token)
    file = tmp_path / "token"
    file.write_text(token)
    with pytest.raises(WrongUsage, match="token"):
        Token.of(file)


def test_what_cannot_be_served_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(WrongUrl):
        create_app("nonsense")
    with pytest.raises(WrongUsage, match="rate"):
        create_app(f"sqlite:///{tmp_path}/cts.db", token=TOKEN, rate="often")
    with pytest.raises(WrongUsage, match="is unknown"):
        create_app(f"sqlite:///{tmp_path}/cts.db", token=TOKEN, schema="cts")
    engine = create_engine(f"sqlite:///{tmp_path}/cts.db")
    with engine.connect() as connection, pytest.raises(WrongUsage, match="URL or an Engine"):
        create_app(connection, token=TOKEN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:1"},
    ],
)
def test_the_page_of_another_site_cannot_migrate(client: httpx.Client, headers: dict[str, str]) -> None:
    problem(client.post(MIGRATE, headers={**BEARER, **headers}), 403)


def test_the_own_page_can(client: httpx.Client) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": str(client.base_url).rstrip("/")}
    assert client.post(MIGRATE, headers={**BEARER, **own}).status_code == 200


@pytest.mark.parametrize("route", ["/", STATUS, "/openapi.json"])
def test_under_a_name_that_is_not_its_own_nothing_is_told(client: httpx.Client, route: str) -> None:
    for host in ("evil.example", "evil.example:3000", "localhost.evil.example", "localhost@evil.example", ""):
        assert client.get(route, headers={"Host": host}).status_code == 400
    for host in ("localhost", "LOCALHOST:3000", "127.0.0.1:80", "[::1]:3000"):
        assert client.get(route, headers={"Host": host}).status_code == 200


def test_a_large_request_is_refused_however_it_comes(tmp_path: Path) -> None:
    large = b'{"a": "' + b"x" * 5000 + b'"}'
    kind = {"Content-Type": "application/json"}
    with client_of(f"sqlite:///{tmp_path / 'cts.db'}") as client:
        assert client.post(MIGRATE, content=large, headers=BEARER | kind).status_code == 413
        in_pieces = (large[at : at + 1000] for at in range(0, len(large), 1000))
        assert client.post(MIGRATE, content=in_pieces, headers=BEARER | kind).status_code == 413
    assert not (tmp_path / "cts.db").exists()


@pytest.mark.parametrize("body", [b'{"revision": "base"}', b"[]", b'"text"', b"{", b"null and more", b"\xff"])
def test_a_body_that_asks_for_something_is_refused(client: httpx.Client, body: bytes) -> None:
    for kind in ("application/json", "text/plain"):
        problem(client.post(MIGRATE, content=body, headers={**BEARER, "Content-Type": kind}), 422)


def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    with client_of(f"sqlite:///{tmp_path / 'cts.db'}", rate="3/hour") as client:
        answers = [client.get(SETTINGS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    told = problem(answers[-1], 429)
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert str(told["place"]["seconds"]) == answers[-1].headers["Retry-After"]


def test_wrong_tokens_are_counted_more_strictly(tmp_path: Path) -> None:
    with client_of(f"sqlite:///{tmp_path / 'cts.db'}", wrong_tokens="2/hour") as client:
        guesses = [client.post(MIGRATE, headers={"Authorization": f"Bearer {guess}"}) for guess in range(3)]
        assert [guess.status_code for guess in guesses] == [401, 401, 429]
        problem(client.post(MIGRATE, headers=BEARER), 429)
        assert client.get(STATUS).status_code == 200
        assert client.get(STATUS, headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 200


def test_every_answer_has_the_headers_that_browsers_heed(client: httpx.Client) -> None:
    for answer in (
        client.get("/"),
        client.get("/assets/page.js"),
        client.get(STATUS),
        client.get("/openapi.json"),
        client.get("/nothing"),
        client.post(MIGRATE),
        client.get("/", headers={"Host": "evil.example"}),
    ):
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_page_comes_with_its_parts(client: httpx.Client) -> None:
    assert client.get("/").headers["Content-Type"] == "text/html; charset=utf-8"
    assert client.get("/assets/page.css").headers["Content-Type"] == "text/css; charset=utf-8"
    assert client.get("/assets/page.js").headers["Content-Type"] == "text/javascript; charset=utf-8"
    for outside in ("/assets/../app.py", "/assets/%2e%2e/app.py", "/assets/", "/docs", "/redoc"):
        assert client.get(outside).status_code == 404
