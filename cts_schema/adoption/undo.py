"""The way back: the old database as it was, as long as nobody has said that it is not needed any more.

PostgreSQL keeps the old tables (see :mod:`cts_schema.adoption.aside`), SQLite has the backup. What the new tables were
right after the adoption is remembered, beside the old ones: what was written since would be lost, and is not lost
unless somebody says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import aside, backup, holding, target
from cts_schema.adoption.sql import literal, quote, run
from cts_schema.exceptions import BackupDamaged, ChangedSince, NoAdoption, TransactionRefused, mask_url
from cts_schema.maintenance import files, manifest, sqlite
from cts_schema.migration import run_log

_STATE = "cts_adoption_state"
State = dict[str, dict[str, str]]

_COUNTED_EXACTLY = 20_000  # rows of a table whose every value is looked at


def remember(connection: sa.Connection, version_table: str, copy: Path | None) -> None:
    """Note what the new tables are, within the adoption's transaction.

    Args:
        connection: the database.
        version_table: the table that holds the revision.
        copy: the backup of a SQLite file, None of one in memory.
    """
    if connection.dialect.name == "postgresql":
        place = f"{quote(holding.holding_schema(connection))}.{_STATE}"
        run(connection, f"CREATE TABLE {place} (state jsonb NOT NULL)")
        run(connection, f"INSERT INTO {place} VALUES ({literal(json.dumps(state(connection, version_table)))}::jsonb)")
        holding.record(connection, "after", [f"DROP TABLE {place}"], held=("table", place))
    elif copy is not None:
        made = manifest.read(copy)
        if made is None:
            raise BackupDamaged(cause="the backup has lost its manifest", file=copy)
        told = {"file": _name_of(connection), "state": state(connection, version_table)}
        manifest.write(copy, made, files.mode_of(copy), told, replace=True)


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
    _require_unchanged(connection, version_table, json.loads(remembered), discard_new)
    aside.undo(connection, tables)


def undo_on_sqlite(
    connection: sa.Connection, version_table: str, wait: float, *, discard_new: bool
) -> tuple[Path, Path]:
    """Bring the old file back from its backup; what is there now is copied first.

    Args:
        connection: in no transaction.
        version_table: the table that holds the revision; without it nothing is adopted.
        wait: seconds to wait for another writer.
        discard_new: whether what was written since may go.

    Returns:
        The backup that was brought back, and the copy of what was there.

    Raises:
        NoAdoption: there is no backup of an adoption.
        BackupDamaged: there is one that somebody has changed.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said.
    """
    if connection.in_transaction():
        raise TransactionRefused(reason="the whole file is brought back, and a transaction cannot hold that")
    file = backup.file_of(connection)
    adopted = sa.inspect(connection).has_table(version_table)
    connection.rollback()  # the transaction that SQLAlchemy began for reading
    old = backup.newest_of_adoption(file) if file is not None and adopted else None
    if file is None or old is None:
        raise NoAdoption(
            database=mask_url(connection.engine.url),
            looked_in="" if file is None else files.folder_beside(file),
        )
    told, made = manifest.adoption_of(old), manifest.read(old)
    if told is None or made is None:
        raise AssertionError("the backup of an adoption, without what that has told")
    if files.sha256(old) != made.sha256:
        raise BackupDamaged(file=old, manifest=manifest.beside(old))
    kept = backup.next_name(file)

    def keep() -> None:
        try:
            _require_unchanged(connection, version_table, told["state"], discard_new)
        finally:
            connection.rollback()  # before the replacement, which waits for whoever reads
        sqlite.back_up(file, kept, version_table, wait)

    sqlite.replace(old, file, wait, keep)
    manifest.write(old, made, files.mode_of(old), replace=True)  # it is a backup like any other now
    return old, kept


def state(connection: sa.Connection, version_table: str) -> State:
    """Return what tells whether the database has changed since.

    PostgreSQL keeps all but our tables as they are, and knows the transaction that wrote a row. On SQLite the whole
    file would be brought back, so that all its tables count. The ledger and the run log are left out: every run writes
    them.
    """
    if connection.dialect.name == "sqlite":
        return {name: _state_on_sqlite(connection, name) for name in _tables_on_sqlite(connection, version_table)}
    found: State = {}
    for name in target.tables():
        if name != "schema_migrations" and sa.inspect(connection).has_table(name):
            of = f"{quote(name)} AS t {_where(name)}"
            writers = f"array_to_string(ARRAY(SELECT DISTINCT t.xmin::text FROM {of} ORDER BY 1), ' ')"
            rows, last = run(connection, f"SELECT count(*), {writers} FROM {of}").one()
            found[name] = {"rows": str(rows), "writers": str(last)}
    return found


def _name_of(connection: sa.Connection) -> str:
    file = backup.file_of(connection)
    return "" if file is None else file.name


def _tables_on_sqlite(connection: sa.Connection, version_table: str) -> list[str]:
    names = run(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' "
        f"AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ('schema_migrations', {literal(version_table)})",
    ).scalars()
    return sorted(names)


def _where(table: str) -> str:
    return f"WHERE {run_log.OTHER_ROWS}" if table == run_log.TABLE else ""


def _state_on_sqlite(connection: sa.Connection, name: str) -> dict[str, str]:
    of = f"{quote(name)} {_where(name)}"
    columns = run(connection, f"SELECT name FROM pragma_table_xinfo({literal(name)}) WHERE hidden <> 1").scalars().all()
    rows = run(connection, f"SELECT count(*) FROM {of}").scalar_one()
    if rows <= _COUNTED_EXACTLY:
        told = ", ".join(f"typeof({column}) || hex({column})" for column in map(quote, columns))
        digest = hashlib.sha256()
        for row in run(connection, f"SELECT {told} FROM {of}"):
            digest.update(repr(tuple(row)).encode())
        return {"rows": str(rows), "values": digest.hexdigest()}
    # Too many to read them all. Texts by their lengths and ends, and whatever else by its sum.
    sums = ", ".join(
        f"total(CASE typeof({column}) WHEN 'text' THEN length({column}) * 65537 + unicode({column}) * 257 "
        f"+ unicode(substr({column}, -1)) WHEN 'blob' THEN length({column}) ELSE {column} END)"
        for column in map(quote, ["updated_at"] if "updated_at" in columns else columns)
    )
    if "updated_at" in columns and name in target.tables():  # which a trigger keeps
        sums += ", total(julianday(updated_at))"
    return {"rows": str(rows), "values": repr(tuple(run(connection, f"SELECT {sums} FROM {of}").one()))}


def _require_unchanged(connection: sa.Connection, version_table: str, remembered: State, discard_new: bool) -> None:
    if discard_new:
        return
    now = state(connection, version_table)
    changed = sorted(name for name in remembered.keys() | now.keys() if remembered.get(name) != now.get(name))
    if changed:
        raise ChangedSince(database=mask_url(connection.engine.url), tables=_some(changed))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
