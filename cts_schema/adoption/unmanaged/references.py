"""Foreign keys of unmanaged tables that lead to managed ones, straight or through other unmanaged tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.sql import as_text, literal, quote, row_id, run, tokens, unquoted
from cts_schema.adoption.survey import OldTable
from cts_schema.ddl import sqlite_checks


@dataclass(frozen=True)
class Column:
    """A column of an unmanaged table.

    Attributes:
        name: its name.
        type: as the database writes it.
        loose: whether it may become NULL.
        fixed: whether the database computes it.
        text: on PostgreSQL whether it holds strings.
    """

    name: str
    type: str
    loose: bool
    fixed: bool = False
    text: bool = False

    @property
    def affinity(self) -> str:
        """Return a type with which a column of SQLite stores values as this one does."""
        return quote(self.type) if self.type else ""


@dataclass(frozen=True)
class Table:
    """An unmanaged table that has such a key.

    Attributes:
        place: as SQL, with its schema.
        title: how a person calls it.
        columns: its columns by name.
        key: its primary key.
        unique: columns that no two rows agree in.
        checks: conditions that its rows meet, as SQL.
        rows: what tells its rows apart, as SQL over ``{0}``.
        dialect: sqlite or postgresql.
    """

    place: str
    title: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    checks: tuple[str, ...]
    rows: str
    dialect: str

    def row(self, alias: str) -> str:
        """Return what tells a row apart, while nobody changes it."""
        return self.rows.replace("{0}", alias)

    def row_key(self, alias: str) -> str:
        """Return what the row is called in adoption_leftovers: its primary key as text, its parts joined by ':'."""
        return (
            " || ':' || ".join(f"coalesce({as_text(self.dialect, f'{alias}.{quote(name)}')}, '')" for name in self.key)
            if self.key
            else "CAST(NULL AS TEXT)"
        )


@dataclass(frozen=True)
class Reference:
    """A foreign key of an unmanaged table.

    Attributes:
        name: what a refusal calls it.
        table: which has it, as SQL.
        columns: its columns.
        parent: our table by its name, or an unmanaged one as SQL.
        parent_columns: what they refer to.
        managed: whether the parent is ours.
        full: whether all of its columns must be NULL, or none.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    managed: bool
    full: bool = False

    @property
    def lasting(self) -> bool:
        """Whether it refers to something that will be there, and a key."""
        if not self.managed:
            return True
        table = target.tables()[self.parent]
        return {*self.parent_columns} in [{*key} for key in (table.key, *table.unique)]


@dataclass(frozen=True)
class References:
    """The keys that lead to managed tables, and the unmanaged tables that have them."""

    tables: Mapping[str, Table]
    keys: tuple[Reference, ...]


def read(connection: sa.Connection, old: Mapping[str, OldTable], refused: Collection[str]) -> References:
    """Return the keys that lead to managed tables, and do so afterwards; nothing is changed.

    Args:
        connection: with the old tables in their places.
        old: the managed tables that are there, by our names.
        refused: names of foreign keys of PostgreSQL that cannot be carried over.
    """
    if connection.dialect.name == "sqlite":
        keys = _leading(key for key in _keys_on_sqlite(connection, old) if key.lasting)
        tables = {key.table: _table_on_sqlite(connection, key.table) for key in keys}
    else:
        keys = _leading(key for key in _keys_on_postgresql(connection) if key.lasting and key.name not in refused)
        tables = {key.table: _table_on_postgresql(connection, key.table) for key in keys}
    return References(tables, tuple(keys))


def _leading(keys: Iterable[Reference]) -> list[Reference]:
    """Return the keys that lead to managed tables in the end."""
    rest = list(keys)
    found: list[Reference] = []
    while True:
        reached = {key.table for key in found}
        more = [key for key in rest if key.managed or key.parent in reached]
        if not more:
            return found
        found += more
        rest = [key for key in rest if key not in more]


def _keys_on_sqlite(connection: sa.Connection, old: Mapping[str, OldTable]) -> list[Reference]:
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
                        f"of {name}",
                        f"main.{quote(name)}",
                        tuple(columns[lower][row[3].lower()][1] for row in sorted(rows, key=lambda row: row[1])),
                        parent if managed else f"main.{quote(tables[parent])}",
                        tuple(column.lower() if managed else columns[parent][column.lower()][1] for column in named),
                        managed,
                    )
                )
    return found


def _table_on_sqlite(connection: sa.Connection, place: str) -> Table:
    name = unquoted(place.removeprefix("main."))
    facts = [row for row in run(connection, f"PRAGMA table_xinfo({quote(name)})").all() if row[6] != 1]
    key = tuple(row[1] for row in sorted(facts, key=lambda row: int(row[5])) if row[5])
    unique, tied = {key} if key else set(), set(key)
    for index in run(connection, f"PRAGMA index_list({quote(name)})").all():
        if not index[2]:
            continue
        names = run(connection, f"PRAGMA index_info({quote(index[1])})").all()
        if None not in (row[2] for row in names):
            unique.add(tuple(row[2] for row in names))
        if index[4] or None in (row[2] for row in names):  # NULL may be a value to its condition or expression
            sql = run(connection, f"SELECT sql FROM sqlite_master WHERE name = {literal(index[1])}").scalar_one()
            tied |= {row[1] for row in facts if row[1].lower() in {unquoted(one).lower() for one in tokens(sql)}}
    without_rowid = run(connection, f"SELECT wr FROM pragma_table_list({literal(name)}) WHERE schema = 'main'").scalar()
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
        if without_rowid
        else f"{{0}}.{row_id('sqlite', {row[1].lower() for row in facts})}",
        "sqlite",
    )


_KEYS = """
SELECT k.conrelid, k.confrelid, quote_ident(cn.nspname) || '.' || quote_ident(c.relname) AS child,
       quote_ident(pn.nspname) || '.' || quote_ident(p.relname) AS parent,
       pn.nspname = current_schema() AND p.relname IN {ours} AS managed,
       cn.nspname = current_schema() AND c.relname IN {ours} AS own, p.relname::text AS name,
       k.confmatchtype = 'f' AS full,
       quote_ident(k.conname) || ' of ' || CASE WHEN cn.nspname <> current_schema() THEN quote_ident(cn.nspname) || '.'
         ELSE '' END || quote_ident(c.relname) AS title,
       array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i) AS columns,
       array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i) AS parent_columns
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
  JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0
 ORDER BY 3, k.conname
"""
_COLUMNS = """
SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typcategory = 'S' AS text,
       a.attgenerated <> '' AS fixed,
       NOT (a.attnotnull OR t.typnotnull OR a.attgenerated <> '' OR EXISTS (
         SELECT 1 FROM pg_partitioned_table p
          WHERE p.partrelid = a.attrelid AND a.attnum = ANY (p.partattrs::smallint[])) OR EXISTS (
         SELECT 1 FROM pg_index i
          WHERE i.indrelid = a.attrelid AND i.indisunique
            AND (i.indnullsnotdistinct AND a.attnum = ANY (i.indkey::smallint[])
                 OR (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND EXISTS (
                   SELECT 1 FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
                      AND d.refobjsubid = a.attnum)))) AS loose
  FROM pg_attribute a
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""
_UNIQUE = """
SELECT i.indisprimary, array(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY u (n, p)
                               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n
                              WHERE u.p <= i.indnkeyatts ORDER BY u.p) AS columns
  FROM pg_index i
 WHERE i.indrelid = {table}::regclass AND i.indisunique AND i.indexprs IS NULL
 ORDER BY i.indexrelid
"""


def _keys_on_postgresql(connection: sa.Connection) -> list[Reference]:
    ours = f"({', '.join(map(literal, target.tables()))})"
    return [
        Reference(
            row.title,
            row.child,
            tuple(row.columns),
            row.name if row.managed else row.parent,
            tuple(row.parent_columns),
            row.managed,
            row.full,
        )
        for row in run(connection, _KEYS.format(ours=ours))
        if not row.own
    ]


def _table_on_postgresql(connection: sa.Connection, place: str) -> Table:
    named = literal(place)
    columns = [
        Column(row.name, row.type, row.loose, row.fixed, row.text)
        for row in run(connection, _COLUMNS.format(table=named))
    ]
    unique = run(connection, _UNIQUE.format(table=named)).all()
    checks = run(
        connection,
        f"SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = {named}::regclass "
        "AND contype = 'c' AND convalidated ORDER BY conname",
    ).scalars()
    title = run(
        connection,
        "SELECT CASE WHEN n.nspname <> current_schema() THEN n.nspname || '.' ELSE '' END || c.relname "
        f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = {named}::regclass",
    ).scalar_one()
    return Table(
        place,
        title,
        {column.name: column for column in columns},
        next((tuple(row.columns) for row in unique if row.indisprimary), ()),
        tuple(sorted({tuple(row.columns) for row in unique})),
        tuple(checks.all()),
        "({0}.tableoid::text || {0}.ctid::text)",
        "postgresql",
    )
