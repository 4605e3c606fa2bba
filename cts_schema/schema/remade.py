"""Copies of SQLAlchemy tables with a column renamed or left out, which SQLAlchemy cannot do in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import visitors
from sqlalchemy.util import OrderedSet

from cts_schema.ddl.checks import ImpliedCheck, imply_checks
from cts_schema.ddl.text import quote, token_texts, tokens, unquote
from cts_schema.ddl.triggers import keep_updated_at

_Names = Mapping[str, str]
_SAME: _Names = {}


def remade(table: sa.Table, into: sa.MetaData, *, names: _Names = _SAME, without: str | None = None) -> sa.Table:
    """Return a copy of a table; what mentions a column follows its new name, or goes with it.

    Args:
        table: the table.
        into: the metadata of the copy, which has no such table.
        names: new names of columns by the old ones.
        without: a column to leave out.
    """
    columns = [_column(column, names) for column in table.columns if column.name != without]
    constraints = [constraint_of(one, names) for one in _sorted(table.constraints) if without not in _mentioned(one)]
    made = sa.Table(table.name, into, *columns, *constraints, comment=table.comment, **table.kwargs)
    for name in names.values():
        imply_checks(made.columns[name])
    for index in _sorted(table.indexes):
        if without not in _mentioned(index):
            add_index(made, index, names)
    if table.info.get("updated_at_trigger"):
        keep_updated_at(made)
    return made


def _column(column: sa.Column[Any], names: _Names) -> sa.Column[Any]:
    copy = column._copy()
    copy.index = copy.unique = None  # the table has an index or a constraint for them already
    if column.name in names:
        copy.name = copy.key = names[column.name]
        checks = [one for one in copy.constraints if not isinstance(one, ImpliedCheck)]  # those are named after it
        copy.constraints = OrderedSet(constraint_of(one, names) for one in checks)
    return copy


def constraint_of(constraint: sa.Constraint, names: _Names = _SAME) -> sa.Constraint:
    """Return a copy of a constraint for another table.

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
            parents = [element.target_fullname for element in constraint.elements]
            options |= {"ondelete": constraint.ondelete, "onupdate": constraint.onupdate, "match": constraint.match}
            return sa.ForeignKeyConstraint(own, parents, use_alter=constraint.use_alter, **options, **constraint.kwargs)
        case sa.PrimaryKeyConstraint() | sa.UniqueConstraint():
            own = [_renamed(column, names) for column in constraint.columns]
            return type(constraint)(*own, **options, **constraint.kwargs)
    raise NotImplementedError(f"{type(constraint).__name__} {constraint.name}")


def add_index(table: sa.Table, index: sa.Index, names: _Names = _SAME) -> None:
    """Give a table a copy of an index of another one."""
    options = {
        name: _renamed(given, names) if name.endswith("_where") else given for name, given in index.kwargs.items()
    }
    parts = [_renamed(part, names) for part in index.expressions]
    sa.Index(index.name, *parts, _table=table, unique=index.unique, **options)


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
