"""Copies of SQLAlchemy tables with other names, or without a column, which SQLAlchemy cannot do in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.sql.naming import conv
from sqlalchemy.util import OrderedSet

from cts_schema.ddl.checks import ImpliedCheck, imply_checks
from cts_schema.ddl.naming import renamed, renamed_check
from cts_schema.ddl.tables import uncompute
from cts_schema.ddl.text import quote, token_texts, tokens, unquote
from cts_schema.ddl.triggers import keep_updated_at

_Names = Mapping[str, str]
_SAME: _Names = {}
_PREFIXES = {sa.PrimaryKeyConstraint: "pk", sa.UniqueConstraint: "uq", sa.ForeignKeyConstraint: "fk"}


def remade(
    table: sa.Table,
    into: sa.MetaData,
    *,
    name: str | None = None,
    names: _Names = _SAME,
    parents: _Names = _SAME,
    without: str | None = None,
) -> sa.Table:
    """Return a copy of a table; what mentions a column follows its new name, or goes with it.

    Args:
        table: the table.
        into: the metadata of the copy, which has no such table.
        name: its new name.
        names: new names of columns by the old ones.
        parents: new names of parent tables, and of their columns as ``table.column``, by the old ones.
        without: a column to leave out.
    """
    name = name or table.name
    columns = [_column(column, names) for column in table.columns if column.name != without]
    constraints = [
        _named(constraint_of(one, names, parents), one, name, names)
        for one in _sorted(table.constraints)
        if without not in _mentioned(one)
    ]
    made = sa.Table(name, into, *columns, *constraints, comment=table.comment, **table.kwargs)
    for column in made.columns:
        _name_checks(column, table, again=name != table.name or column.name in names.values())
    for index in _sorted(table.indexes):
        if without not in _mentioned(index):
            before = [table.name, *(column.name for column in index.columns)]
            after = [name, *(names.get(column.name, column.name) for column in index.columns)]
            add_index(made, index, names, name=renamed(str(index.name), "ix", before, after))
    if table.info.get("updated_at_trigger"):
        keep_updated_at(made)
    return made


def _column(column: sa.Column[Any], names: _Names) -> sa.Column[Any]:
    copy = column._copy()
    copy.index = copy.unique = None  # the table has an index or a constraint for them already
    if column.computed is not None:
        uncompute(copy)
        computed = sa.Computed(_renamed(column.computed.sqltext, names), persisted=column.computed.persisted)
        computed._set_parent_with_dispatch(copy)
    if column.name in names:
        copy.name = copy.key = names[column.name]
        checks = [one for one in copy.constraints if not isinstance(one, ImpliedCheck)]  # those are named after it
        copy.constraints = OrderedSet(constraint_of(one, names) for one in checks)
    return copy


def _name_checks(column: sa.Column[Any], was: sa.Table, *, again: bool) -> None:
    """Give the CHECKs of a column the names that they have in its table; that of its type comes again."""
    name = column.table.name
    if name != was.name:
        column.constraints = OrderedSet(one for one in column.constraints if not isinstance(one, ImpliedCheck))
        for check in column.constraints:
            check.name = conv(renamed_check(str(check.name), [], was.name, name))
    if again:
        imply_checks(column)


def _named(constraint: sa.Constraint, was: sa.Constraint, table: str, names: _Names) -> sa.Constraint:
    """Return a copy of a constraint with the name that it has in a table of that name."""
    before: Any = was.table
    if isinstance(was, sa.CheckConstraint):
        if before.name != table:
            constraint.name = conv(renamed_check(str(was.name), before.columns.keys(), before.name, table))
        return constraint
    prefix = next(prefix for kind, prefix in _PREFIXES.items() if isinstance(was, kind))
    columns = [] if prefix == "pk" else [column.name for column in was.columns]  # type: ignore[attr-defined]
    after = [names.get(column, column) for column in columns]
    if was.name is not None:
        constraint.name = conv(renamed(str(was.name), prefix, [before.name, *columns], [table, *after]))
    return constraint


def constraint_of(constraint: sa.Constraint, names: _Names = _SAME, parents: _Names = _SAME) -> sa.Constraint:
    """Return a copy of a constraint for another table.

    Args:
        constraint: the constraint.
        names: new names of columns by the old ones.
        parents: new names of parent tables and their columns by the old ones.

    Raises:
        NotImplementedError: it is of a kind that only one database has.
    """
    options: dict[str, Any] = {
        "name": constraint.name,
        "deferrable": constraint.deferrable,
        "initially": constraint.initially,
    }
    match constraint:
        case sa.CheckConstraint():
            return sa.CheckConstraint(_renamed(constraint.sqltext, names), **options, **constraint.kwargs)
        case sa.ForeignKeyConstraint():
            own = [_renamed(element.parent, names) for element in constraint.elements]
            targets = [_target(element.target_fullname, parents) for element in constraint.elements]
            options |= {"ondelete": constraint.ondelete, "onupdate": constraint.onupdate, "match": constraint.match}
            return sa.ForeignKeyConstraint(own, targets, use_alter=constraint.use_alter, **options, **constraint.kwargs)
        case sa.PrimaryKeyConstraint() | sa.UniqueConstraint():
            own = [_renamed(column, names) for column in constraint.columns]
            return type(constraint)(*own, **options, **constraint.kwargs)
    raise NotImplementedError(f"{type(constraint).__name__} {constraint.name}")


def _target(column: str, parents: _Names) -> str:
    column = parents.get(column, column)
    table, _, name = column.rpartition(".")
    return f"{parents.get(table, table)}.{name}"


def add_index(table: sa.Table, index: sa.Index, names: _Names = _SAME, *, name: str | None = None) -> None:
    """Give a table a copy of an index of another one, with another name if one is given."""
    options = {option: _renamed_option(given, names) for option, given in index.kwargs.items()}
    parts = [_renamed(part, names) for part in index.expressions]
    sa.Index(name or index.name, *parts, _table=table, unique=index.unique, **options)


def _renamed_option(given: Any, names: _Names) -> Any:
    """Return a condition, a list of columns or a mapping by columns with the new names."""
    match given:
        case list() | tuple():
            return [names.get(one, one) if isinstance(one, str) else _renamed(one, names) for one in given]
        case dict():
            return {names.get(one, one): value for one, value in given.items()}
    return _renamed(given, names)


def _sorted(parts: Any) -> list[Any]:
    return sorted(parts, key=lambda one: (one.__visit_name__, str(one.name)))


def _renamed(part: Any, names: _Names) -> Any:
    """Return the name of a column, or an expression, as another table may have it."""
    if isinstance(part, sa.ColumnClause):
        return names.get(part.name, part.name)
    if isinstance(getattr(part, "text", None), sa.TextClause):  # how Alembic holds SQL as text in an index
        part = part.text
    if isinstance(part, sa.TextClause):
        return sa.text(_renamed_text(part.text, names))
    if not isinstance(part, sa.ColumnElement):
        return part

    def replace(element: Any, **_: Any) -> Any:
        loose = isinstance(element, sa.ColumnClause)
        return sa.column(names.get(element.name, element.name)) if loose else None

    return visitors.replacement_traverse(part, {}, replace)


def _renamed_text(statement: str, names: _Names) -> str:
    found, end = "", 0
    for token in tokens(statement):
        if token[0][0] != "'" and unquote(token[0]) in names:
            found += statement[end : token.start()] + quote(names[unquote(token[0])])
            end = token.end()
    return found + statement[end:]


def _mentioned(part: sa.Constraint | sa.Index) -> set[str]:
    """Return the words, names of columns among them, that a constraint or an index is made of."""
    match part:
        case sa.CheckConstraint():
            expressions = [part.sqltext]
        case sa.Index():
            expressions = [*part.expressions, *(one for name, one in part.kwargs.items() if name.endswith("_where"))]
        case sa.PrimaryKeyConstraint() | sa.UniqueConstraint() | sa.ForeignKeyConstraint():
            return {column.name for column in part.columns}
        case _:
            return set()
    return {unquote(word) for one in expressions for word in token_texts(str(one))}
