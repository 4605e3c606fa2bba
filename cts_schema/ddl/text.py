"""SQL as text, for both databases: quoting, parsing, and executing unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

_NAME = r'"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]'
_TOKEN = re.compile(rf"--[^\n]*|/\*.*?\*/|{_NAME}|'(?:[^']|'')*'|[\w$]+|\S", re.DOTALL)
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?P<plain>[a-z_][a-z0-9_]*)"(?!")|"(?:[^"]|"")*\"""")


def quote(name: str) -> str:
    """Return a quoted name. Not by the dialect, which would double percent signs: :func:`run` does that."""
    return '"' + name.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Return a list of quoted names."""
    return ", ".join(map(quote, columns))


def literal(value: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def holds(condition: str, values: Mapping[str, str]) -> str:
    """Return a condition over columns, which are given as SQL."""
    columns = ", ".join(f"{value} AS {quote(name)}" for name, value in values.items())
    return f"(SELECT {condition} FROM (SELECT {columns}) checked)"


def balanced(parts: Sequence[str], operator: str) -> str:
    """Join many expressions as a balanced tree: SQLite nests at most 1,000 levels."""
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
    """Return SQL in which a colon is literal, not a parameter."""
    return sa.text(statement.replace(":", r"\:"))


def run(connection: sa.Connection, statement: str) -> sa.CursorResult[*tuple[Any, ...]]:
    """Execute a statement unchanged."""
    if connection.dialect.paramstyle in ("format", "pyformat"):
        statement = statement.replace("%", "%%")
    return connection.exec_driver_sql(statement)


def tokens(statement: str) -> Iterator[re.Match[str]]:
    """Yield the words, quoted names, strings and symbols of some SQL, with their positions, without comments."""
    return (token for token in _TOKEN.finditer(statement) if not token[0].startswith(("--", "/*")))


def token_texts(statement: str) -> Iterator[str]:
    """Yield the texts of :func:`tokens`."""
    return (token[0] for token in tokens(statement))


def create_table_of(connection: sa.Connection, table: str) -> str:
    """Return the CREATE TABLE statement of a table of SQLite."""
    query = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table COLLATE NOCASE")
    return str(connection.execute(query, {"table": table}).scalar_one())


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
    """Return SQL without its comments."""
    return _TOKEN.sub(lambda token: " " if token[0].startswith(("--", "/*")) else token[0], statement)
