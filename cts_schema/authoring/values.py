"""What a part of a table means, as a value that can be compared: the words that both databases would get for it.

Two parts are equal if no database could tell them apart, whoever defined them: a model, or the replay of the revisions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateIndex

from cts_schema.ddl.text import plain_names, token_texts, unquote

DIALECTS: dict[str, sa.Dialect] = {name: registry.load(name)(paramstyle="named") for name in ("sqlite", "postgresql")}
"""The databases, with literal percent signs."""

Value = tuple[Any, ...]
_QUOTED = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")""")


def _both(render: Callable[[sa.Dialect], str | None]) -> Value:
    return tuple(_squeezed(render(dialect) or "") for dialect in DIALECTS.values())


def _squeezed(text: str) -> str:
    """Return SQL in which only quoted white space counts, and quotes only around names that need them."""
    parts = _QUOTED.split(plain_names(text))
    parts[::2] = [re.sub(r"\s+", " ", part) for part in parts[::2]]
    return "".join(parts).strip()


def type_of(column: sa.Column[Any]) -> Value:
    """Return the type of a column."""
    return _both(column.type.compile)


def default_of(column: sa.Column[Any]) -> Value:
    """Return the server default of a column, empty without one."""
    if not isinstance(column.server_default, sa.DefaultClause):
        return _both(lambda _: "")
    return _both(lambda dialect: dialect.ddl_compiler(dialect, None).get_column_default_string(column))  # type: ignore[arg-type]


def computed_of(column: sa.Column[Any]) -> Value | None:
    """Return the expression of a computed column, and whether it is stored."""
    if column.computed is None:
        return None
    return (_squeezed(sql_of(column.computed.sqltext)), bool(column.computed.persisted))


def identity_of(column: sa.Column[Any]) -> Value | None:
    """Return the options of an identity column. SQLite has none."""
    if column.identity is None:
        return None
    postgresql = DIALECTS["postgresql"]
    options = postgresql.ddl_compiler(postgresql, None).get_identity_options(column.identity)  # type: ignore[arg-type]
    return (bool(column.identity.always), options)


def constraint_value(constraint: sa.Constraint) -> Value:
    """Return the definition of a constraint."""
    return _both(lambda dialect: dialect.ddl_compiler(dialect, None).process(constraint))  # type: ignore[arg-type]


def index_value(index: sa.Index) -> Value:
    """Return the definition of an index."""
    found = _both(lambda dialect: str(CreateIndex(index).compile(dialect=dialect)))
    return tuple(text.replace(" CONCURRENTLY ", " ") for text in found)


def sql_of(expression: Any) -> str:
    """Return an SQL expression as text, with its values in place."""
    if isinstance(expression, str):
        return expression
    postgresql = DIALECTS["postgresql"]
    options = {"literal_binds": True, "include_table": False}
    return str(expression.compile(dialect=postgresql, compile_kwargs=options))


def name_of(constraint: sa.Constraint | sa.Index) -> str:
    """Return the name of a constraint or index in the database."""
    postgresql = DIALECTS["postgresql"]
    if isinstance(constraint, sa.Index):
        return str(constraint.name)
    formatted = postgresql.identifier_preparer.format_constraint(constraint, _alembic_quote=False)
    return str(formatted or "")


def constraints_of(table: sa.Table) -> Iterator[sa.Constraint]:
    """Yield the constraints of a table, and those that stand with its columns."""
    yield from table.constraints
    for column in table.columns:
        yield from column.constraints


def quoted(name: str) -> str:
    """Return a name as SQL of both databases, with quotes only if one of them needs them."""
    found = {dialect.identifier_preparer.quote(name) for dialect in DIALECTS.values()}
    return max(found, key=len)


def mentioned(text: str) -> set[str]:
    """Return the words, names of columns among them, of some SQL."""
    return {unquote(word) for word in token_texts(text) if word[0] != "'"}


def table_of(constraint: Any) -> sa.Table:
    """Return the table of a constraint, which may stand with a column."""
    parent = constraint.parent
    table: sa.Table = parent.table if isinstance(parent, sa.Column) else parent
    return table
