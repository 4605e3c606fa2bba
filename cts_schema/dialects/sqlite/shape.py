"""The schema of a SQLite file as plain values that can be compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

import sqlalchemy as sa

from cts_schema.ddl.checks import sqlite_checks
from cts_schema.ddl.in_memory import in_memory
from cts_schema.ddl.readers import computed
from cts_schema.ddl.text import quote, run, token_texts, unquote
from cts_schema.dialects.facts import ColumnSnapshot, Definition, Part, Snapshot, TableSnapshot

_CLAUSES = re.compile(
    r"(?i)\b(autoincrement|without\s+rowid|strict$|collate\s+\w+|on\s+conflict\s+\w+|(?:not\s+)?deferrable)"
)
_MADE = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' ORDER BY rowid"
_HIDDEN = {1: "HIDDEN", 2: "VIRTUAL", 3: "STORED"}  # pragma.html#pragma_table_xinfo


def snapshot(connection: sa.Connection) -> Snapshot:
    """Return everything in the file, including unmanaged tables."""
    tables: dict[str, TableSnapshot] = {}
    views, triggers = {}, []
    for kind, name, table, sql in connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master"):
        if kind == "table" and not name.startswith("sqlite_"):
            tables[name] = _table(connection, name, sql)
        elif kind == "view":
            views[name] = _squeezed(sql)
        elif kind == "trigger":
            triggers.append((table, name, _squeezed(sql)))
    # A trigger spells the name of its table as in its definition.
    spelled = {name.lower(): name for name in tables}
    for table, name, text in triggers:
        if table.lower() in spelled:
            tables[spelled[table.lower()]].parts[Part("trigger", name)] = Definition(text)
        else:
            views[f"{table}: trigger {name}"] = text
    return Snapshot(tables, views)


def _table(connection: sa.Connection, table: str, sql: str) -> TableSnapshot:
    words = list(token_texts(sql))
    named = sorted(unquote(name) for word, name in pairwise(words) if word.upper() == "CONSTRAINT")
    code = " ".join(word for word in words if word[0] not in "'\"")
    expressions = computed(sql) if re.search(r"\bas\b", code, re.IGNORECASE) else {}
    found = TableSnapshot(clauses=(*named, *sorted(clause.upper() for clause in _CLAUSES.findall(code))))
    for column in connection.exec_driver_sql(f"PRAGMA table_xinfo({quote(table)})"):
        _, name, type_, notnull, default, key, hidden = column
        found.columns[name] = ColumnSnapshot(
            type_,
            bool(notnull),
            _without_parentheses(default if hidden == 0 else _squeezed(expressions.get(name, ""))),
            generated=_HIDDEN.get(hidden, ""),
            key=key,
        )
    for name, condition in sqlite_checks(connection, table).items():
        found.parts[Part("check", name)] = Definition(f"CHECK ({_squeezed(condition)})")
    for part, definition in (*_foreign_keys(connection, table), *_indexes(connection, table)):
        again = part
        while again in found.parts:  # a second key of the same columns
            again = Part(part.kind, f"{again.name} again")
        found.parts[again] = definition
    return found


def _foreign_keys(connection: sa.Connection, table: str) -> Iterator[tuple[Part, Definition]]:
    keys = defaultdict(list)
    for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({quote(table)})"):
        keys[row.id].append(row)
    found = []
    for rows in keys.values():
        rows.sort(key=lambda row: str(row[3]))
        own, (first, *_) = [row[3] for row in rows], rows
        # Without a column of the parent it means the primary key.
        parents = "" if first[4] is None else f" ({', '.join(quote(row[4]) for row in rows)})"
        text = f"FOREIGN KEY ({', '.join(map(quote, own))}) REFERENCES {quote(first[2])}{parents}"
        text += f" ON UPDATE {first[5]} ON DELETE {first[6]}" + ("" if first[7] == "NONE" else f" MATCH {first[7]}")
        found.append((Part("foreign-key", ", ".join(own)), Definition(text)))
    yield from sorted(found, key=lambda one: (one[0], one[1].text))


def _indexes(connection: sa.Connection, table: str) -> Iterator[tuple[Part, Definition]]:
    for row in connection.exec_driver_sql(f"PRAGMA index_list({quote(table)})").all():
        _, name, _, origin, _ = row
        if origin == "c":
            text = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar_one()
            yield Part("index", name), Definition(_squeezed(text))
            continue
        columns = [
            (part[2], f"{quote(part[2])}{_collated(part[4])}{' DESC' if part[3] else ''}")
            for part in connection.execute(sa.text("SELECT * FROM pragma_index_xinfo(:name)"), {"name": name})
            if part[5]  # a column of the key, and not the rowid behind it
        ]
        kind, word = ("primary-key", "PRIMARY KEY") if origin == "pk" else ("unique", "UNIQUE")
        text = f"{word} ({', '.join(shown for _, shown in columns)})"
        yield Part(kind, ", ".join(column for column, _ in columns)), Definition(text)


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
