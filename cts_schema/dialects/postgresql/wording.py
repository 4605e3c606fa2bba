"""Compares expressions that differ in spelling only, by letting the server rewrite both.

EXPLAIN does not run a query. But it calculates constants in it, also by unmanaged functions: so
it explains an expression only if its spelling differs from the known one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, ProgrammingError

from cts_schema.ddl.text import quote, run
from cts_schema.dialects.facts import Fingerprint


def worded(connection: sa.Connection, wanted: Fingerprint, there: Fingerprint) -> Fingerprint:
    """Return the wanted definitions in the spelling of the existing ones where both mean the same.

    Args:
        connection: the database.
        wanted: the tables to compare.
        there: the tables of the database.
    """
    return {name: dict(_table(connection, name, facts, there.get(name, {}))) for name, facts in wanted.items()}


def _table(
    connection: sa.Connection, name: str, wanted: dict[str, Any], there: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    kind, _, table = name.partition(" ")
    for part, facts in wanted.items():
        found = there.get(part, facts)
        if kind == "table" and facts != found:
            yield part, _worded(connection, table, part.partition(" ")[0], facts, found)
        else:
            yield part, facts


def _worded(connection: sa.Connection, table: str, kind: str, wanted: Sequence[Any], there: Sequence[Any]) -> Any:
    place = 2 if kind == "column" else 0  # of the default, or of the definition
    if wanted[place] is None or there[place] is None:
        return wanted
    begin, mine = _divided(kind, wanted[place])
    other, theirs = _divided(kind, there[place].removesuffix(" NOT VALID"))
    if begin != other or mine == theirs or not (mine and theirs):
        return wanted
    if _explained(connection, table, mine) == _explained(connection, table, theirs) is not None:
        return (*wanted[:place], begin + theirs, *wanted[place + 1 :])
    return wanted


def _divided(kind: str, definition: str) -> tuple[str, str]:
    """Return a definition up to its expression, and the expression: all of a default, nothing of a key."""
    if kind == "column":
        return "", definition
    begin = re.match(r"CHECK |CREATE .*? WHERE |.*", definition, re.DOTALL)
    place = 0 if begin is None else begin.end()
    return definition[:place], definition[place:]


def _explained(connection: sa.Connection, table: str, expression: str) -> str | None:
    """Return an expression as the server writes it in a plan; None if the server refuses it."""
    try:
        with connection.begin_nested():
            query = f"EXPLAIN (VERBOSE, COSTS OFF) SELECT {expression} FROM ONLY {quote(table)}"
            return str(run(connection, query).scalars().all()[1])
    except (DataError, ProgrammingError):
        return None
