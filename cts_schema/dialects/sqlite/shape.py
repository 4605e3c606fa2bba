"""The schema of a SQLite file as plain values that can be compared."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.checks import sqlite_checks
from cts_schema.ddl.in_memory import in_memory
from cts_schema.ddl.text import quote
from cts_schema.dialects.facts import Fingerprint, Item


def fingerprint(connection: sa.Connection) -> Fingerprint:
    """Return everything in the file, including unmanaged tables."""
    found: Fingerprint = {}
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type = 'trigger'"
    ).all()
    # A trigger spells the name of its table as in its definition.
    tables = {name.lower(): name for kind, name, *_ in rows if kind in ("table", "view")}
    for kind, name, table, sql in rows:
        if kind == "table" and not name.startswith("sqlite_"):
            found[f"table {name}"] = _table(connection, name, sql)
        elif kind == "view":
            found[f"view {name}"] = {"sql": _squeezed(sql)}
        elif kind == "trigger":
            found.setdefault(f"table {tables.get(table.lower(), table)}", {})[f"trigger {name}"] = _squeezed(sql)
    return found


def _table(connection: sa.Connection, table: str, sql: str) -> dict[str, Any]:
    quoted = quote(table)
    found: dict[str, Any] = {}
    for column in connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})"):
        _, name, type_, notnull, default, key, hidden = column
        found[f"column {name}"] = (type_, bool(notnull), _without_parentheses(default), key, hidden)
    keys = defaultdict(list)
    for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})"):
        keys[row.id].append((row[3], row[4], row[2], row[5], row[6], row[7]))
    found["foreign keys"] = sorted(
        (tuple(sorted(parts)) for parts in keys.values()),
        # Without a column of the parent it means the primary key.
        key=lambda key: [[part or "" for part in parts] for parts in key],
    )
    for name, condition in sqlite_checks(connection, table).items():
        found[f"check {name}"] = _squeezed(condition)
    uniques = []
    for row in connection.exec_driver_sql(f"PRAGMA index_list({quoted})").all():
        _, name, unique, origin, partial = row
        columns = tuple(
            (part[2], bool(part[3]), part[4])
            for part in connection.execute(sa.text("SELECT * FROM pragma_index_xinfo(:name)"), {"name": name})
            if part[5]  # a column of the key, and not the rowid behind it
        )
        if origin == "c":
            text = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar_one()
            found[f"index {name}"] = (bool(unique), columns, bool(partial), _squeezed(text))
        else:
            uniques.append((origin, columns))
    found["unique"] = sorted(uniques)
    code = re.sub(r"'(?:[^']|'')*'", "''", sql)
    found["names"] = sorted(name.replace('"', "") for name in re.findall(r'(?i)\bconstraint\s+("[^"]+"|\w+)', code))
    clauses = r"(?i)\b(autoincrement|without\s+rowid|strict$|collate\s+\w+|on\s+conflict\s+\w+|(?:not\s+)?deferrable)"
    found["clauses"] = sorted(clause.upper() for clause in re.findall(clauses, code))
    return found


@cache
def expected(metadata: sa.MetaData) -> Fingerprint:
    """Return the fingerprint of a schema that has the tables of metadata: it is made in memory."""
    with in_memory() as connection:
        metadata.create_all(connection)
        return fingerprint(connection)


def worded(connection: sa.Connection, wanted: Fingerprint, there: Fingerprint) -> Fingerprint:
    """Return what is wanted: SQLite keeps the words of a statement."""
    return wanted


def items(facts: Mapping[str, Any]) -> dict[Item, Any]:
    """Return the parts of a table by kind and name, from its fingerprint."""
    found: dict[Item, Any] = {Item("rest", ""): [*facts["names"], *facts["clauses"]]}
    for what, about in facts.items():
        kind, _, name = what.partition(" ")
        if kind in ("column", "check", "index", "trigger"):
            found[Item(kind, name)] = about
    for parts in facts["foreign keys"]:
        found[Item("foreign-key", ", ".join(part[0] for part in parts))] = parts
    for origin, columns in facts["unique"]:
        kind = "primary-key" if origin == "pk" else "unique"
        found[Item(kind, ", ".join(str(column[0]) for column in columns))] = columns
    return found


def differs_in_validity(wanted: Any, there: Any) -> bool:
    """Return False: SQLite builds an index completely or not at all."""
    return False


def _squeezed(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip().replace('"', "")


def _without_parentheses(default: str | None) -> str | None:
    """Return a default without the parentheses that a rebuild adds: DEFAULT (CURRENT_TIMESTAMP)."""
    while default is not None and default.startswith("(") and default.endswith(")"):
        default = default[1:-1].strip()
    return default
