"""The way back: the old database as it was, as long as nobody has said that it is not needed any more.

PostgreSQL keeps the old tables (see :mod:`cts_schema.adoption.legacy.move_aside`), SQLite has the backup. The state
of the new tables right after the adoption is kept beside the old ones: what was written since would be lost, and is not
lost unless somebody says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import backup, target
from cts_schema.adoption.legacy import move_aside, record
from cts_schema.adoption.legacy import schema as legacy_schema
from cts_schema.adoption.legacy.record import Record, State
from cts_schema.adoption.legacy.schema import legacy_schema_name
from cts_schema.database.options import Options
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.sqlite.untrusted import readable_without_collations
from cts_schema.exceptions import (
    BackupDamaged,
    ChangedSince,
    NextCommand,
    NextStep,
    NoAdoption,
    TransactionRefused,
    mask_url,
)
from cts_schema.maintenance import files, manifest, sqlite
from cts_schema.migration import run_log
from cts_schema.schema.scripts import ADOPTION_RECORD

_STATE = "cts_adoption_state"
_AT_ONCE = 1000  # rows that are read at once


def remember(connection: sa.Connection, version_table: str, copy: Path | None) -> None:
    """Note what the new tables are, within the adoption's transaction.

    Args:
        connection: the database.
        version_table: the table that holds the revision.
        copy: the backup of a SQLite file, None of one in memory.
    """
    if connection.dialect.name == "postgresql":
        place = f"{quote(legacy_schema_name(connection))}.{_STATE}"
        run(connection, f"CREATE TABLE {place} (state jsonb NOT NULL)")
        run(connection, f"INSERT INTO {place} VALUES ({literal(json.dumps(state(connection, version_table)))}::jsonb)")
        legacy_schema.record(connection, "after", [f"DROP TABLE {place}"], held=("table", place))
    elif copy is not None:
        made = manifest.read(copy)
        if made is None:
            raise BackupDamaged(cause="the backup has lost its manifest", file=copy)
        record.write(connection, Record(copy.name, made.sha256, state(connection, version_table)))


def undo_on_postgresql(connection: sa.Connection, version_table: str, *, discard_new: bool) -> None:
    """Bring the old tables back, within the caller's transaction.

    Raises:
        NoAdoption: there are none.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said.
        StillInUse: something depends on the new tables.
    """
    place = f"{quote(legacy_schema_name(connection))}.{_STATE}"
    if run(connection, f"SELECT to_regclass({literal(place)})").scalar() is None:
        raise NoAdoption(database=mask_url(connection.engine.url))
    there = set(sa.inspect(connection).get_table_names())
    tables = [name for name in (*target.tables(), version_table) if name in there]
    run(connection, f"LOCK TABLE {', '.join(map(quote, tables))} IN ACCESS EXCLUSIVE MODE")
    remembered: Any = run(connection, f"SELECT state::text FROM {place}").scalar_one()
    _require_unchanged(connection, version_table, json.loads(remembered), discard_new)
    move_aside.undo(connection, tables)


def undo_on_sqlite(connection: sa.Connection, options: Options, *, discard_new: bool) -> tuple[Path, Path]:
    """Bring the old file back from its backup; what is there now is copied first.

    Args:
        connection: in no transaction.
        options: name the table that holds the revision, without which nothing is adopted, and how long to wait.
        discard_new: whether what was written since may go.

    Returns:
        The backup that was brought back, and the copy of what was there.

    Raises:
        NoAdoption: the database has no record of one.
        BackupDamaged: the backup that the record names is not there, or was changed.
        ChangedSince: the new tables have changed, and ``discard_new`` was not said.
    """
    if connection.in_transaction():
        raise TransactionRefused(reason="the whole file is brought back, and a transaction cannot hold that")
    file = backup.file_of(connection)
    made = record.read(connection) if sa.inspect(connection).has_table(options.version_table) else None
    connection.rollback()  # the transaction that SQLAlchemy began for reading
    if file is None or made is None:
        raise NoAdoption(database=mask_url(connection.engine.url))
    old = _backup_of(made, files.folder_beside(file))
    kept = backup.next_name(file)

    def keep() -> None:
        try:
            if record.read(connection) != made:
                raise ChangedSince(cause="another adoption has come meanwhile; nothing was touched", next_step="repeat")
            _require_unchanged(connection, options.version_table, made.state, discard_new)
        finally:
            connection.rollback()  # before the replacement, which waits for whoever reads
        sqlite.back_up(file, kept, options)

    sqlite.replace(old, file, options.wait, keep)
    return old, kept


def state(connection: sa.Connection, version_table: str) -> State:
    """Return what tells whether the database has changed since.

    PostgreSQL keeps all but our tables as they are, and knows the transaction that wrote a row. On SQLite the whole
    file would be brought back, so that all its tables count. The ledger and the run log are left out: every run writes
    them.
    """
    if connection.dialect.name == "sqlite":
        with readable_without_collations(connection):
            return {name: _state_on_sqlite(connection, name) for name in _tables_on_sqlite(connection, version_table)}
    found: State = {}
    for name in target.tables():
        if name != "schema_migrations" and sa.inspect(connection).has_table(name):
            of = f"{quote(name)} AS t {_where(name)}"
            writers = f"array_to_string(ARRAY(SELECT DISTINCT t.xmin::text FROM {of} ORDER BY 1), ' ')"
            rows, last = run(connection, f"SELECT count(*), {writers} FROM {of}").one()
            found[name] = {"rows": str(rows), "writers": str(last)}
    return found


def _backup_of(made: Record, folder: Path) -> Path:
    """Return the backup that a record names.

    Raises:
        BackupDamaged: it is not there, or was changed.
    """
    old = folder / Path(made.backup).name  # whatever somebody has written there
    if not old.is_file():
        raise BackupDamaged(
            cause="the backup that the adoption made is not there; nothing was touched",
            file=old,
            sha256=made.sha256,
            next_step=NextStep(
                "put it back in that place, then repeat; to use another backup: {}",
                NextCommand("restore", "FILE", force=True),
            ),
        )
    if files.sha256(old) != made.sha256:
        raise BackupDamaged(
            file=old, sha256=made.sha256, next_step="put the file with that checksum in its place, then repeat"
        )
    return old


def _tables_on_sqlite(connection: sa.Connection, version_table: str) -> list[str]:
    not_counted = ", ".join(map(literal, ("schema_migrations", ADOPTION_RECORD, version_table)))
    names = run(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 "  # 0 of a virtual one
        f"AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ({not_counted})",
    ).scalars()
    return sorted(names)


def _where(table: str) -> str:
    return f"WHERE {run_log.OTHER_ROWS}" if table == run_log.TABLE else ""


def _state_on_sqlite(connection: sa.Connection, name: str) -> dict[str, str]:
    """Return the digest of every value: a sum would not show two changes that cancel out."""
    columns = run(connection, f"SELECT name FROM pragma_table_xinfo({literal(name)}) WHERE hidden = 0").scalars()
    # A text may be no UTF-8, so it comes as bytes, and bytes as a text.
    values = ", ".join(
        f"CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) "
        f"WHEN 'blob' THEN hex({column}) ELSE {column} END"
        for column in map(quote, columns)
    )
    rows, digest = 0, hashlib.sha256()
    cursor = connection.connection.cursor()  # the driver's own takes two thirds of the time
    cursor.execute(f"SELECT {values} FROM {quote(name)} {_where(name)}")
    while part := cursor.fetchmany(_AT_ONCE):
        rows += len(part)
        digest.update(repr(part).encode())
    return {"rows": str(rows), "values": digest.hexdigest()}


def _require_unchanged(connection: sa.Connection, version_table: str, remembered: State, discard_new: bool) -> None:
    if discard_new:
        return
    now = state(connection, version_table)
    changed = sorted(name for name in remembered.keys() | now.keys() if remembered.get(name) != now.get(name))
    if changed:
        raise ChangedSince(database=mask_url(connection.engine.url), tables=_some(changed))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
