"""Operations for tables with traffic: what takes long runs beside readers and writers, and each may start again.

For revisions after the adoption revision. On PostgreSQL an operation commits what came before it in the revision, and
works in transactions of its own; one that was interrupted is met half done by the next run, which finishes it. So a
revision has its online operations first, and what is no online operation after the last of them: that is one
transaction with the new version. The other order is refused.

On SQLite, and in a transaction of the caller, where nothing can be committed in between, the same calls do the plain
thing: on PostgreSQL the tables then stay locked until the caller commits. An offline script cannot look what is there:
it takes away what an earlier run may have left, and begins anew.
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
    """Create an index while others read and write; one that is there and valid stays.

    A build that was interrupted leaves an invalid index, which costs every writer and serves no reader: it is built
    anew. A build that fails, because of duplicates or a full disk, takes it away again.

    Args:
        name: the index's name.
        table: the table's name.
        columns: names of columns, or text like ``sa.clause("created_at DESC")``.
        unique: whether it refuses duplicates.
        where: the condition of a partial index.

    Raises:
        ValueError: an index of this name is there, on other columns or with other duplicates.
    """
    condition = None if where is None else clause(where)
    options: dict[str, Any] = {"unique": unique, "postgresql_where": condition, "sqlite_where": condition}
    with outside_transaction() as outside, _patient(outside):
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
    """Drop an index while others read and write; on PostgreSQL it need not be there.

    Args:
        name: the index's name.
        table: the table's name.
    """
    with outside_transaction() as outside, _patient(outside):
        _drop_index(name, table, outside)


def add_foreign_key_online(
    table: str,
    columns: Sequence[str],
    parent: str,
    parent_columns: Sequence[str] = ("id",),
    *,
    ondelete: str | None = None,
) -> None:
    """Add a foreign key: for new rows first, in an instant, and then for those that are there, beside the traffic.

    Its name is ``fk_<table>_<columns>``. Where rows refuse it, it is taken away again, and the revision fails.

    Args:
        table: the table that refers.
        columns: its columns.
        parent: the table referred to.
        parent_columns: its columns.
        ondelete: what a delete in ``parent`` does to the rows.
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
    """Add a CHECK: for new rows first, in an instant, and then for those that are there, beside the traffic.

    Where rows refuse it, it is taken away again, and the revision fails.

    Args:
        table: the table's name.
        name: the CHECK's name.
        condition: what every row must satisfy.
    """
    if not on_postgresql():
        replace_checks(table, add=[(name, condition)])
        return
    with outside_transaction() as outside:
        _add_constraint(table, name, f"CHECK ({condition})", outside)


def set_not_null_online(table: str, column: str) -> None:
    """Make a column NOT NULL. PostgreSQL reads the rows beside the traffic, for a CHECK that is gone afterwards.

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
            # A validated CHECK spares it the scan under ACCESS EXCLUSIVE (postgresql.org/docs/current/sql-altertable).
            _alter(table, f"ALTER COLUMN {quote(column)} SET NOT NULL")
        _alter(table, f"DROP CONSTRAINT IF EXISTS {quote(name)}")


@contextmanager
def outside_transaction() -> Iterator[bool]:
    """Run the block outside of the run's transaction; yields False where there is no way out of it.

    Raises:
        ValueError: the revision has changed something before, which would stay when the block fails.
    """
    context = op.get_context()
    if not on_postgresql() or (not context.as_sql and context._in_external_transaction):
        yield False
        return
    if not context.as_sql and scalar("SELECT pg_current_xact_id_if_assigned() IS NOT NULL"):
        raise ValueError("an online operation must come first in its revision: it commits what is before it")
    failure: BaseException | None = None
    try:
        with context.autocommit_block():
            try:
                yield True
            except BaseException as error:
                failure = error
                raise
    except PendingRollbackError as error:  # the block cannot end in order on a connection that broke
        raise failure or error from error


@contextmanager
def _patient(outside: bool) -> Iterator[None]:
    """Let a concurrent build or drop wait for other transactions as long as the run may.

    Nobody who reads or writes rows waits behind it, and giving up would throw the whole build away.
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
    """Tell whether the index is valid; None where ``table`` has none of that name."""
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
    plain = [quote(column) for column in columns if isinstance(column, str)]  # an expression may be written otherwise
    wanted = f"{str(unique).lower()} {', '.join(plain)}"
    if not there.startswith(str(unique).lower()) or (len(plain) == len(columns) and there != wanted):
        raise ValueError(f"an index {name} of {table} is there, and is another one: {there}")


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
    """Return what the catalog says of the thing called ``name`` at ``table``, or None where there is no such thing."""
    return op.get_bind().execute(sa.text(query), {"table": quote(table), "name": name}).scalar()
