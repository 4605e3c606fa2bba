"""The operations of revisions: the same call for both databases, online and in an offline script.

An operation that drops a table or a column preserves its values, and one that creates it again in the same revision
restores them (see :mod:`cts_schema.ddl.preserved`). So a revision and its downgrade mirror each other without further
code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable
from sqlalchemy.sql.naming import conv

from cts_schema.ddl import needed, preserved
from cts_schema.ddl.added_column import AddColumnWithKey, inline_key
from cts_schema.ddl.comments import comment_as_made
from cts_schema.ddl.rebuild import alter_table
from cts_schema.ddl.refused_rows import require_met
from cts_schema.ddl.silence import quiet
from cts_schema.ddl.sql import on_postgresql
from cts_schema.ddl.tables import Item, columns_of, frozen_table, indexes_of
from cts_schema.ddl.text import clause, quote
from cts_schema.ddl.triggers import CreateUpdatedAtTrigger, DropUpdatedAtTrigger
from cts_schema.exceptions import NeedsTheTable


def create_table(revision: str, name: str, *items: Item, private: bool = False, comment: str | None = None) -> sa.Table:
    """Create a table with its indexes and CHECKs, or restore the one that a downgrade of ``revision`` preserved.

    Args:
        revision: the id of the calling revision.
        name: the table's name.
        items: columns, constraints and indexes; names follow the naming convention.
        private: revoke default privileges of PostgreSQL on a new table; not in a script.
        comment: the comment of the table, which SQLite lacks.

    Returns:
        The table, for INSERTs of the revision.
    """
    table = frozen_table(name, *items)
    table.comment = comment
    preserved.restore_table(revision, table, private=private)
    return table


def drop_table(
    revision: str,
    name: str,
    *,
    key: Sequence[str] = ("id",),
    last_id: bool = True,
    own: str | None = None,
    written_again: bool = True,
) -> None:
    """Preserve a table as ``cts_kept_<revision>_<name>``, or drop it if nothing would be lost.

    Args:
        revision: the id of the calling revision.
        name: the table's name.
        key: its primary key.
        last_id: whether an identity key continues after the next upgrade, even past deleted rows.
        own: the condition, in SQL of both databases, of rows that the package itself wrote and nobody changed. The
            downgrade needs no yes for them.
        written_again: whether the next upgrade writes those rows again; otherwise they are preserved.
    """
    preserved.preserve_table(revision, name, key if last_id else (), own, written_again=written_again)


def add_columns(revision: str, table: str, *items: Item, key: Sequence[str] = ("id",)) -> None:
    """Add columns with their constraints, and restore the values that a downgrade of ``revision`` preserved.

    On SQLite ALTER TABLE adds each column with its constraints inline, which neither copies the table nor
    affects its triggers. Only a default that is not constant (an id, the current time), a stored computed column, a
    UNIQUE and a foreign key of several columns require a rebuild.

    Args:
        revision: the id of the calling revision.
        table: the table's name.
        items: columns, and constraints of one column each; a revision adds all columns of a table in one call.
        key: the primary key of the table, which finds the rows of preserved values.
    """
    new = frozen_table(table, *items)
    if on_postgresql():
        _add_to_postgresql(new)
    elif any(map(_needs_rebuild, columns_of(new))) or any(map(_is_of_table, new.constraints)):
        _add_by_rebuild(new)
    else:
        for column in columns_of(new):
            op.execute(_sqlite_add_column(new, column))
    for index in indexes_of(new):
        op.execute(CreateIndex(index))
    preserved.restore_columns(revision, new, key)


def drop_columns(revision: str, table: str, *columns: str, key: Sequence[str] = ("id",)) -> None:
    """Drop columns without indexes, and preserve their values as ``cts_kept_<revision>_<table>``.

    Args:
        revision: the id of the calling revision.
        table: the table's name.
        columns: the columns to drop; a revision drops all columns of a table in one call.
        key: the primary key of the table.
    """
    preserved.preserve_columns(revision, table, columns, key)
    needed.drop_columns(table, columns)


def add_fill_and_drop(target: sa.Table, old: str, new: sa.Column[Any]) -> None:
    """Rename a column of SQLite in a script, which cannot read what is named after it.

    Args:
        target: a frozen table with the new column alone.
        old: the column's name so far.
        new: the column under its new name.

    Raises:
        NeedsTheTable: SQLite cannot add such a column to a table with rows.
    """
    table = target.name
    empty = not new.nullable and new.server_default is None
    if empty or _needs_rebuild(new) or any(map(_is_of_table, target.constraints)):
        raise NeedsTheTable(rename=f"{table}.{old} to {new.name}")
    op.execute(_sqlite_add_column(target, new))
    with quiet(table):
        op.execute(sa.update(sa.table(table, sa.column(new.name))).values({new.name: sa.column(old)}))
    needed.drop_columns(table, [old])


def replace_checks(table: str, *, drop: Sequence[str] = (), add: Sequence[tuple[str, str]] = ()) -> None:
    """Drop CHECKs of a table and add others: ALTERs on PostgreSQL, one rebuild on SQLite.

    Args:
        table: the table's name.
        drop: names of the CHECKs to drop.
        add: name and condition of each CHECK to add.

    Raises:
        RowsRefused: rows do not meet a condition; names them.
    """
    checks = [sa.CheckConstraint(clause(condition), name=conv(name)) for name, condition in add]
    for name, condition in add:
        require_met(table, name, condition)
    if on_postgresql():
        for name in drop:
            op.drop_constraint(name, table)
        for check in checks:
            op.execute(AddConstraint(_attached(check, table)))
    else:
        with alter_table(table, constraints=checks, without_checks=drop):
            pass


def _attached(constraint: sa.CheckConstraint, table: str) -> sa.CheckConstraint:
    sa.Table(table, sa.MetaData(), constraint)
    return constraint


def insert_absent(table: sa.TableClause, rows: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Insert ``rows`` whose ``key`` no row of ``table`` has; existing rows stay as they are.

    Args:
        table: the table, with the columns of the rows.
        rows: plain values by column name.
        key: the column with the primary key or unique constraint.
    """
    insert = postgresql.insert if on_postgresql() else sqlite.insert
    with quiet(table.name):
        for row in rows:
            op.execute(insert(table).values(**row).on_conflict_do_nothing(index_elements=[key]))


def create_updated_at_trigger(table: str) -> None:
    """Create the trigger that maintains ``updated_at`` of ``table``."""
    op.execute(CreateUpdatedAtTrigger(table))


def drop_updated_at_trigger(table: str) -> None:
    """Drop the trigger that maintains ``updated_at`` of ``table``."""
    op.execute(DropUpdatedAtTrigger(table))


def _needs_rebuild(column: sa.Column[Any]) -> bool:
    """Return whether SQLite needs a rebuild: it adds only constant defaults (sqlite.org/lang_altertable)."""
    return is_volatile(column) or (column.computed is not None and bool(column.computed.persisted))


def is_volatile(column: sa.Column[Any]) -> bool:
    """Return whether the default of a column is not constant."""
    default = column.server_default
    if not isinstance(default, sa.DefaultClause) or isinstance(default.arg, str | sa.True_ | sa.False_):
        return False
    return (
        not isinstance(default.arg, sa.TextClause) or "CURRENT_" in default.arg.text.upper() or "(" in default.arg.text
    )


def _is_of_table(constraint: sa.Constraint) -> bool:
    """Return whether SQLite takes a constraint only with its table, not with a column."""
    of_several = isinstance(constraint, sa.ForeignKeyConstraint) and len(constraint.columns) > 1
    return of_several or isinstance(constraint, sa.UniqueConstraint)


def _table_constraints(new: sa.Table) -> list[sa.Constraint]:
    """Return the constraints of added columns that are not written inline: foreign keys, and explicit CHECKs."""
    found = [item for item in new.constraints if not isinstance(item, sa.PrimaryKeyConstraint)]
    return sorted(found, key=lambda constraint: str(constraint.name))


def _add_to_postgresql(new: sa.Table) -> None:
    inline = {key.columns[0].name: key for key in new.foreign_key_constraints if _needs_no_scan(key)}
    for column in columns_of(new):
        op.execute(AddColumnWithKey(new.name, column, inline.get(column.name)))
    comment_as_made(new)
    for constraint in _table_constraints(new):
        if constraint not in inline.values():
            op.execute(AddConstraint(constraint))


def _needs_no_scan(key: sa.ForeignKeyConstraint) -> bool:
    """Return whether PostgreSQL takes a key without reading the rows, because they have NULL in its new column."""
    first = key.columns[0]
    return len(key.columns) == 1 and bool(first.nullable) and first.server_default is None


def _sqlite_add_column(table: sa.Table, column: sa.Column[Any]) -> sa.TextClause:
    dialect = op.get_context().dialect
    compiler = dialect.ddl_compiler(dialect, CreateTable(table))
    parts = [compiler.get_column_specification(column)]
    parts += [compiler.process(constraint) for constraint in column.constraints]
    for constraint in _table_constraints(table):
        if isinstance(constraint, sa.ForeignKeyConstraint):
            if [element.parent for element in constraint.elements] == [column]:
                parts.append(inline_key(compiler, constraint))
        elif column is columns_of(table)[-1]:  # a CHECK may mention every added column, so it comes with the last one
            parts.append(compiler.process(constraint))
    return clause(f"ALTER TABLE {quote(table.name)} ADD COLUMN {' '.join(parts)}")


def _add_by_rebuild(new: sa.Table) -> None:
    of_columns = [one for one in _table_constraints(new) if not isinstance(one, sa.CheckConstraint)]
    checks = [one._copy() for one in _table_constraints(new) if one not in of_columns]  # they have only one table
    with alter_table(new.name, constraints=checks) as batch:
        for column in columns_of(new):
            batch.add_column(column._copy())
        for constraint in of_columns:  # of columns that the current table lacks
            name = str(constraint.name)
            if isinstance(constraint, sa.ForeignKeyConstraint):
                parents = [element.target_fullname.rpartition(".") for element in constraint.elements]
                batch.create_foreign_key(
                    name,
                    parents[0][0],
                    list(constraint.column_keys),
                    [column for _, _, column in parents],
                    ondelete=constraint.ondelete,
                    onupdate=constraint.onupdate,
                    deferrable=constraint.deferrable,
                    initially=constraint.initially,
                    match=constraint.match,
                )
            elif isinstance(constraint, sa.UniqueConstraint):
                batch.create_unique_constraint(name, [column.name for column in constraint.columns])
