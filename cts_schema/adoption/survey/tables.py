"""What a database has, read from its own catalogue.

SQLAlchemy's reflection gives up on shapes that old databases have: unknown types, views over columns that are gone,
generated columns. Here a table is its name, its columns with the types they are declared with, its keys and how many
rows it has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from cts_schema.adoption import target
from cts_schema.adoption.convert import rules
from cts_schema.ddl.text import quote, run
from cts_schema.dialects.sqlite.catalogue import is_without_rowid


@dataclass(frozen=True)
class LegacyColumn:
    """A column: its name and its type, in small letters; on PostgreSQL the type under a domain, and no length."""

    name: str
    type: str

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return bool(_NUMBERS.search(self.type))


_NUMBERS = re.compile("int(?!erval)|serial|num|dec|real|floa|doub")


@dataclass(frozen=True)
class LegacyTable:
    """A table that may hold rows of ours.

    Attributes:
        name: its name as the database writes it.
        columns: its columns by name; on SQLite by the name in small letters, as it finds them.
        key: its primary key.
        unique: the sets of columns that no two rows agree in, the key too.
        rows: how many rows it has.
        has_rowid: whether SQLite numbers its rows.
        collates: whether SQLite compares texts of it in some other way than byte by byte, which ours does.
        owned: whether the user of the connection may change it.
        unreadable: why its rows cannot be read, if they cannot.
    """

    name: str
    columns: dict[str, LegacyColumn]
    key: tuple[str, ...]
    unique: frozenset[tuple[str, ...]]
    rows: int
    has_rowid: bool = True
    collates: bool = False
    owned: bool = True
    unreadable: str | None = None


@dataclass(frozen=True)
class Survey:
    """What an adoption has to deal with.

    Attributes:
        dialect: sqlite or postgresql.
        version: of the database, as (15, 4).
        tables: tables by our name that are managed or absorbed.
        unmanaged: the names of all others.
        ledgers: which runners have left a ledger, and how far each came, to be shown.
        taken: managed names that something else has, which is no table: a view, say.
        size: bytes that the database takes on disk.
    """

    dialect: str
    version: tuple[int, ...]
    tables: dict[str, LegacyTable]
    unmanaged: tuple[str, ...]
    ledgers: tuple[str, ...]
    taken: tuple[str, ...]
    size: int

    @property
    def managed(self) -> dict[str, LegacyTable]:
        """The tables that are moved aside."""
        return {name: table for name, table in self.tables.items() if name in target.tables()}


def survey(connection: sa.Connection, version_table: str) -> Survey:
    """Read what a database has. Counts the rows, so it takes a while where there are many.

    Args:
        connection: on PostgreSQL with the search path set; nothing is written.
        version_table: the name of our version table, which is neither old nor unmanaged.
    """
    read = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    return read(connection, version_table)


def _ours(name: str) -> bool:
    return name in target.tables() or name in rules.ABSORBED


def _sqlite(connection: sa.Connection, version_table: str) -> Survey:
    tables: dict[str, LegacyTable] = {}
    unmanaged, taken = [], []
    for kind, name in connection.exec_driver_sql(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' "
        "ORDER BY name"
    ).all():
        if kind == "table" and _ours(name.lower()):
            tables[name.lower()] = _sqlite_table(connection, name)
        elif kind == "table" and name != version_table:
            unmanaged.append(name)
        elif kind == "view" and name.lower() in target.tables():
            taken.append(f"view {name}")
    pages = connection.exec_driver_sql("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
    return Survey(
        dialect="sqlite",
        version=tuple(map(int, version.split("."))),
        tables=tables,
        unmanaged=tuple(unmanaged),
        ledgers=_ledgers(connection, tables),
        taken=tuple(taken),
        size=pages.scalar_one(),
    )


_VIRTUAL = 2  # what table_xinfo says of a column that is computed when it is read
#: What SQLite says where only an application has a function or a collation.
OF_APPLICATION = re.compile(r"(unknown|no such) function|no such collation|no query solution|unsafe use of")


def _sqlite_table(connection: sa.Connection, name: str) -> LegacyTable:
    quoted = quote(name)
    facts = [fact for fact in connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})").all() if fact.hidden != 1]
    columns = {fact.name.lower(): LegacyColumn(fact.name, fact.type.lower()) for fact in facts}
    key = tuple(fact.name.lower() for fact in sorted(facts, key=lambda fact: fact.pk) if fact.pk)
    unique = set()
    for index in connection.exec_driver_sql(f"PRAGMA index_list({quoted})").all():
        names = (
            connection.execute(sa.text("SELECT name FROM pragma_index_info(:name)"), {"name": index.name})
            .scalars()
            .all()
        )
        if index.unique and not index.partial and None not in names:
            unique.add(tuple(sorted(part.lower() for part in names)))
    if len(key) == 1 and columns[key[0]].type == "integer":
        unique.add(key)  # the rowid, which has no index
    rows, unreadable = _sqlite_rows(connection, name, [fact.name for fact in facts if fact.hidden == _VIRTUAL])
    made = connection.execute(
        sa.text("SELECT upper(sql) LIKE '%COLLATE%' FROM sqlite_master WHERE type = 'table' AND name = :name"),
        {"name": name},
    )
    return LegacyTable(
        name,
        columns,
        key,
        frozenset(unique),
        rows,
        has_rowid=not is_without_rowid(connection, name),
        collates=bool(made.scalar_one()),
        unreadable=unreadable,
    )


def _sqlite_rows(connection: sa.Connection, table: str, computed: Sequence[str]) -> tuple[int, str | None]:
    """Count the rows, and say why they cannot be read: a computed column may ask for a function of an application."""
    rows = 0
    for column in ("*", *map(quote, computed)):
        try:
            count = run(connection, f"SELECT count({column}) FROM {quote(table)}").scalar_one()
        except OperationalError as error:
            if not OF_APPLICATION.search(str(error.orig)):
                raise
            what = f"table {table}" if column == "*" else f"column {table}.{column}"
            return rows, (
                f"{what} cannot be read ({error.orig}): drop it, or adopt with a connection of the application that "
                "has this: upgrade(connection)"
            )
        rows = max(rows, count)
    return rows, None


_TABLES = """
SELECT c.oid, c.relname, c.relkind::text, pg_has_role(c.relowner, 'USAGE') AS owned
  FROM pg_class c
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND NOT c.relispartition
 ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname, a.attnum, CASE WHEN t.typtype = 'e' THEN 'enum' ELSE format_type(t.oid, NULL) END AS type
  FROM pg_attribute a
  JOIN pg_type d ON d.oid = a.atttypid
  JOIN pg_type t ON t.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END
 WHERE a.attrelid = :oid AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""
_KEYS = """
SELECT i.indisprimary, array(SELECT a.attname::text FROM unnest(i.indkey) k JOIN pg_attribute a
                              ON a.attrelid = i.indrelid AND a.attnum = k) AS columns
  FROM pg_index i
 WHERE i.indrelid = :oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
   AND i.indnatts = i.indnkeyatts
"""


def _postgresql(connection: sa.Connection, version_table: str) -> Survey:
    tables: dict[str, LegacyTable] = {}
    unmanaged, taken = [], []
    for oid, name, kind, owned in connection.exec_driver_sql(_TABLES).all():
        if kind != "r":
            if name in target.tables():
                taken.append(f"{ {'p': 'partitioned table', 'f': 'foreign table'}.get(kind, 'view') } {name}")
        elif _ours(name):
            if connection.execute(sa.text("SELECT 1 FROM pg_inherits WHERE inhparent = :oid"), {"oid": oid}).first():
                taken.append(f"table {name}, which has child tables,")
            found = connection.execute(sa.text(_COLUMNS), {"oid": oid}).all()
            keys = [(row[0], tuple(row[1])) for row in connection.execute(sa.text(_KEYS), {"oid": oid})]
            tables[name] = LegacyTable(
                name=name,
                columns={column.attname: LegacyColumn(column.attname, column.type) for column in found},
                key=next((columns for primary, columns in keys if primary), ()),
                unique=frozenset(tuple(sorted(columns)) for _, columns in keys),
                rows=run(connection, f"SELECT count(*) FROM {quote(name)}").scalar_one() if owned else 0,
                owned=owned,
            )
        elif name != version_table:
            unmanaged.append(name)
    size = connection.exec_driver_sql(
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = quote_ident(current_schema())::regnamespace"
    ).scalar_one()
    return Survey(
        dialect="postgresql",
        version=tuple(int(part) for part in connection.dialect.server_version_info or ()),
        tables=tables,
        unmanaged=tuple(unmanaged),
        ledgers=_ledgers(connection, tables),
        taken=tuple(taken),
        size=size,
    )


def _ledgers(connection: sa.Connection, tables: dict[str, LegacyTable]) -> tuple[str, ...]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, runner, last in (
        ("schema_migrations", "array", "migration_id"),
        ("schema_migrations", "route", "version"),
        ("migrations", "names", "name"),
    ):
        table = tables.get(name)
        column = None if table is None else table.columns.get(last)
        if table is not None and table.owned and table.rows and column is not None:
            # Of another type PostgreSQL may have no maximum, and Python no such value.
            if connection.dialect.name == "sqlite":
                newest = f"CAST(max({quote(column.name)}) AS BLOB)"
            elif column.type in ("integer", "bigint", "text", "character varying"):
                newest = f"convert_to(max({quote(column.name)})::text, 'UTF8')"
            else:
                continue
            there = run(connection, f"SELECT {newest} FROM {quote(table.name)}").scalar()
            if there is not None:
                found[name].append(f"{runner} up to {there.decode(errors='replace')}")
        elif table is not None and not table.rows:
            found[name] = ["empty"]
    return tuple(f"{name} ({', '.join(about)})" for name, about in found.items())
