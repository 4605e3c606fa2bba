"""An undo and a finalize wait for tables that others have locked, for as long as they are told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import finalize_adoption, undo_adoption, upgrade
from cts_schema.dialects.postgresql import lock
from cts_schema.exceptions import DatabaseLocked
from tests.support.databases import Database

pytestmark = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
BOTH = pytest.mark.parametrize(
    ("action", "table"), [(undo_adoption, "users"), (finalize_adoption, "cts_legacy.users")], ids=["undo", "finalize"]
)
ATTEMPTS = "SELECT query_start FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def adopted(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
    database.execute("INSERT INTO users VALUES (1, 'me', 'x')")
    upgrade(database.url)
    monkeypatch.setattr(lock, "LOCK_TIMEOUT", "50ms")  # of one attempt
    return database


def attempts(database: Database, running: Future[Any]) -> int:
    """Count attempts to lock a table, until there were three, or nobody tries any more."""
    seen: set[tuple[Any, ...]] = set()
    while len(seen) < 3 and not running.done():
        seen |= set(database.rows(ATTEMPTS))
    return len(seen)


@BOTH
def test_it_tries_again_until_the_others_let_go(adopted: Database, action: Callable[..., object], table: str) -> None:
    with ThreadPoolExecutor() as pool, adopted.engine.connect() as reader:
        reader.execute(sa.text(f"SELECT * FROM {table}"))
        running = pool.submit(action, adopted.url, wait=60)
        assert attempts(adopted, running) == 3
        reader.rollback()
        assert running.result()
    assert adopted.value("SELECT to_regnamespace('cts_legacy')") is None
    assert adopted.rows("SELECT username FROM users") == [("me",)]


@BOTH
def test_it_gives_up_when_the_wait_is_over(adopted: Database, action: Callable[..., object], table: str) -> None:
    with adopted.engine.connect() as reader:
        reader.execute(sa.text(f"SELECT * FROM {table}"))
        with pytest.raises(DatabaseLocked) as caught:
            action(adopted.url, wait=0.3)
    assert caught.value.place["waited"] == "0.3 s"
    assert "(target, wait=600)" in str(caught.value.next_step)
    assert action(adopted.url)
