"""Compares expressions that differ in spelling only, by letting the server rewrite both.

EXPLAIN does not run a query. But it calculates constants in it, also by unmanaged functions: so
it explains an expression only if its spelling differs from the known one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
from sqlalchemy.exc import DataError, ProgrammingError

from cts_schema.ddl.text import closing, definitions, quote, run, tokens
from cts_schema.dialects.facts import Snapshot, TableSnapshot

_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX ")
_KEY = re.compile(r"(?P<expression>.*?)(?P<order>(?: DESC)?(?: NULLS \w+)?)", re.DOTALL)


def worded(connection: sa.Connection, wanted: Snapshot, there: Snapshot) -> Snapshot:
    """Return the wanted definitions in the spelling of the existing ones where both mean the same.

    Args:
        connection: the database.
        wanted: the tables to compare.
        there: the tables of the database.
    """
    tables = {
        name: _table(connection, name, table, there.tables[name]) if name in there.tables else table
        for name, table in wanted.tables.items()
    }
    return replace(wanted, tables=tables)


def _table(connection: sa.Connection, name: str, wanted: TableSnapshot, there: TableSnapshot) -> TableSnapshot:
    same = partial(_same, connection, name)
    columns, parts = dict(wanted.columns), dict(wanted.parts)
    for column, mine in wanted.columns.items():
        found = there.columns.get(column)
        if found is not None and mine.default and found.default and same(mine.default, found.default):
            columns[column] = replace(mine, default=found.default)
    for part, definition in wanted.parts.items():
        begin, expressions = _divided(definition.text)
        other, theirs = _divided(there.parts.get(part, definition).text.removesuffix(" NOT VALID"))
        if begin == other and all(one == two or same(one, two) for one, two in zip(expressions, theirs, strict=True)):
            text = there.parts.get(part, definition).text.removesuffix(" NOT VALID")
            parts[part] = replace(definition, text=text)
    return replace(wanted, columns=columns, parts=parts)


def _divided(definition: str) -> tuple[list[str], list[str]]:
    """Return a definition without its expressions, and the expressions: of a CHECK, and of an index with its WHERE."""
    if definition.startswith("CHECK "):
        return ["CHECK"], [definition.removeprefix("CHECK ")]
    if not _INDEX.match(definition):
        return [definition], []
    found = list(tokens(definition))
    words = [token[0] for token in found]
    end = found[closing(words, words.index("("))].end()
    rest, where, condition = definition[end:].partition(" WHERE ")
    keys = [_KEY.fullmatch(key) for key in definitions(definition[:end])]
    ordered = [key["order"] for key in keys if key is not None]
    begin = [definition[: found[words.index("(")].start()], *ordered, rest, where]
    return begin, [*(key["expression"] for key in keys if key is not None), *[condition] * bool(where)]


def _same(connection: sa.Connection, table: str, mine: str, theirs: str) -> bool:
    """Return whether two expressions differ in spelling, and mean the same."""
    return mine != theirs and _explained(connection, table, mine) == _explained(connection, table, theirs) is not None


def _explained(connection: sa.Connection, table: str, expression: str) -> str | None:
    """Return an expression as the server writes it in a plan; None if the server refuses it."""
    try:
        with connection.begin_nested():
            query = f"EXPLAIN (VERBOSE, COSTS OFF) SELECT {expression} FROM ONLY {quote(table)}"
            return str(run(connection, query).scalars().all()[1])
    except (DataError, ProgrammingError):
        return None
