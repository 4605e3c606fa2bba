"""Operations for tables with traffic: they run concurrently with readers and writers, and can be restarted.

For revisions after the adoption revision. On PostgreSQL an operation commits what precedes it in the revision, and
runs in transactions of its own; the next run completes an interrupted one. So a
revision has its online operations first, and all others after the last of them: those are one
transaction with the new version. Any other order is refused.

On SQLite, and in a transaction of the caller, where nothing can be committed in between, the same calls run the
ordinary
statements: on PostgreSQL the tables then stay locked until the caller commits. An offline script cannot inspect the
    database: it removes what an earlier run may have left, and starts again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError, IntegrityError, PendingRollbackError

from cts_schema.ddl.naming import shorten
from cts_schema.ddl.operations import replace_checks
from cts_schema.ddl.rebuild import alter_table
from cts_schema.ddl.sql import execute, offline, on_postgresql, scalar
from cts_schema.ddl.text import clause, names, quote


def create_index_online(
    name: str, table: str, columns: Sequence[str | sa.TextClause], *, unique: bool = False, where: str | None = None
) -> None:
    """Create an index while others read and write; a valid existing one stays.

    An interrupted build leaves an invalid index, which slows every write and helps no read: it is rebuilt.
    A build that fails, because of duplicates or a full disk, removes it again.

    Args:
        name: the name of the index.
        table: the table's name.
        columns: names of columns, or text like ``sa.clause("created_at DESC")``.
        unique: whether it is unique.
        where: the condition of a partial index.

    Raises:
        ValueError: an index with this name exists, on other columns or with another uniqueness.
    """
    condition = None if where is None else clause(where)
    options: dict[str, Any] = {"unique": unique, "postgresql_where": condition, "sqlite_where": condition}
    with outside_transaction() as outside, _run_lock_timeout(outside):
        if offline():
            _drop_index(name, table, outside)
        elif on_postgresql():
            valid = _is_valid(name, table)
            if valid:
                _require_same(name, table, columns, unique)
                return
            if valid is False:
                _drop_index(name, table, outside)
        try:
            op.create_index(name, table, list(columns), postgresql_concurrently=outside, **options)
        except DBAPIError as error:
            if outside and not error.connection_invalidated and _is_valid(name, table) is False:
                _drop_index(name, table, outside)
            raise


def drop_index_online(name: str, table: str) -> None:
    """Drop an index while others read and write; on PostgreSQL it need not exist.

    Args:
        name: the name of the index.
        table: the table's name.
    """
    with outside_transaction() as outside, _run_lock_timeout(outside):
        _drop_index(name, table, outside)


def add_foreign_key_online(
    table: str,
    columns: Sequence[str],
    parent: str,
    parent_columns: Sequence[str] = ("id",),
    *,
    ondelete: str | None = None,
) -> None:
    """Add a foreign key: first, instantly, for new rows, then for existing ones, concurrently with traffic.

    Its name is ``fk_<table>_<columns>``. If rows violate it, it is removed again, and the revision fails.

    Args:
        table: the child table.
        columns: its columns.
        parent: the parent table.
        parent_columns: its columns.
        ondelete: the delete action.
    """
    name = shorten("_".join(["fk", table, *columns]))
    if not on_postgresql():
        with alter_table(table) as batch:
            batch.create_foreign_key(name, parent, list(columns), list(parent_columns), ondelete=ondelete)
        return
    definition = f"FOREIGN KEY ({names(columns)}) REFERENCES {quote(parent)} ({names(parent_columns)})"
    with outside_transaction() as outside:
        _add_constraint(table, name, definition + (f" ON DELETE {ondelete}" if ondelete else ""), outside)


def add_check_online(table: str, name: str, condition: str) -> None:
    """Add a CHECK: first, instantly, for new rows, then for existing ones, concurrently with traffic.

    If rows violate it, it is removed again, and the revision fails.

    Args:
        table: the table's name.
        name: the CHECK's name.
        condition: the condition that every row must meet.
    """
    if not on_postgresql():
        replace_checks(table, add=[(name, condition)])
        return
    with outside_transaction() as outside:
        _add_constraint(table, name, f"CHECK ({condition})", outside)


def set_not_null_online(table: str, column: str) -> None:
    """Make a column NOT NULL. PostgreSQL reads the rows concurrently with traffic, for a temporary CHECK.

    Args:
        table: the table's name.
        column: the column, which has a value in every row.
    """
    if not on_postgresql():
        with alter_table(table) as batch:
            batch.alter_column(column, nullable=False)
        return
    name = shorten(f"ck_{table}_{column}_not_null")
    with outside_transaction() as outside:
        if offline() or not _catalog(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attname = :name",
            table,
            column,
        ):
            _add_constraint(table, name, f"CHECK ({quote(column)} IS NOT NULL)", outside)
            # A validated CHECK avoids the scan under ACCESS EXCLUSIVE (postgresql.org/docs/current/sql-altertable).
            _alter(table, f"ALTER COLUMN {quote(column)} SET NOT NULL")
        _alter(table, f"DROP CONSTRAINT IF EXISTS {quote(name)}")


@contextmanager
def outside_transaction() -> Iterator[bool]:
    """Run the block outside of the transaction of the run; yields False if that is impossible.

    Raises:
        ValueError: the revision has already changed something, which would stay if the block fails.
    """
    context = op.get_context()
    if not on_postgresql() or (not context.as_sql and context._in_external_transaction):
        yield False
        return
    if not context.as_sql and scalar("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"):
        raise ValueError("an online operation must come first in its revision, because it commits what precedes it")
    failure: BaseException | None = None
    try:
        with context.autocommit_block():
            try:
                yield True
            except BaseException as error:
                failure = error
                raise
    except PendingRollbackError as error:  # a broken connection cannot end the block properly
        raise failure or error from error


@contextmanager
def _run_lock_timeout(outside: bool) -> Iterator[None]:
    """Allow a concurrent build or drop to wait for other transactions as long as the run may.

    It blocks no reader or writer, and a timeout would discard the whole build.
    """
    if not outside or offline():
        yield
        return
    before = scalar("SELECT current_setting('lock_timeout')")
    remaining = op.get_context().opts["deadline"].remaining
    execute(f"SET lock_timeout = {int(min(max(remaining * 1000, 2000), 2**31 - 1))}")
    try:
        yield
    finally:
        if not op.get_bind().invalidated:
            execute(f"SET lock_timeout = '{before}'")


def _is_valid(name: str, table: str) -> bool | None:
    """Return whether the index is valid; None if ``table`` has no such index."""
    valid: bool | None = _catalog(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = CAST(:table AS regclass) AND c.relname = :name",
        table,
        name,
    )
    return valid


def _require_same(name: str, table: str, columns: Sequence[str | sa.TextClause], unique: bool) -> None:
    there = _catalog(
        "SELECT i.indisunique || ' ' || array_to_string(ARRAY("
        "SELECT pg_get_indexdef(i.indexrelid, place, true) FROM generate_series(1, i.indnkeyatts) place), ', ') "
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = CAST(:table AS regclass) AND c.relname = :name",
        table,
        name,
    )
    plain = [quote(column) for column in columns if isinstance(column, str)]  # an expression may have another spelling
    wanted = f"{str(unique).lower()} {', '.join(plain)}"
    if not there.startswith(str(unique).lower()) or (len(plain) == len(columns) and there != wanted):
        raise ValueError(f"another index {name} of {table} exists already: {there}")


def _drop_index(name: str, table: str, outside: bool) -> None:
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=outside)


def _add_constraint(table: str, name: str, definition: str, outside: bool) -> None:
    validated = None
    if offline():
        _alter(table, f"DROP CONSTRAINT IF EXISTS {quote(name)}")
    else:
        validated = _catalog(
            "SELECT convalidated FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND conname = :name",
            table,
            name,
        )
    if validated:
        return
    if validated is None:
        _alter(table, f"ADD CONSTRAINT {quote(name)} {definition} NOT VALID")
    try:
        _alter(table, f"VALIDATE CONSTRAINT {quote(name)}")
    except IntegrityError:
        if outside:
            _alter(table, f"DROP CONSTRAINT {quote(name)}")
        raise


def _alter(table: str, action: str) -> None:
    execute(f"ALTER TABLE {quote(table)} {action}")


def _catalog(query: str, table: str, name: str) -> Any:
    """Return the result of a catalog query about the object ``name`` of ``table``, or None if there is none."""
    return op.get_bind().execute(sa.text(query), {"table": quote(table), "name": name}).scalar()
