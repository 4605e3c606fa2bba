"""The kinds of dirt that an old database may hold, each as a question to a live one.

What a column means, and so what is dirt in it, the models say: a question is about the columns that bear the name of
one of ours. Columns that go by an old name are not looked at here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl import BigInt, ExactNumeric, Json, TextEnum, Timestamp
from cts_schema.models import Base
from tests.legacy.census import Values, census

_ABSORBED = {
    "migrations",
    "logs",
    "errors",
    "historical_data",
    "configuration_sets",
    "indications_optimal",
    "exchange_connections_new",
}
_CLOCK = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?"


class Found:
    """A database that questions are asked about: its census and its schema, read once."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.kind = connection.dialect.name
        self.tables: dict[str, Values] = census(connection)
        self.columns = {table: {column for column, _ in values} for table, values in self.tables.items()}

    def texts(self, *types: type[Any]) -> Iterator[str]:
        """Yield the values, NULL apart, of managed columns of these types, or of all columns of old CTS tables."""
        for table, values in self.tables.items():
            ours = Base.metadata.tables.get(table)
            for column, text in values:
                if text is None:
                    continue
                if not types:
                    if ours is not None or table in _ABSORBED:
                        yield text
                elif ours is not None and column in ours.columns and isinstance(ours.columns[column].type, types):
                    yield text

    def exists(self, query: str) -> bool:
        """Tell whether a query returns a row."""
        return self.connection.exec_driver_sql(query).first() is not None

    def repeated(self, table: str, *columns: str) -> bool:
        """Tell whether two rows agree in these columns, none of them NULL or empty."""
        if not self.columns.get(table, set()) >= set(columns):
            return False
        listed = ", ".join(columns)
        filled = " AND ".join(f"CAST({column} AS TEXT) <> ''" for column in columns)
        return self.exists(f"SELECT 1 FROM {table} WHERE {filled} GROUP BY {listed} HAVING count(*) > 1")

    def points_at_a_later(self, child: str, reference: str, parent: str, *key: str) -> bool:
        """Tell whether a row refers to a row before which there is one of the same key."""
        if reference not in self.columns.get(child, set()) or not self.columns.get(parent, set()) >= set(key):
            return False
        same = " AND ".join(f"earlier.{column} = later.{column}" for column in key)
        return self.exists(
            f"SELECT 1 FROM {child} c JOIN {parent} later ON later.id = c.{reference} "
            f"JOIN {parent} earlier ON earlier.id < later.id AND {same}"
        )

    def orphan(self, *, required: bool) -> bool:
        """Tell whether a row refers to a row that is not there, by a column that we require or do not."""
        for table in Base.metadata.sorted_tables:
            for key in table.foreign_keys:
                child, parent = key.parent, key.column
                there = child.name in self.columns.get(table.name, set()) and parent.table.name in self.columns
                if not there or child.nullable is required:
                    continue
                if self.exists(
                    f"SELECT 1 FROM {table.name} c WHERE c.{child.name} IS NOT NULL AND NOT EXISTS (SELECT 1 "
                    f"FROM {parent.table.name} p WHERE CAST(p.{parent.name} AS TEXT) = CAST(c.{child.name} AS TEXT))"
                ):
                    return True
        return False

    def sqlite_type(self, kind: str, *types: type[Any]) -> bool:
        """Tell whether a managed column of these types holds values of this storage class."""
        return any(
            self.exists(f"SELECT 1 FROM {table.name} WHERE typeof({column.name}) = '{kind}'")
            for table in Base.metadata.sorted_tables
            for column in table.columns
            if column.name in self.columns.get(table.name, set()) and isinstance(column.type, types)
        )


def _any(pattern: str, *types: type[Any]) -> Callable[[Found], bool]:
    wanted = re.compile(pattern, re.DOTALL)
    return lambda found: any(wanted.fullmatch(text) for text in found.texts(*types))


def _exists(query: str) -> Callable[[Found], bool]:
    return lambda found: found.exists(query)


def _is_json(text: str) -> bool:
    with suppress(ValueError):
        json.loads(text)
        return True
    return False


def _is_time(text: str) -> bool:
    with suppress(ValueError):
        datetime.fromisoformat(text)
        return True
    return False


def _unknown_word(found: Found) -> bool:
    for table in Base.metadata.sorted_tables:
        for column, text in found.tables.get(table.name, {}):
            type_ = table.columns[column].type if column in table.columns else None
            if isinstance(type_, TextEnum) and text and text not in type_.values:
                return True
    return False


def _required_null(found: Found) -> bool:
    return any(
        text is None and column in table.columns and not table.columns[column].nullable
        for table in Base.metadata.sorted_tables
        for column, text in found.tables.get(table.name, {})
    )


def _too_precise(found: Found) -> bool:
    for table in Base.metadata.sorted_tables:
        for column, text in found.tables.get(table.name, {}):
            type_ = table.columns[column].type if column in table.columns else None
            if isinstance(type_, ExactNumeric) and re.fullmatch(rf"-?\d+\.\d{{{type_.scale + 1},}}", text or ""):
                return True
    return False


def _unknown_column(found: Found) -> bool:
    # No runner ever made a column whose name must be quoted or is none of these.
    names = {name for table in found.columns.keys() & Base.metadata.tables.keys() for name in found.columns[table]}
    return bool(names & {"my note", "telegram_chat", "Order", "select", "group", "group by", "order", "table"})


_NUMBERS = (ExactNumeric, sa.Integer, BigInt, sa.Double)
_TABLE_OF = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = "

KINDS: dict[str, Callable[[Found], bool]] = {
    "empty text": _any(""),
    "no json": lambda found: any(not _is_json(text) for text in found.texts(Json)),
    "iso time with Z": _any(_CLOCK.replace("[T ]", "T") + "Z", Timestamp),
    "plain time": _any(_CLOCK, Timestamp),
    "date only": _any(r"\d{4}-\d\d-\d\d", Timestamp),
    "time with offset": _any(_CLOCK + r"[+-]\d\d:\d\d", Timestamp),
    "time with fraction": _any(r".*:\d\d\.\d+.*", Timestamp),
    "no time": lambda found: any(not _is_time(text) for text in found.texts(Timestamp)),
    "word for a switch": _any("true|false|yes|no|on", sa.Boolean),
    "switch of 2": _any("2", sa.Boolean),
    "null where we require a value": _required_null,
    "too precise": _too_precise,
    "huge": _any(r"-?123456789012\.1234.*|10{300}", ExactNumeric),
    "negative": _any(r"-\d.*", *_NUMBERS),
    "unknown word": _unknown_word,
    "unicode": _any(r".*[^\x00-\x7f].*"),
    "emoji": _any(r".*[\U0001f300-\U0001faff✅].*"),
    "quotes": _any(""".*['"].*['"].*"""),
    "percent": _any(".*%.*"),
    "backslash": _any(r".*\\.*"),
    "duplicate settings key": lambda found: found.repeated("system_settings", "key"),
    "duplicate user": lambda found: found.repeated("users", "email") or found.repeated("users", "username"),
    "duplicate per connection": lambda found: (
        found.repeated("volume_configuration", "connection_id") or found.repeated("trade_engine_state", "connection_id")
    ),
    "duplicate state": lambda found: (
        found.repeated("indication_states", "state_key")
        or found.repeated("indication_states", "connection_id", "symbol", "indication_type", "position_range")
    ),
    "child of a duplicate": lambda found: (
        found.points_at_a_later(
            "preset_active_configs", "test_result_id", "preset_test_results", "preset_id", "config_id"
        )
        or found.points_at_a_later("exchange_connections", "exchange_id", "exchanges", "name")
    ),
    "orphan, required": lambda found: found.orphan(required=True),
    "orphan, nullable": lambda found: found.orphan(required=False),
    "empty under a unique key": lambda found: any(
        (column, "") in found.tables.get("users", {}) for column in ("email", "api_key")
    ),
    "unknown column": _unknown_column,
    "unknown table": lambda found: "what_happened" in found.tables,
    "reserved name": lambda found: "select" in found.columns.get("order", set()),
    "quoted name": lambda found: 'my "quoted" table, 100%' in found.tables,
}
"""Kinds that either database may have."""

SQLITE_KINDS: dict[str, Callable[[Found], bool]] = {
    "number as text": lambda found: found.sqlite_type("text", *_NUMBERS),
    "blob in a text column": lambda found: found.sqlite_type("blob", sa.Text, Json, Timestamp),
    "wrong type": lambda found: found.sqlite_type("text", ExactNumeric) or found.sqlite_type("integer", Timestamp),
    "null key": lambda found: any(("id", None) in found.tables[table] for table in found.tables),
    "index on a moving expression": _exists(
        "SELECT 1 FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%datetime(''now''%'"
    ),
    "without rowid": _exists("SELECT 1 FROM sqlite_master WHERE type = 'table' AND sql LIKE '%WITHOUT ROWID'"),
    "generated column": _exists("SELECT 1 FROM sqlite_master WHERE type = 'table' AND sql LIKE '%GENERATED ALWAYS%'"),
    "text that is no utf-8": lambda found: (
        'my "quoted" table, 100%' in found.tables
        and found.exists(
            """SELECT 1 FROM "my ""quoted"" table, 100%" WHERE typeof("it's") = 'text' AND hex("it's") LIKE 'FF%'"""
        )
    ),
    "view over managed tables": _exists("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = 'my connections'"),
    "view over views": _exists("SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = 'names_of_errors'"),
    "trigger on a managed table": _exists(_TABLE_OF + "'tell me' AND tbl_name = 'exchange_connections'"),
    "trigger that mentions one": _exists(_TABLE_OF + "'order_to_log' AND sql LIKE '%UPDATE exchange_connections%'"),
    "foreign key of an unmanaged table": _exists(
        "SELECT 1 FROM pragma_foreign_key_list('notes_on_connections') WHERE \"table\" = 'exchange_connections'"
    ),
}
"""Kinds that only SQLite has, or that are asked for in its own way."""

_DEPENDENTS = """
SELECT 1 FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
 WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = 'exchange_connections'::regclass AND v.relkind = """
_TYPES = """
SELECT 1 FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND """
POSTGRESQL_KINDS: dict[str, Callable[[Found], bool]] = {
    "array column": _exists(_TYPES + "t.typcategory = 'A' AND c.relname <> 'many_types'"),
    "array of decimals": _exists(_TYPES + "t.typname = '_numeric'"),
    "infinite time": _any("-?infinity", Timestamp),
    "not a number": _any("NaN", ExactNumeric),
    "domain": _exists(_TYPES + "t.typtype = 'd'"),
    "enum": _exists(_TYPES + "t.typtype = 'e'"),
    "time without zone": _exists(_TYPES + "t.typname = 'timestamp'"),
    "own sequence": _exists(
        "SELECT 1 FROM pg_class s WHERE s.relkind = 'S' "
        "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = s.oid AND d.deptype IN ('a', 'i'))"
    ),
    "grant to another role": _exists(
        "SELECT 1 FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee "
        "WHERE c.oid = 'exchange_connections'::regclass AND r.rolname = 'cts_legacy_reader'"
    ),
    "grant on a column": _exists(
        "SELECT 1 FROM pg_attribute WHERE attrelid = 'exchange_connections'::regclass AND attacl IS NOT NULL"
    ),
    "comment": _exists("SELECT 1 FROM pg_description WHERE objoid = 'exchange_connections'::regclass"),
    "other schema": lambda found: "reports.daily" in found.tables,
    "view over managed tables": _exists(_DEPENDENTS + "'v'"),
    "materialized view": _exists(_DEPENDENTS + "'m'"),
    "trigger on a managed table": _exists(
        "SELECT 1 FROM pg_trigger WHERE tgname = 'tell me' AND tgrelid = 'exchange_connections'::regclass"
    ),
    "trigger that mentions one": _exists("SELECT 1 FROM pg_proc WHERE prosrc LIKE '%%UPDATE exchange_connections%%'"),
    "foreign key of an unmanaged table": _exists(
        "SELECT 1 FROM pg_constraint WHERE contype = 'f' AND conrelid IN "
        "(to_regclass('connection_notes'), to_regclass('preset_notes'))"
    ),
}
"""Kinds that only PostgreSQL has, or that are asked for in its own way."""


def kinds(connection: sa.Connection) -> set[str]:
    """Return the kinds of dirt that a database has."""
    found = Found(connection)
    own = SQLITE_KINDS if found.kind == "sqlite" else POSTGRESQL_KINDS
    return {kind for kind, has in {**KINDS, **own}.items() if has(found)}
