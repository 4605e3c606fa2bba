"""The schema of a SQLite file as plain values that can be compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby, pairwise
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.checks import parse_checks
from cts_schema.ddl.in_memory import in_memory
from cts_schema.ddl.readers import computed
from cts_schema.ddl.text import quote, run, token_texts, unquote
from cts_schema.dialects.facts import ColumnSnapshot, Definition, Part, Snapshot, TableSnapshot

_CLAUSES = re.compile(
    r"(?i)\b(autoincrement|without\s+rowid|strict$|collate\s+\w+|on\s+conflict\s+\w+|(?:not\s+)?deferrable)"
)
_WRITTEN = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_'"
)
_COLUMNS = """
SELECT m.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
  FROM sqlite_master m, pragma_table_xinfo(m.name) x WHERE m.type = 'table'
"""
_KEYS = """
SELECT m.name, k.id, k."table", k."from", k."to", k.on_update, k.on_delete, k."match"
  FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'
"""
_INDEXES = """
SELECT m.name, l.name FROM sqlite_master m, pragma_index_list(m.name) l WHERE m.type = 'table' AND l.origin = 'c'
"""
_IMPLIED_INDEXES = """
SELECT m.name, l.name, l.origin, x.name, x."desc", x.coll
  FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_xinfo(l.name) x
 WHERE m.type = 'table' AND l.origin <> 'c' AND x."key"
 ORDER BY m.rowid, l.seq, x.seqno
"""
_MADE = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' ORDER BY rowid"
_HIDDEN = {1: "HIDDEN", 2: "VIRTUAL", 3: "STORED"}  # pragma.html#pragma_table_xinfo


def snapshot(connection: sa.Connection) -> Snapshot:
    """Return everything in the file, including unmanaged tables."""
    written: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)  # table and text by kind and name
    for kind, name, table, sql in connection.exec_driver_sql(_WRITTEN):
        written[kind][name] = (table, sql)
    parsed = {name: _parsed(sql) for name, (_, sql) in written["table"].items()}
    tables = {name: TableSnapshot(clauses=one.clauses) for name, one in parsed.items()}
    for name, *column in connection.exec_driver_sql(_COLUMNS):
        if name in tables:
            tables[name].columns[column[0]] = _column(column, parsed[name].computed)
    for name, found in tables.items():
        found.parts.update(parsed[name].checks)
    for name, part, definition in (*_foreign_keys(connection), *_indexes(connection, written["index"])):
        if name in tables:
            again = part
            while again in tables[name].parts:  # a second key of the same columns
                again = Part(part.kind, f"{again.name} again")
            tables[name].parts[again] = definition
    views = {name: _squeezed(sql) for name, (_, sql) in written["view"].items()}
    _add_triggers(written["trigger"], tables, views)
    return Snapshot(tables, views)


def _add_triggers(
    triggers: Mapping[str, tuple[str, str]], tables: Mapping[str, TableSnapshot], views: dict[str, str]
) -> None:
    """Add triggers to their tables, and those of views to the views."""
    # A trigger spells the name of its table as in its definition.
    spelled = {name.lower(): name for name in tables}
    for name, (table, text) in triggers.items():
        if table.lower() in spelled:
            tables[spelled[table.lower()]].parts[Part("trigger", name)] = Definition(_squeezed(text))
        else:
            views[f"{table}: trigger {name}"] = _squeezed(text)


@dataclass(frozen=True)
class _Parsed:
    """What only the text of a CREATE TABLE says."""

    clauses: tuple[str, ...]
    checks: Mapping[Part, Definition]
    computed: Mapping[str, str]


@lru_cache(1024)
def _parsed(create_table: str) -> _Parsed:
    words = list(token_texts(create_table))
    named = sorted(unquote(name) for word, name in pairwise(words) if word.upper() == "CONSTRAINT")
    code = " ".join(word for word in words if word[0] not in "'\"")
    return _Parsed(
        (*named, *sorted(clause.upper() for clause in _CLAUSES.findall(code))),
        {
            Part("check", name or condition): Definition(f"CHECK ({_squeezed(condition)})")
            for name, condition in parse_checks(create_table)
        },
        computed(create_table) if re.search(r"\bas\b", code, re.IGNORECASE) else {},
    )


def _column(column: Sequence[Any], expressions: Mapping[str, str]) -> ColumnSnapshot:
    name, type_, notnull, default, key, hidden = column
    default = _without_parentheses(default if hidden == 0 else _squeezed(expressions.get(name, "")))
    return ColumnSnapshot(type_, bool(notnull), default, generated=_HIDDEN.get(hidden, ""), key=key)


def _foreign_keys(connection: sa.Connection) -> Iterator[tuple[str, Part, Definition]]:
    keys = defaultdict(list)
    for table, number, *row in connection.exec_driver_sql(_KEYS):
        keys[table, number].append(row)
    found = []
    for (table, _), rows in keys.items():
        rows.sort(key=lambda row: str(row[1]))
        parent, _, column, on_update, on_delete, match = rows[0]
        own = [row[1] for row in rows]
        # Without a column of the parent it means the primary key.
        parents = "" if column is None else f" ({', '.join(quote(row[2]) for row in rows)})"
        text = f"FOREIGN KEY ({', '.join(map(quote, own))}) REFERENCES {quote(parent)}{parents}"
        text += f" ON UPDATE {on_update} ON DELETE {on_delete}" + ("" if match == "NONE" else f" MATCH {match}")
        found.append((table, Part("foreign-key", ", ".join(own)), Definition(text)))
    yield from sorted(found, key=lambda one: (one[1], one[2].text))


def _indexes(
    connection: sa.Connection, written: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, Part, Definition]]:
    for table, name in connection.exec_driver_sql(_INDEXES):
        yield table, Part("index", name), Definition(_squeezed(written[name][1]))
    for (table, _, origin), rows in groupby(connection.exec_driver_sql(_IMPLIED_INDEXES), lambda row: row[:3]):
        columns = [(row[3], f"{quote(row[3])}{_collated(row[5])}{' DESC' if row[4] else ''}") for row in rows]
        kind, word = ("primary-key", "PRIMARY KEY") if origin == "pk" else ("unique", "UNIQUE")
        text = f"{word} ({', '.join(shown for _, shown in columns)})"
        yield table, Part(kind, ", ".join(column for column, _ in columns)), Definition(text)


@cache
def expected(metadata: sa.MetaData) -> Snapshot:
    """Return the snapshot of a schema that has the tables of metadata: it is made in memory."""
    with in_memory() as connection:
        metadata.create_all(connection)
        return snapshot(connection)


def condensed(statements: Sequence[str]) -> list[str]:
    """Return the statements that create what a database in memory has after these, and those that fill it.

    Most of the time goes into ALTER TABLE, after which SQLite reads the whole schema again.
    """
    with in_memory() as connection:
        for statement in statements:
            run(connection, statement)
        made = [*run(connection, _MADE).scalars()]
        tables = run(connection, "SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        filled = [name for name in tables if run(connection, f"SELECT 1 FROM {quote(name)} LIMIT 1").first()]
    of_filled = re.compile(rf'(INSERT INTO|UPDATE|DELETE FROM) "?({"|".join(map(re.escape, filled))})\b')
    return [*made, *filter(of_filled.match, statements)]


def worded(connection: sa.Connection, wanted: Snapshot, there: Snapshot) -> Snapshot:
    """Return what is wanted: SQLite keeps the words of a statement."""
    return wanted


def _collated(collation: str) -> str:
    return "" if collation == "BINARY" else f" COLLATE {collation}"


def _squeezed(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip().replace('"', "")


def _without_parentheses(default: str | None) -> str | None:
    """Return a default without the parentheses that a rebuild adds: DEFAULT (CURRENT_TIMESTAMP)."""
    while default is not None and default.startswith("(") and default.endswith(")"):
        default = default[1:-1].strip()
    return default
