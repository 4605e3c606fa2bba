"""Changes a table in ways for which SQLite has no ALTER, without losing anything.

Alembic's batch mode copies the table, drops the old one and renames the copy. By itself it would lose the table's
triggers and CHECKs, the order and the predicate of its indexes and the last AUTOINCREMENT value, and any view of the
table would make the rename fail. :func:`alter_table` is batch mode that keeps all of that.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy.sql.naming import conv
from sqlalchemy.types import TypeEngine

from cts_schema.ddl.checks import in_order, sqlite_checks
from cts_schema.ddl.foreign_keys import written_foreign_keys
from cts_schema.ddl.naming import shorten
from cts_schema.ddl.preview import is_preview
from cts_schema.ddl.readers import computed, mentions
from cts_schema.ddl.tables import uncompute
from cts_schema.ddl.text import clause, create_table_of
from cts_schema.exceptions import NeedsTheTable


@contextmanager
def alter_table(
    table: str,
    *,
    constraints: Sequence[sa.Constraint] = (),
    without: Sequence[str] = (),
    without_checks: Sequence[str] = (),
    plain: Sequence[str] = (),
    types: Mapping[str, TypeEngine[Any]] | None = None,
) -> Iterator[BatchOperations]:
    """Yield a batch for ``table``: plain ALTERs on PostgreSQL, one rebuild that keeps everything on SQLite.

    Change indexes outside of it, with ``op.create_index`` and ``op.drop_index``.

    Args:
        table: the table's name.
        constraints: constraints to add to the rebuilt table (SQLite only).
        without: columns that the batch drops, with their CHECKs and indexes (SQLite only).
        without_checks: names of CHECKs to drop (SQLite only).
        plain: computed columns that become plain ones, with their values (SQLite only).
        types: new types of columns, whose values are copied as they are: a CAST would make 0 of a word (SQLite only).

    Raises:
        NeedsTheTable: in an offline script for SQLite.
    """
    if is_preview():
        yield cast("BatchOperations", _Nothing())
        return
    context = op.get_context()
    if context.dialect.name != "sqlite":
        with op.batch_alter_table(table) as batch:
            yield batch
        return
    if context.as_sql:
        raise NeedsTheTable(change=table)
    with _rebuilt(table, constraints, without, without_checks, plain, types or {}) as batch:
        yield batch


@contextmanager
def _rebuilt(
    table: str,
    constraints: Sequence[sa.Constraint],
    without: Sequence[str],
    without_checks: Sequence[str],
    plain: Sequence[str],
    types: Mapping[str, TypeEngine[Any]],
) -> Iterator[BatchOperations]:
    connection = op.get_bind()
    kept_sql = _definitions(connection, table)
    sequence = _autoincrement(connection, table)
    present = _reflect(connection, table, without, without_checks)
    for name in plain:
        uncompute(present.columns[name])
    for name, type_ in types.items():
        present.columns[name].type = type_
    for constraint in constraints:
        present.append_constraint(constraint)
    present.constraints = in_order(present.constraints)
    legacy = connection.exec_driver_sql("PRAGMA legacy_alter_table").scalar()
    # Otherwise the rename would re-read every view and trigger of the file while the table is missing, and fail.
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    try:
        with op.batch_alter_table(
            table,
            recreate="always",
            copy_from=present,
            table_kwargs={"sqlite_autoincrement": sequence is not None},
        ) as batch:
            for column in present.columns:
                if column.computed is not None:
                    put_in_place(batch, present.columns.keys(), column._copy())
            yield batch
    finally:
        connection.exec_driver_sql(f"PRAGMA legacy_alter_table = {legacy}")
    if sequence is not None:
        connection.execute(
            sa.text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name AND seq < :seq"),
            {"seq": sequence, "name": table},
        )
    _restore(connection, kept_sql, without)


def put_in_place(batch: BatchOperations, names: Sequence[str], column: sa.Column[Any]) -> None:
    """Make a rebuild give a column its definition anew, without the values that it has: it computes them.

    Args:
        batch: the rebuild.
        names: the columns of the table in order.
        column: the column.
    """
    place = names.index(column.name)
    batch.add_column(
        column, insert_after=names[place - 1] if place else None, insert_before=None if place else names[1]
    )


class _Nothing:
    """A batch whose operations do nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: None


def _reflect(connection: sa.Connection, table: str, without: Sequence[str], without_checks: Sequence[str]) -> sa.Table:
    """Return the table with what reflection leaves out, CHECKs and ON DELETE, and without its indexes.

    Indexes are recreated from their SQL, because reflection loses DESC and indexes on expressions.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", sa.exc.SAWarning)
        warnings.filterwarnings("ignore", "WARNING: SQL-parsed foreign key", sa.exc.SAWarning)  # of odd names
        present = sa.Table(table, sa.MetaData(), autoload_with=connection, resolve_fks=False)
    present.indexes.clear()
    expressions = computed(create_table_of(connection, table))
    for column in present.columns:
        if column.computed is not None:
            column.computed.sqltext = clause(expressions[column.name])
        default = column.server_default
        if isinstance(default, sa.DefaultClause) and isinstance(default.arg, sa.TextClause):
            default.arg = clause(default.arg.text)  # otherwise ':word' in a string would be a parameter
    # SQLAlchemy reflects some CHECKs, not all, and would restore one that must be dropped.
    present.constraints -= {item for item in present.constraints if isinstance(item, sa.CheckConstraint)}
    written = {key.columns: key for key in written_foreign_keys(connection, table)}
    for constraint in present.foreign_key_constraints:
        real = written[tuple(constraint.column_keys)]
        constraint.name = conv(real.name or shorten("_".join(["fk", table, *real.columns])))
        keys: list[sa.ForeignKeyConstraint | sa.ForeignKey] = [constraint, *constraint.elements]
        for one in keys:
            one.ondelete, one.onupdate = real.on_delete, real.on_update
            one.deferrable, one.initially = real.deferrable, real.initially
    for name, condition in sqlite_checks(connection, table).items():
        if name not in without_checks and not mentions(condition, without):
            text = clause(condition)
            present.append_constraint(sa.CheckConstraint(text, name=None if name == condition else conv(name)))
    return present


def _definitions(connection: sa.Connection, table: str) -> list[tuple[str, str]]:
    """Return type and SQL of the triggers and indexes of ``table``."""
    rows = connection.execute(
        sa.text(
            "SELECT type, sql FROM sqlite_master "
            "WHERE tbl_name = :table COLLATE NOCASE AND type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY rowid"
        ),
        {"table": table},
    )
    return [(kind, sql) for kind, sql in rows]


def _restore(connection: sa.Connection, kept_sql: Sequence[tuple[str, str]], without: Sequence[str]) -> None:
    for kind, sql in kept_sql:
        if not (kind == "index" and mentions(sql[sql.index("(") :], without)):
            connection.exec_driver_sql(sql)


def _autoincrement(connection: sa.Connection, table: str) -> int | None:
    """Return the last id of AUTOINCREMENT in ``table``, or None without one."""
    if "AUTOINCREMENT" not in create_table_of(connection, table).upper():
        return None
    last = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table}).scalar()
    return int(last or 0)
