"""SQL as text, for both databases: names and strings quoted, statements taken apart, and run as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

_NAME = r'"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]'
_TOKEN = re.compile(rf"--[^\n]*|/\*.*?\*/|{_NAME}|'(?:[^']|'')*'|[\w$]+|\S", re.DOTALL)
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?P<plain>[a-z_][a-z0-9_]*)"|"(?:[^"]|"")*\"""")


def quote(name: str) -> str:
    """Return a name as SQL. Not by the dialect, which would double its percent signs: :func:`run` does."""
    return '"' + name.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Return names as SQL lists them."""
    return ", ".join(map(quote, columns))


def literal(value: str) -> str:
    """Return a text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def holds(condition: str, values: Mapping[str, str]) -> str:
    """Return a condition over columns, which are given as SQL."""
    columns = ", ".join(f"{value} AS {quote(name)}" for name, value in values.items())
    return f"(SELECT {condition} FROM (SELECT {columns}) checked)"


def balanced(parts: Sequence[str], operator: str) -> str:
    """Join many expressions in pairs of pairs: SQLite nests at most 1,000 of them in each other."""
    if len(parts) < 3:
        return f" {operator} ".join(parts)
    half = len(parts) // 2
    return f"({balanced(parts[:half], operator)}) {operator} ({balanced(parts[half:], operator)})"


def unquote(token: str) -> str:
    """Return a name, or a string, without its quotes."""
    if token[0] == "[":
        return token[1:-1]
    return token[1:-1].replace(token[0] * 2, token[0]) if token[0] in "\"'`" else token


def closing(words: Sequence[str], place: int) -> int:
    """Return where the bracket that opens at a place is closed; the place itself where none opens there."""
    return _matching(words, range(place, len(words)))


def opening(words: Sequence[str], place: int) -> int:
    """Return where the bracket that closes at a place was opened; the place itself where none closes there."""
    return _matching(words, range(place, -1, -1))


def _matching(words: Sequence[str], places: range) -> int:
    depth = 0
    for place in places:
        depth += (words[place] == "(") - (words[place] == ")")
        if depth == 0:
            return place
    return places[-1]


def clause(statement: str) -> sa.TextClause:
    """Return SQL in which a colon is a colon, and no parameter."""
    return sa.text(statement.replace(":", r"\:"))


def run(connection: sa.Connection, statement: str) -> sa.CursorResult[*tuple[Any, ...]]:
    """Execute a statement as it stands."""
    if connection.dialect.paramstyle in ("format", "pyformat"):
        statement = statement.replace("%", "%%")
    return connection.exec_driver_sql(statement)


def tokens(statement: str) -> Iterator[re.Match[str]]:
    """Yield the words, quoted names, strings and signs of some SQL, each with its place; comments are left out."""
    return (token for token in _TOKEN.finditer(statement) if not token[0].startswith(("--", "/*")))


def token_texts(statement: str) -> Iterator[str]:
    """Yield the texts of :func:`tokens`."""
    return (token[0] for token in tokens(statement))


def definitions(create_table: str) -> Iterator[str]:
    """Yield the definitions of columns and constraints in a CREATE TABLE statement of SQLite."""
    depth, start = 0, 0
    for token in tokens(create_table):
        if depth == 1 and token[0] in (",", ")"):
            yield create_table[start : token.start()].strip()
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 1 and token[0] in ("(", ","):
            start = token.end()


def plain_names(statement: str) -> str:
    """Return SQL in which no name is quoted but those that must be; that of a keyword, which may, is none of them."""
    return _QUOTED.sub(lambda found: found["plain"] or found[0], statement) if '"' in statement else statement


def without_comments(statement: str) -> str:
    """Return some SQL without its comments."""
    return _TOKEN.sub(lambda token: " " if token[0].startswith(("--", "/*")) else token[0], statement)
