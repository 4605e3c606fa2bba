"""Indexes and unique constraints for tables with traffic: built while others read and write. See :mod:`.outside`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError, IntegrityError

from cts_schema.ddl.naming import shorten
from cts_schema.ddl.outside import (
    alter,
    definition_of,
    of_catalog,
    outside_transaction,
    run_lock_timeout,
    transaction_of_its_own,
)
from cts_schema.ddl.rebuild import alter_table
from cts_schema.ddl.refused_rows import duplicated
from cts_schema.ddl.sql import empty, offline, on_postgresql
from cts_schema.ddl.text import clause, quote


def create_index_online(
    name: str,
    table: str,
    columns: Sequence[str | sa.TextClause],
    *,
    unique: bool = False,
    where: str | None = None,
    include: Sequence[str] = (),
    nulls_not_distinct: bool | None = None,
    using: str | None = None,
    **options: Any,
) -> None:
    """Create an index while others read and write; a valid existing one stays.

    An interrupted build leaves an invalid index, which slows every write and helps no read: it is rebuilt.
    A build that fails, because of duplicates or a full disk, removes it again.

    Args:
        name: the name of the index.
        table: the table's name.
        columns: names of columns, or expressions like ``sa.text("created_at DESC")``.
        unique: whether it is unique.
        where: the condition of a partial index.
        include: further columns that the index stores (PostgreSQL only).
        nulls_not_distinct: whether a unique index takes two NULLs as equal (PostgreSQL only; SQLite never does).
        using: the kind of the index, such as gin (PostgreSQL only).
        options: further options of ``sa.Index``, such as ``postgresql_ops``.

    Raises:
        ValueError: an index with this name exists, on other columns or with another uniqueness.
        RowsRefused: rows have the same values in the columns of a unique index.
    """
    condition = None if where is None else clause(where)
    named = {
        "unique": unique,
        "postgresql_where": condition,
        "sqlite_where": condition,
        "postgresql_include": list(include) or None,
        "postgresql_nulls_not_distinct": nulls_not_distinct or None,
        "postgresql_using": using,
    }
    options |= {option: value for option, value in named.items() if value is not None}
    with outside_transaction() as outside, run_lock_timeout(outside):
        if outside and offline():
            _drop_index(name, table, outside)
        elif on_postgresql() and not offline():
            valid = _is_valid(name, table)
            if valid:
                _require_same(name, table, columns, unique)
                return
            if valid is False:
                _drop_index(name, table, outside)
        _build(name, table, columns, where, options, outside)


def _build(
    name: str, table: str, columns: Sequence[Any], where: str | None, options: dict[str, Any], outside: bool
) -> None:
    if outside:
        options["postgresql_concurrently"] = True
    try:
        op.create_index(name, table, list(columns), **options)
    except DBAPIError as error:
        if outside and not error.connection_invalidated and _is_valid(name, table) is False:
            _drop_index(name, table, outside)
        plain = all(isinstance(column, str) for column in columns)
        # In a transaction of PostgreSQL nothing can be asked after an error.
        if plain and isinstance(error, IntegrityError) and (outside or not on_postgresql()):
            raise duplicated(name, table, columns, where) from error
        raise


def drop_index_online(name: str, table: str) -> None:
    """Drop an index while others read and write; on PostgreSQL it need not exist.

    Args:
        name: the name of the index.
        table: the table's name.
    """
    with outside_transaction() as outside, run_lock_timeout(outside):
        _drop_index(name, table, outside)


def add_unique_online(
    table: str,
    columns: Sequence[str],
    *,
    name: str | None = None,
    deferrable: bool | None = None,
    initially: str | None = None,
    nulls_not_distinct: bool | None = None,
) -> None:
    """Add a UNIQUE constraint, or replace the one of that name, while others read and write.

    Args:
        table: the table's name.
        columns: its columns.
        name: the name of the constraint; ``uq_<table>_<columns>`` by default.
        deferrable: whether a transaction may check it at its end (PostgreSQL only).
        initially: ``DEFERRED`` or ``IMMEDIATE`` (PostgreSQL only).
        nulls_not_distinct: whether it takes two NULLs as equal (PostgreSQL only).
    """
    name = name or shorten("_".join(["uq", table, *columns]))
    if not on_postgresql():
        _rebuild_with_unique(name, table, columns)
        return
    later = (" DEFERRABLE" if deferrable else "") + (f" INITIALLY {initially}" if initially == "DEFERRED" else "")
    nulls = " NULLS NOT DISTINCT" if nulls_not_distinct else ""
    with outside_transaction() as outside:
        if not outside:
            _replace_unique(name, table, columns, deferrable, initially, nulls_not_distinct)
            return
        if not offline() and definition_of(table, name) == f"UNIQUE{nulls} ({', '.join(map(_quoted, columns))}){later}":
            return
    built = shorten(f"{name}_new")
    create_index_online(built, table, columns, unique=True, nulls_not_distinct=nulls_not_distinct)
    with outside_transaction() as outside, transaction_of_its_own(outside):
        alter(table, f"DROP CONSTRAINT IF EXISTS {quote(name)}")
        alter(table, f"ADD CONSTRAINT {quote(name)} UNIQUE USING INDEX {quote(built)}{later}")


def _rebuild_with_unique(name: str, table: str, columns: Sequence[str]) -> None:
    there = () if offline() else [key["name"] for key in sa.inspect(op.get_bind()).get_unique_constraints(table)]
    try:
        with alter_table(table) as batch:
            if name in there:
                batch.drop_constraint(name, type_="unique")
            batch.create_unique_constraint(name, list(columns))
    except IntegrityError as error:
        raise duplicated(name, table, columns) from error


def _replace_unique(
    name: str,
    table: str,
    columns: Sequence[str],
    deferrable: bool | None,
    initially: str | None,
    nulls_not_distinct: bool | None,
) -> None:
    options: dict[str, Any] = {"deferrable": deferrable, "initially": initially}
    if nulls_not_distinct:
        options["postgresql_nulls_not_distinct"] = True
    if not empty() and definition_of(table, name) is not None:
        op.drop_constraint(name, table)
    op.create_unique_constraint(name, table, list(columns), **options)


def _is_valid(name: str, table: str) -> bool | None:
    """Return whether the index is valid; None if ``table`` has no such index."""
    valid: bool | None = of_catalog(
        "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = CAST(:table AS regclass) AND c.relname = :name",
        table,
        name,
    )
    return valid


def _require_same(name: str, table: str, columns: Sequence[str | sa.TextClause], unique: bool) -> None:
    there = of_catalog(
        "SELECT i.indisunique || ' ' || array_to_string(ARRAY("
        "SELECT pg_get_indexdef(i.indexrelid, place, true) FROM generate_series(1, i.indnkeyatts) place), ', ') "
        "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = CAST(:table AS regclass) AND c.relname = :name",
        table,
        name,
    )
    # An expression may have another spelling.
    plain = [_quoted(column) for column in columns if isinstance(column, str)]
    wanted = f"{str(unique).lower()} {', '.join(plain)}"
    if not there.startswith(str(unique).lower()) or (len(plain) == len(columns) and there != wanted):
        raise ValueError(f"another index {name} of {table} exists already: {there}")


def _quoted(column: str) -> str:
    return op.get_context().dialect.identifier_preparer.quote(column)


def _drop_index(name: str, table: str, outside: bool) -> None:
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=outside)
