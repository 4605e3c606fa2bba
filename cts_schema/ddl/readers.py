"""Finds what reads a column of a SQLite table, from the text of its definition, because no PRAGMA shows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import sqlalchemy as sa

from cts_schema.ddl.checks import parse_checks
from cts_schema.ddl.text import closing, create_table_of, definitions, token_texts, tokens, unquote

# A UNIQUE or FOREIGN KEY of the table; those of a column follow its name.
_KEY = re.compile(
    r"""\s*(?:CONSTRAINT\s+(?P<name>"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`|\w+)\s+)?"""
    r"(?P<columns>(?:UNIQUE|FOREIGN\s+KEY)\s*\([^)]*\))",
    re.IGNORECASE,
)


def mentions(definition: str, columns: Collection[str]) -> bool:
    """Return whether SQL names any of ``columns``, in any case and quotes; a string is not a name."""
    names = {column.lower() for column in columns}
    return any(unquote(word).lower() in names for word in token_texts(definition) if word[0] != "'")


def in_brackets(definition: str, columns: Collection[str]) -> str:
    """Return SQL with brackets instead of double quotes around ``columns``."""
    names = {column.lower() for column in columns}
    parts, end = [], 0
    for token in tokens(definition):
        if token[0][0] == '"' and unquote(token[0]).lower() in names:
            parts += [definition[end : token.start()], f"[{unquote(token[0])}]"]
            end = token.end()
    return "".join([*parts, definition[end:]])


def query_of(create_view: str) -> str:
    """Return the query of a CREATE VIEW statement."""
    return next(create_view[token.end() :] for token in tokens(create_view) if token[0].lower() == "as")


def generated(connection: sa.Connection, table: str, columns: Collection[str]) -> list[str]:
    """Return the generated columns of ``table`` that depend on ``columns``, directly or indirectly."""
    rows = connection.execute(
        sa.text("SELECT name FROM pragma_table_xinfo(:table) WHERE hidden IN (2, 3)"), {"table": table}
    )
    others = set(rows.scalars()) - set(columns)
    if not others:
        return []
    made = create_table_of(connection, table)
    parts = {name: part for part in definitions(made) if (name := unquote(next(token_texts(part)))) in others}
    found: list[str] = []
    while more := [
        name for name, part in parts.items() if name not in found and mentions(part, {*columns, *found} - {name})
    ]:
        found += more
    return found


def computed(create_table: str) -> dict[str, str]:
    """Return the expressions of the generated columns in a CREATE TABLE statement of SQLite, by column.

    SQLAlchemy's reflection reads on to the last bracket of its line, and ADD COLUMN writes one line.
    """
    found = {}
    for part in definitions(create_table):
        parts = list(tokens(part))
        words = [token[0].upper() for token in parts]
        for place in range(1, len(words) - 1):
            if words[place : place + 2] == ["AS", "("]:
                last = closing(words, place + 1)
                found[unquote(parts[0][0])] = part[parts[place + 1].end() : parts[last].start()].strip()
                break
    return found


def going(connection: sa.Connection, table: str, columns: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of the indexes and constraints, also unmanaged ones, that are dropped with ``columns``."""
    found = connection.execute(
        sa.text(
            "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'table') AND sql IS NOT NULL "
            "AND tbl_name = :table COLLATE NOCASE ORDER BY type, name"
        ),
        {"table": table},
    ).all()
    for name, definition in found:
        if name.lower() != table.lower():
            if mentions(definition[definition.index("(") :], columns):
                yield "index", name
            continue
        for check, condition in parse_checks(definition):
            if mentions(condition, columns):
                yield "constraint", check or f"CHECK ({condition})"
        for part in definitions(definition):
            key = _KEY.match(part)
            if key and mentions(key["columns"], columns):
                yield "constraint", unquote(key["name"] or key["columns"])
