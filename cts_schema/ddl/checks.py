"""CHECK constraints: those that a column's type implies, and those that a SQLite table actually has.

An implied CHECK is a constraint of its column, not of the table. So it comes with ADD COLUMN and goes with DROP COLUMN,
which SQLite then does without copying the table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.naming import conv
from sqlalchemy.util import OrderedSet

from cts_schema.ddl.naming import shorten
from cts_schema.ddl.numbers import FiniteNumeric
from cts_schema.ddl.text import clause, create_table_of, literal, tokens, unquote
from cts_schema.ddl.types import Json, TextEnum

# Without unnecessary quotes, as SQLAlchemy writes a CHECK.
_quote = sqlite.dialect().identifier_preparer.quote


class ImpliedCheck(sa.CheckConstraint):
    """A CHECK that the type of its column implies.

    Args:
        condition: the condition.
        name: the name in the database.
        dialect: the database that needs it; None for both.
    """

    inherit_cache = False

    def __init__(self, condition: str, name: str, dialect: str | None) -> None:
        super().__init__(clause(condition), name=conv(name))
        self.dialect = dialect

    def _copy(self, **kw: Any) -> ImpliedCheck:
        """Return a copy; SQLAlchemy would make a plain CHECK, which applies to both databases."""
        return ImpliedCheck(str(self.sqltext), str(self.name), self.dialect)


@compiles(ImpliedCheck)
def _render(element: ImpliedCheck, compiler: DDLCompiler, **kw: Any) -> str:
    if element.dialect not in (None, compiler.dialect.name):
        return ""
    name = compiler.preparer.quote(str(element.name))
    return f"CONSTRAINT {name} CHECK ({compiler.sql_compiler.process(element.sqltext)})"


def imply_checks(column: sa.Column[Any]) -> None:
    """Attach to ``column`` the CHECK that its type implies, if any.

    A :class:`TextEnum` is restricted on both databases. PostgreSQL has types for booleans and JSON, SQLite does not:
    there a boolean must be 0 or 1, and a JSON text must be valid. SQLite cannot store NaN; for PostgreSQL it is a
    number.
    """
    if any(isinstance(constraint, ImpliedCheck) for constraint in column.constraints):
        return
    quoted, name = _quote(column.name), shorten(f"ck_{column.table.name}_{column.name}")
    if isinstance(column.type, TextEnum):
        values = ", ".join(map(literal, column.type.values))
        condition, dialect = f"{quoted} IN ({values})", None
    elif isinstance(column.type, sa.Boolean):
        condition, dialect = f"{quoted} IN (0, 1)", "sqlite"
    elif isinstance(column.type, Json):
        # json_valid(NULL) is 0, not NULL, in SQLite libraries up to 3.40 at least.
        condition, dialect = f"{quoted} IS NULL OR json_valid({quoted})", "sqlite"
    elif isinstance(column.type, FiniteNumeric):
        condition, dialect = finite(column.name), "postgresql"
        name = finite_name(column.table.name, column.name)
    else:
        return
    check = ImpliedCheck(condition, name, dialect)
    check.parent = column
    column.constraints.add(check)


def implied_name(column: sa.Column[Any]) -> str | None:
    """Return what follows the name of a column in that of the CHECK of its type; None if it has none."""
    implied = any(isinstance(check, ImpliedCheck) for check in column.constraints)
    return None if not implied else "_finite" if isinstance(column.type, FiniteNumeric) else ""


def in_order(constraints: Collection[sa.Constraint]) -> OrderedSet[sa.Constraint]:
    """Return constraints in a fixed order, because the order of a set is random."""

    def order(one: sa.Constraint) -> tuple[str, str, list[str]]:
        return one.__visit_name__, str(one.name), [column.name for column in getattr(one, "columns", ())]

    return OrderedSet(sorted(constraints, key=order))


def finite(column: str) -> str:
    """Return the condition that a number of PostgreSQL is finite; its columns cannot hold infinity."""
    return f"{_quote(column)} <> 'NaN'"


def finite_name(table: str, column: str) -> str:
    """Return the name of the CHECK that refuses NaN in a column. Another CHECK may have the plain name."""
    return shorten(f"ck_{table}_{column}_finite")


def comes_with(table: str, column: str) -> set[str]:
    """Return the possible names of the CHECK of a column, which is added and dropped with the column."""
    return {shorten(f"ck_{table}_{column}"), finite_name(table, column)}


def sqlite_checks(connection: sa.Connection, table: str) -> dict[str, str]:
    """Return the condition of each CHECK of ``table`` by its name, or by its condition if it has no name.

    It parses the CREATE TABLE statement: SQLAlchemy's reflection reads it line by line, but ADD COLUMN writes one line.
    """
    found = parse_checks(create_table_of(connection, table))
    return {name or condition: condition for name, condition in found}


def parse_checks(create_table: str) -> Iterator[tuple[str | None, str]]:
    """Yield name and condition of each CHECK in a CREATE TABLE statement."""
    found = list(tokens(create_table))
    for position, token in enumerate(found):
        if token[0].upper() != "CHECK" or position + 1 == len(found) or found[position + 1][0] != "(":
            continue
        depth = 0
        for following in found[position + 1 :]:
            depth += {"(": 1, ")": -1}.get(following[0], 0)
            if depth == 0:
                named = position >= 2 and found[position - 2][0].upper() == "CONSTRAINT"
                name = unquote(found[position - 1][0]) if named else None
                yield name, create_table[found[position + 1].end() : following.start()].strip()
                break
