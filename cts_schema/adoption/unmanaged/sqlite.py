"""Unmanaged tables of SQLite: their foreign keys, read from its catalogue, and how references follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.dependents.sqlite import in_memory
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.adoption.unmanaged import changes
from cts_schema.adoption.unmanaged.changed_keys import CHANGED
from cts_schema.adoption.unmanaged.changes import DANGLING
from cts_schema.adoption.unmanaged.edits import MOVES, changing
from cts_schema.adoption.unmanaged.references import Column, Reference, Table, Unique
from cts_schema.ddl import sqlite_checks
from cts_schema.ddl.text import literal, quote, run, token_texts, tokens, unquote
from cts_schema.dialects.sqlite.catalogue import is_without_rowid
from cts_schema.dialects.sqlite.sql import row_id


def keys(connection: sa.Connection, old: Mapping[str, LegacyTable]) -> list[Reference]:
    """Return the foreign keys of unmanaged tables."""
    names = run(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    ).scalars()
    tables = {name.lower(): name for name in names}
    columns = {
        lower: {row[1].lower(): row for row in run(connection, f"PRAGMA table_xinfo({quote(name)})").all()}
        for lower, name in tables.items()
    }
    found = []
    for lower, name in tables.items():
        if lower in target.tables():
            continue
        parts: dict[int, list[Any]] = {}
        for row in run(connection, f"PRAGMA foreign_key_list({quote(name)})").all():
            parts.setdefault(row[0], []).append(row)
        for rows in parts.values():
            parent = rows[0][2].lower()
            if parent not in tables:
                continue
            named = [row[4] for row in sorted(rows, key=lambda row: row[1])]
            implicit = None in named
            if implicit:  # the primary key of the parent
                named = [
                    row[1] for row in sorted(columns[parent].values(), key=lambda row: int(row[5])) if int(row[5]) > 0
                ]
            managed = parent in old
            if managed and implicit and tuple(column.lower() for column in named) != target.tables()[parent].key:
                continue  # it would mean another column
            if len(named) == len(rows) and all(column.lower() in columns[parent] for column in named):
                found.append(
                    Reference(
                        "",
                        f"main.{quote(name)}",
                        tuple(columns[lower][row[3].lower()][1] for row in sorted(rows, key=lambda row: row[1])),
                        parent if managed else f"main.{quote(tables[parent])}",
                        tuple(column.lower() if managed else columns[parent][column.lower()][1] for column in named),
                        managed,
                    )
                )
    return found


def table(connection: sa.Connection, place: str) -> Table:
    """Return a table with what its rows must meet."""
    name = unquote(place.removeprefix("main."))
    facts = [row for row in run(connection, f"PRAGMA table_xinfo({quote(name)})").all() if row[6] != 1]
    key = tuple(row[1] for row in sorted(facts, key=lambda row: int(row[5])) if row[5])
    unique, tied = {Unique(key)} if key else set(), set(key)
    for index in run(connection, f"PRAGMA index_list({quote(name)})").all():
        if not index[2]:
            continue
        parts = [row[2] for row in run(connection, f"PRAGMA index_info({quote(index[1])})")]
        sql = run(connection, f"SELECT sql FROM sqlite_master WHERE name = {literal(index[1])}").scalar() or ""
        if None not in parts:
            unique.add(Unique(tuple(parts), _condition(sql) if index[4] else "true"))
        if index[4] or None in parts:  # NULL may be a value to its condition or expression, but is none in the key
            named = {unquote(one).lower() for one in token_texts(sql)}
            tied |= {row[1] for row in facts if row[1].lower() in named} - set(parts)
    return Table(
        place,
        name,
        {
            row[1]: Column(row[1], row[2], not row[3] and row[1] not in tied and row[6] == 0, row[6] in (2, 3))
            for row in facts
        },
        key,
        tuple(sorted(unique)),
        tuple(sqlite_checks(connection, name).values()),
        " || ',' || ".join(f"quote({{0}}.{quote(column)})" for column in key)
        if is_without_rowid(connection, name)
        else f"{{0}}.{row_id({row[1].lower() for row in facts})}",
        "sqlite",
    )


def _condition(index: str) -> str:
    """Return which rows an index of SQLite is about."""
    depth, start = 0, len(index)
    for token in tokens(index):
        depth += (token[0] == "(") - (token[0] == ")")
        if depth == 0 and token[0].upper() == "WHERE":
            start = token.end()
    return index[start:]


class Changes(changes.Changes):
    """What becomes of references, which SQLite compares as the type of the parent's column makes it."""

    ROW_TYPE = ""

    def typed(self, text: str, column: Column) -> str:
        """Return a new value as it is: its column makes of it what it will."""
        return text

    def may_break(self, check: str, referring: Collection[str]) -> bool:
        """Whether a condition names such a column: any other may call a function that only an application has."""
        return not {unquote(word).lower() for word in token_texts(check)}.isdisjoint(referring)

    def may_dangle(self, changed: str) -> bool:
        """Whether a reference may lead nowhere: always, as its value may be written in another way than the key."""
        return True

    def also_dangling(self, key: Reference, rest: str) -> str:
        """Add those that have found '007' where PostgreSQL would have had a 7."""
        table, plain = self.tables[key.table], [f"CAST(p.{quote(parent)} AS TEXT)" for parent in key.parent_columns]
        return (
            f" UNION ALL SELECT {table.row('c')}, {', '.join(plain)}, {literal(CHANGED)} FROM {table.place} c "
            f"JOIN {self.olds[key.parent]} p ON {self.refers(key)} WHERE {rest}"
        )

    def stored_as(self, value: str, place: int) -> Sequence[str]:
        """Return the condition: a text with 17 digits is a real number in a column of numbers, equal to one with 15."""
        return [f"{value} = +d.s{place}"]

    def find_dangling(self, key: Reference, select: str, news: Sequence[str], found: str) -> None:
        """Write the rows to the table.

        There ``s0``, ``s1``, ... are what the referring columns make of the new values, and ``p0``, ``p1``, ... what
        the columns of an unmanaged parent do.
        """
        stored = [f"s{at} {self.tables[key.table].columns[name].affinity}" for at, name in enumerate(key.columns)]
        if not key.managed:
            parent = self.tables[key.parent]
            stored += [f"p{at} {parent.columns[name].affinity}" for at, name in enumerate(key.parent_columns)]
        texts = ", ".join(f"{new} TEXT" for new in news)
        run(self.connection, f"CREATE TEMP TABLE {DANGLING} (row_id, {texts}, cause TEXT, {', '.join(stored)})")
        again = "".join(f", max({new})" for new in news) * (1 if key.managed else 2)
        run(
            self.connection,
            f"INSERT INTO {DANGLING} SELECT row_id, {found}{again} FROM ({select}) found GROUP BY row_id",
        )

    def require_possible(self, affected: Sequence[Table]) -> None:
        """Check that the tables need nothing of their application to change.

        Raises:
            AdoptionBlocked: one does.
        """
        for one in affected:
            definitions = run(
                self.connection,
                f"SELECT sql FROM main.sqlite_master WHERE tbl_name = {literal(one.title)} AND sql IS NOT NULL "
                "AND type IN ('table', 'index') ORDER BY type DESC",
            ).scalars()
            with changing(one), in_memory.opened(definitions) as copy:
                # The copy has neither triggers nor rows. SQLite opens some tables that it would not create.
                if copy.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
                    copy.execute(f"EXPLAIN SELECT * FROM {one.place}")
                    if self.is_in(MOVES, one):
                        copy.execute(f"EXPLAIN DELETE FROM {one.place} WHERE true")
                    if columns := self.edited_columns(one):
                        same = ", ".join(f"{quote(name)} = {quote(name)}" for name in columns)
                        copy.execute(f"EXPLAIN UPDATE {one.place} SET {same}")

    def apply(self, statements: Sequence[tuple[Table, Sequence[str]]]) -> None:
        """Change tables by statements."""
        for one, of_table in statements:
            with changing(one):
                for statement in of_table:
                    run(self.connection, statement)
