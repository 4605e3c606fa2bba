"""What others commit while a run waits for a lock is seen by it, however the session would begin its transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import adopt, finalize_adoption, undo_adoption
from cts_schema.exceptions import ChangedSince, ReadOnlyDatabase, TransactionRefused
from tests.support.databases import Database

SET = "ALTER DATABASE {0} SET {1}"


@pytest.fixture
def kind() -> str:
    return "postgresql"


@pytest.fixture
def adopted(database: Database) -> Database:
    """A database that has just been adopted."""
    database.execute("CREATE TABLE users (id integer PRIMARY KEY, username text, password_hash text)")
    database.execute("INSERT INTO users VALUES (1, 'ann', 'x')")
    adopt(database.url)
    return database


def by_url(database: Database) -> Any:
    database.execute(SET.format(database.location.database, "default_transaction_isolation = 'repeatable read'"))
    return database.url


def by_engine(database: Database) -> Any:
    return sa.create_engine(database.location, isolation_level="SERIALIZABLE")


def by_autocommit(database: Database) -> Any:
    return sa.create_engine(database.location, isolation_level="AUTOCOMMIT")


@pytest.mark.parametrize("given", [by_url, by_engine, by_autocommit])
def test_a_row_committed_while_undo_waits_for_its_table_keeps_the_table(
    adopted: Database, given: Callable[[Database], Any]
) -> None:
    target = given(adopted)
    with ThreadPoolExecutor(1) as pool:
        with adopted.engine.begin() as writer:
            writer.exec_driver_sql("INSERT INTO users (id, username, password_hash) VALUES ('new', 'bob', '')")
            undone = pool.submit(undo_adoption, target)
            until_somebody_waits(adopted, undone.done)
        with pytest.raises(ChangedSince, match="changed"):
            undone.result()
    assert adopted.rows("SELECT username FROM users ORDER BY 1") == [("ann",), ("bob",)]
    if isinstance(target, sa.Engine):
        target.dispose()


def until_somebody_waits(database: Database, over: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not database.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'\\:\\:regclass"):
        assert not over()
        pause.wait(0.01)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE", "AUTOCOMMIT"])
@pytest.mark.parametrize("act", [undo_adoption, finalize_adoption])
def test_a_transaction_of_the_caller_with_an_old_snapshot_is_refused(
    adopted: Database, level: Any, act: Callable[[sa.Connection], Any]
) -> None:
    engine = sa.create_engine(adopted.location, isolation_level=level)
    with engine.begin() as connection, pytest.raises(TransactionRefused):
        act(connection)
    engine.dispose()
    assert adopted.value("SELECT count(*) FROM cts_legacy.users") == 1


def test_a_way_back_that_fails_in_an_autocommitting_session_is_undone_as_a_whole(adopted: Database) -> None:
    adopted.execute("CREATE VIEW mine AS SELECT id FROM users")
    engine = by_autocommit(adopted)
    with pytest.raises(Exception, match="depends"):
        undo_adoption(engine, discard_new=True)
    engine.dispose()
    assert adopted.value("SELECT count(*) FROM cts_legacy.users") == 1
    assert adopted.value("SELECT count(*) FROM mine") == 1


def test_a_session_that_may_only_read_is_refused_with_what_to_reset(adopted: Database) -> None:
    adopted.execute(SET.format(adopted.location.database, "default_transaction_read_only = on"))
    with pytest.raises(ReadOnlyDatabase) as caught:
        undo_adoption(adopted.url)
    assert "default_transaction_read_only" in str(caught.value.next_step)
    assert adopted.value("SELECT count(*) FROM cts_legacy.users") == 1


def test_transactions_that_would_be_deferrable_are_begun_as_a_run_needs_them(adopted: Database) -> None:
    for name, value in (("deferrable", "on"), ("isolation", "'serializable'")):
        adopted.execute(SET.format(adopted.location.database, f"default_transaction_{name} = {value}"))
    undo_adoption(adopted.url)
    assert adopted.rows("SELECT username FROM users") == [("ann",)]
