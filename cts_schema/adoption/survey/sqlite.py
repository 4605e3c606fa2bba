"""What a SQLite file has, read from its own catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from cts_schema.adoption import target
from cts_schema.adoption.survey.tables import LegacyColumn, LegacyTable, Survey, is_ours, ledgers
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.sqlite.catalogue import is_without_rowid


def survey(connection: sa.Connection, version_table: str) -> Survey:
    """Read what a file has."""
    tables: dict[str, LegacyTable] = {}
    unmanaged, taken = [], []
    for kind, name in connection.exec_driver_sql(
        "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).all():
        if kind == "table" and is_ours(name.lower()):
            tables[name.lower()] = _table(connection, name)
        elif kind == "table" and name != version_table:
            unmanaged.append(name)
        elif kind == "view" and name.lower() in target.tables():
            taken.append(f"view {name}")
    pages = connection.exec_driver_sql("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    return Survey(
        schema="main",
        tables=tables,
        unmanaged=tuple(unmanaged),
        ledgers=ledgers(tables, partial(_newest, connection)),
        taken=tuple(taken),
        size=pages.scalar_one(),
    )


_VIRTUAL = 2  # what table_xinfo says of a column that is computed when it is read
#: What SQLite says where only an application has a function or a collation.
OF_APPLICATION = re.compile(r"(unknown|no such) function|no such collation|no query solution|unsafe use of")


def _table(connection: sa.Connection, name: str) -> LegacyTable:
    quoted = quote(name)
    facts = [fact for fact in connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})").all() if fact.hidden != 1]
    columns = {fact.name.lower(): LegacyColumn(fact.name, fact.type.lower()) for fact in facts}
    key = tuple(fact.name.lower() for fact in sorted(facts, key=lambda fact: fact.pk) if fact.pk)
    unique = set()
    for index in connection.exec_driver_sql(f"PRAGMA index_list({quoted})").all():
        names = run(connection, f"SELECT name FROM pragma_index_info({literal(index.name)})").scalars().all()
        if index.unique and not index.partial and None not in names:
            unique.add(tuple(sorted(part.lower() for part in names)))
    if len(key) == 1 and columns[key[0]].type == "integer":
        unique.add(key)  # the rowid, which has no index
    rows, unreadable = _rows(connection, name, [fact.name for fact in facts if fact.hidden == _VIRTUAL])
    if columns.keys() >= {"rowid", "_rowid_", "oid"}:
        unreadable = f"table {name} has columns called rowid, _rowid_ and oid, by which its rows are found: rename one"
    of = f"type = 'table' AND name = {literal(name)}"
    collates = run(connection, f"SELECT upper(sql) LIKE '%COLLATE%' FROM sqlite_master WHERE {of}").scalar_one()
    return LegacyTable(
        name,
        columns,
        key,
        frozenset(unique),
        rows,
        has_rowid=not is_without_rowid(connection, name),
        collates=bool(collates),
        unreadable=unreadable,
    )


def _rows(connection: sa.Connection, table: str, computed: Sequence[str]) -> tuple[int, str | None]:
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


def _newest(connection: sa.Connection, table: LegacyTable, column: LegacyColumn) -> bytes | None:
    newest = f"SELECT CAST(max({quote(column.name)}) AS BLOB) FROM {quote(table.name)}"
    found: bytes | None = run(connection, newest).scalar()
    return found
