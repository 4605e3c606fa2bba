"""The way back: the old database as it was, as long as nobody has said that it is not needed any more.

PostgreSQL keeps the old tables (see :mod:`cts_schema.adoption.aside`), SQLite has the backup. What the new tables were
right after the adoption is remembered, beside the old ones: what was written since would be lost, and is not lost
unless somebody says so.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import aside, backup, holding, target
from cts_schema.adoption.sql import literal, quote, run
from cts_schema.exceptions import BackupFailed, ChangedSince, DatabaseLocked, NoAdoption, TransactionRefused, mask_url
from cts_schema.migration import sqlite

_STATE = "cts_adoption_state"
State = dict[str, dict[str, str]]


def remember(connection: sa.Connection, copy: Path | None) -> None:
    """Note what the new tables are, within the adoption's transaction.

    Args:
        connection: the database.
        copy: the backup of a SQLite file, None of one in memory.
    """
    if connection.dialect.name == "postgresql":
        place = f"{quote(holding.holding_schema(connection))}.{_STATE}"
        run(connection, f"CREATE TABLE {place} (state jsonb NOT NULL)")
        run(connection, f"INSERT INTO {place} VALUES ({literal(json.dumps(state(connection)))}::jsonb)")
        holding.record(connection, "after", [f"DROP TABLE {place}"], held=("table", place))
    elif copy is not None:
        copy.with_suffix(".json").write_text(json.dumps(state(connection)), encoding="utf-8")


def undo_on_postgresql(connection: sa.Connection, version_table: str, *, discard_new: bool) -> None:
    """Bring the old tables back, within the caller's transaction.

    Raises:
        NoAdoption: there are none.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said.
        StillInUse: something depends on the new tables.
    """
    place = f"{quote(holding.holding_schema(connection))}.{_STATE}"
    if run(connection, f"SELECT to_regclass({literal(place)})").scalar() is None:
        raise NoAdoption(database=mask_url(connection.engine.url))
    there = set(sa.inspect(connection).get_table_names())
    tables = [name for name in (*target.tables(), version_table) if name in there]
    run(connection, f"LOCK TABLE {', '.join(map(quote, tables))} IN ACCESS EXCLUSIVE MODE")
    remembered: Any = run(connection, f"SELECT state::text FROM {place}").scalar_one()
    _require_unchanged(connection, json.loads(remembered), discard_new)
    aside.undo(connection, tables)


def undo_on_sqlite(connection: sa.Connection, wait: float, *, discard_new: bool) -> tuple[Path, Path]:
    """Bring the old file back from its backup; what is there now is copied first.

    Args:
        connection: in no transaction.
        wait: seconds to wait for another writer.
        discard_new: whether what was written since may go.

    Returns:
        The backup that was brought back, and the copy of what was there.

    Raises:
        NoAdoption: there is no backup of an adoption.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said.
    """
    if connection.in_transaction():
        raise TransactionRefused(reason="the whole file is brought back, and a transaction cannot hold that")
    file = backup.file_of(connection)
    connection.rollback()  # the transaction that SQLAlchemy began for reading
    copies = [] if file is None else sorted(backup.folder_of(file).glob(f"{file.stem}-*.json"), reverse=True)
    old = next((copy.with_suffix(".db") for copy in copies if copy.with_suffix(".db").exists()), None)
    if file is None or old is None:
        raise NoAdoption(
            database=mask_url(connection.engine.url),
            looked_in="" if file is None else backup.folder_of(file),
        )
    with sqlite.transaction(connection, wait):
        remembered = json.loads(old.with_suffix(".json").read_text(encoding="utf-8"))
        _require_unchanged(connection, remembered, discard_new)
        kept = backup.next_name(file)
        backup.make(file, kept)
    _bring_back(old, connection)
    old.with_suffix(".json").unlink()
    return old, kept


def _bring_back(old: Path, connection: sa.Connection) -> None:
    """Replace the pages of the live file, in one transaction of SQLite's own: readers see the one or the other."""
    file = backup.file_of(connection)
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{old.resolve().as_uri()}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(str(file), timeout=30)) as live,
        ):
            source.backup(live, pages=-1)
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise DatabaseLocked(file=file) from error
        raise BackupFailed(
            cause="the backup could not be brought back", file=old, reason=str(error), next_step=f"cp {old} {file}"
        ) from error


def state(connection: sa.Connection) -> State:
    """Return what tells whether our tables have changed since: of each its rows, and which of them are new or newer.

    PostgreSQL knows the transaction that wrote a row. On SQLite a changed row is stamped with its time by a trigger,
    and a
    table without one is a log, whose rows are only added and deleted. The ledger is left out: later revisions write it.
    """
    found: State = {}
    for name, table in target.tables().items():
        if name == "schema_migrations" or not sa.inspect(connection).has_table(name):
            continue
        if connection.dialect.name == "postgresql":
            newest = "array_to_string(ARRAY(SELECT DISTINCT t.xmin::text FROM {} t ORDER BY 1), ' ')"
        elif "updated_at" in table.columns:
            newest = "(SELECT max(updated_at) || ' ' || max(rowid) FROM {})"
        else:
            newest = "(SELECT max(rowid) FROM {})"
        query = f"SELECT count(*), {newest.format(quote(name))} FROM {quote(name)}"
        rows, last = run(connection, query).one()
        found[name] = {"rows": str(rows), "newest": str(last)}
    return found


def _require_unchanged(connection: sa.Connection, remembered: State, discard_new: bool) -> None:
    if discard_new:
        return
    now = state(connection)
    changed = sorted(name for name in remembered.keys() | now.keys() if remembered.get(name) != now.get(name))
    if changed:
        raise ChangedSince(database=mask_url(connection.engine.url), tables=_some(changed))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
