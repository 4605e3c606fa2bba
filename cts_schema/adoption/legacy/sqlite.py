"""The legacy tables of a SQLite file: renamed until their rows are loaded, then dropped; a backup has them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from cts_schema.adoption import backup
from cts_schema.adoption.legacy import preserved_tables, record
from cts_schema.adoption.legacy.record import Record, State, require_unchanged
from cts_schema.database.options import Options
from cts_schema.ddl import returned
from cts_schema.ddl.naming import LEGACY
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

_AT_ONCE = 1000  # rows that are read at once


def lock(connection: sa.Connection) -> Sequence[str]:
    """Lock nothing: the transaction has the whole file."""
    return ()


@contextmanager
def renaming(connection: sa.Connection) -> Iterator[None]:
    """Rename tables within the block without a check of others.

    Else any view that does not compile makes it fail, and views and foreign keys would follow the renamed table.
    """
    before = connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    try:
        yield
    finally:
        if not connection.closed and not connection.invalidated:
            connection.exec_driver_sql(f"PRAGMA legacy_alter_table = {before}")


def move(connection: sa.Connection, tables: Sequence[str]) -> dict[str, str]:
    """Rename tables, while foreign keys are off; their indexes go, whose names are those of the whole file."""
    with renaming(connection):
        return {table: _rename(connection, table) for table in tables}


def _rename(connection: sa.Connection, table: str) -> str:
    query = f"SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = {literal(table)} AND sql IS NOT NULL"
    for index in run(connection, query).scalars().all():
        run(connection, f"DROP INDEX {quote(index)}")
    place = quote(_free_name(connection, f"{LEGACY}_{table}"))
    run(connection, f"ALTER TABLE {quote(table)} RENAME TO {place}")
    return place


def _free_name(connection: sa.Connection, wanted: str) -> str:
    taken = {name.lower() for name in connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars()}
    name, number = wanted, 2
    while name.lower() in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name


def drop_moved(connection: sa.Connection, moved: Mapping[str, str]) -> None:
    """Drop the tables that were moved."""
    for place in moved.values():
        run(connection, f"DROP TABLE {place}")


class PreservedTables(preserved_tables.PreservedTables):
    """The tables that a downgrade preserved, renamed meanwhile."""

    def put_back(self) -> list[str]:
        """Put back those that come back themselves; return what is to be made again once their rows are restored."""
        own: list[str] = []
        for table, preserved in self.returning.items():
            if not run(self.connection, f"SELECT EXISTS (SELECT 1 FROM {quote(table)})").scalar_one():
                made = returned.put_in_place_on_sqlite(table, preserved, self.indexes[preserved])
                own += [definition for _, definition in made]
        return own


def remember(connection: sa.Connection, version_table: str, copy: Path | None) -> None:
    """Write down what the tables are now, and which backup has the legacy ones; none of a database in memory."""
    if copy is not None:
        made = manifest.read(copy)
        if made is None:
            raise BackupDamaged(cause="the backup has lost its manifest", file=copy)
        record.write(connection, Record(copy.name, made.sha256, _state(connection, version_table)))


def undo(connection: sa.Connection, options: Options, *, discard_new: bool) -> str:
    """Bring the old file back from its backup; what is there now is copied first.

    Args:
        connection: in no transaction.
        options: name the table that holds the revision, without which nothing is adopted, and how long to wait.
        discard_new: whether what was written since may go.

    Returns:
        What was done, as a sentence.

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
            require_unchanged(connection, made.state, lambda: _state(connection, options.version_table), discard_new)
        finally:
            connection.rollback()  # before the replacement, which waits for whoever reads
        sqlite.back_up(file, kept, options)

    sqlite.replace(old, file, options.wait, keep)
    return f"the legacy database is back, from {old}; what was there until now is in {kept}"


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


def finalize(connection: sa.Connection, options: Options) -> Sequence[str]:
    """Drop nothing: no legacy table has stayed."""
    return ()


def _state(connection: sa.Connection, version_table: str) -> State:
    """Return what shows whether any table has changed since: an undo brings the whole file back."""
    with readable_without_collations(connection):
        return {name: _state_of(connection, name) for name in _tables(connection, version_table)}


def _tables(connection: sa.Connection, version_table: str) -> list[str]:
    not_counted = ", ".join(map(literal, ("schema_migrations", ADOPTION_RECORD, version_table)))
    names = run(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 "  # 0 of a virtual one
        f"AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ({not_counted})",
    ).scalars()
    return sorted(names)


def _state_of(connection: sa.Connection, name: str) -> dict[str, str]:
    """Return the digest of every value: a sum would not show two changes that cancel out."""
    columns = run(connection, f"SELECT name FROM pragma_table_xinfo({literal(name)}) WHERE hidden = 0").scalars()
    # A text may be no UTF-8, so it comes as bytes, and bytes as a text.
    values = ", ".join(
        f"CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) "
        f"WHEN 'blob' THEN hex({column}) ELSE {column} END"
        for column in map(quote, columns)
    )
    where = f"WHERE {run_log.OTHER_ROWS}" if name == run_log.TABLE else ""
    rows, digest = 0, hashlib.sha256()
    cursor = connection.connection.cursor()  # the driver's own takes two thirds of the time
    cursor.execute(f"SELECT {values} FROM {quote(name)} {where}")
    while part := cursor.fetchmany(_AT_ONCE):
        rows += len(part)
        digest.update(repr(part).encode())
    return {"rows": str(rows), "values": digest.hexdigest()}
