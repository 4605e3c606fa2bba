"""Dirty rows in every table of a database as it is at any revision, and a snapshot of all of them.

Which tables and columns there are is read from the live database; what a column means, and so which values are hard for
it, the models say. A column has meant the same since the revision that brought it.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl import BigInt, ExactNumeric, Json, TextEnum, Timestamp
from cts_schema.migration import run_log
from cts_schema.models import Base

ROWS = 4
"""Rows that :func:`fill` adds to each table."""

TEXTS = (
    "",
    " spaces \t\n",
    'O\'Brien "quoted" `back` [brackets]',
    "100% :name %(name)s $1 ? {x}",
    "C:\\path\\n \\\\",
    "Zürich 東京 🚀 \u202e",
    "NULL",
    "-- ; DROP TABLE users; /* */",
)
JSONS = (
    "{}",
    "[]",
    "null",
    '""',
    "5",
    "-1.50",
    '{"a": {"b": [1, 2.5, null, true]}, "ü": "\\u00e9 \\\\ \\" %s :x"}',
    '["O\'Brien", "", {"": 0}]',
)
TIMES = {
    "sqlite": (
        "2026-01-03 12:34:56",
        "2026-01-03 12:34:56.789012",
        "2026-01-03T12:34:56.789Z",
        "1970-01-01 00:00:00",
        "2026-01-03T12:34:56Z",
    ),
    "postgresql": (
        "2026-01-03 12:34:56+00",
        "2026-01-03 12:34:56.789012+00",
        "2026-01-03T12:34:56.789Z",
        "1969-12-31 23:59:59.999999+00",
        "9999-12-31 23:59:59+02",
    ),
}
INTEGERS = (0, -1, 2147483647, -2147483648)
DOUBLES = (0.1, -1.5e300, 5e-324, 0.0)
# Conditions beyond the types, by (table, column).
SPECIAL: dict[tuple[str, str], tuple[Any, ...]] = {
    ("optimal_indications", "phase"): (1, 2, 3),
    ("volume_configuration", "base_volume_factor"): ("0.0001", "999999.9999"),
    # Rows of ours go with a downgrade to the base; these stand for what the old application wrote.
    ("schema_migrations", "source"): ("array", "route", "migrations_table"),
}
RENAMED = {("exchange_connections", "indication_active_advanced"): "indication_auto"}
NEVER_NULL = {("market_data", "connection_id"), ("schema_migrations", "version")}


def managed(engine: sa.Engine) -> dict[str, list[str]]:
    """Return the columns of each managed table of the live database, parents first."""
    if engine.dialect.name == "sqlite":
        query = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
    else:
        query = (
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r' AND pg_table_is_visible(c.oid) "
            "ORDER BY c.relname, a.attnum"
        )
    columns = defaultdict(list)
    with engine.connect() as connection:
        for table, column in connection.exec_driver_sql(query):
            columns[table].append(column)
    return {table.name: columns[table.name] for table in Base.metadata.sorted_tables if table.name in columns}


def fill(engine: sa.Engine, tag: str = "row", rows: int = ROWS) -> None:
    """Add ``rows`` rows to every managed table.

    Args:
        engine: the database, at any revision.
        tag: begins what must be unique, so that a database can be filled more than once.
        rows: how many.
    """
    with engine.begin() as connection:
        for table, columns in managed(engine).items():
            model = Base.metadata.tables[table]
            for number in range(rows):
                _insert(connection, model, dict(_values(connection.dialect.name, model, columns, number, tag)))


def snapshot(engine: sa.Engine) -> dict[str, list[tuple[tuple[str, Any], ...]]]:
    """Return all rows of the managed tables by table: every column with its exact value, whatever the order.

    Of the ledger and the log only rows that the migration did not write: those carry the time of the run.
    """
    found = {}
    with engine.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        for table, names in managed(engine).items():
            columns = sorted(names)
            if connection.dialect.name == "sqlite":
                values = [f"typeof({quote(name)}) || ' ' || quote({quote(name)})" for name in columns]
            else:
                values = [f"CAST({quote(name)} AS text)" for name in columns]
            where = {"schema_migrations": "source <> 'alembic'", run_log.TABLE: run_log.OTHER_ROWS}.get(table, "true")
            query = f"SELECT {', '.join(values)} FROM {quote(table)} WHERE {where}"
            rows = connection.execute(sa.text(query.replace(":", r"\:")))
            found[table] = sorted((tuple(zip(columns, row, strict=True)) for row in rows), key=repr)
    return found


def _values(dialect: str, table: sa.Table, columns: list[str], number: int, tag: str) -> Iterator[tuple[str, Any]]:
    mark = f"{tag}-{number}"
    distinct = _distinct_texts(table)
    keyed_times = {name for names in _unique(table) for name in names}
    for position, name in enumerate(columns):
        choice = number + position
        column = table.columns[RENAMED.get((table.name, name), name)]
        type_ = column.type
        if isinstance(type_, BigInt) and column.primary_key:
            continue  # the database counts
        if (
            column.nullable
            and choice % 3 == 0
            and name not in distinct
            and not column.primary_key
            and (table.name, name) not in NEVER_NULL
        ):
            yield name, None
        elif column.foreign_keys:
            parent = next(iter(column.foreign_keys)).column.table.name
            # A row refers to itself, or to one before it.
            yield name, f"{tag}-{number // 2 if parent == table.name else number}"
        elif (table.name, name) in SPECIAL:
            values = SPECIAL[table.name, name]
            yield name, _number(dialect, values[number % len(values)])
        elif name in distinct:
            yield name, mark if column.primary_key else f"{mark} {TEXTS[choice % len(TEXTS)]}"
        elif name == "migration_id":
            yield name, 1000 + zlib.crc32(mark.encode()) % 10**9  # far from the numbers of the line
        elif isinstance(type_, Timestamp):
            times = TIMES[dialect]
            yield name, times[number % len(times)] if name in keyed_times else times[choice % len(times)]
        else:
            yield name, _value(dialect, type_, choice)


def _value(dialect: str, type_: Any, choice: int) -> Any:
    if isinstance(type_, sa.Boolean):
        return choice % 2 if dialect == "sqlite" else bool(choice % 2)
    if isinstance(type_, TextEnum):
        words = [word for word in type_.values if word != "active_advanced"]
        return words[choice % len(words)]
    if isinstance(type_, Json):
        return JSONS[choice % len(JSONS)]
    if isinstance(type_, ExactNumeric):
        # SQLite holds 15 significant digits exactly.
        digits = min(type_.precision, 15) if dialect == "sqlite" else type_.precision
        fraction = min(type_.scale, digits - 1)
        largest = "9" * (digits - fraction) + "." + "9" * fraction
        smallest = "0." + "0" * (type_.scale - 1) + "1"
        return _number(dialect, ("0", largest, f"-{largest}", smallest, f"-{smallest}", "1.10")[choice % 6])
    if isinstance(type_, BigInt):
        return (0, 9223372036854775807, -9223372036854775808)[choice % 3]
    if isinstance(type_, sa.Double):
        return DOUBLES[choice % len(DOUBLES)]
    if isinstance(type_, sa.Integer):
        return INTEGERS[choice % len(INTEGERS)]
    return TEXTS[choice % len(TEXTS)]


def _number(dialect: str, value: Any) -> Any:
    return float(value) if dialect == "sqlite" and isinstance(value, str) and value[-1].isdigit() else value


def _unique(table: sa.Table) -> Iterator[list[str]]:
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint):
            yield [column.name for column in constraint.columns]


def _distinct_texts(table: sa.Table) -> set[str]:
    """Return the columns of unique keys that are free text: what keeps the rows apart."""
    return {
        name
        for names in _unique(table)
        for name in names
        if type(table.columns[name].type) is sa.Text and not table.columns[name].foreign_keys
    }


def _insert(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    bound = {f"v{position}": value for position, value in enumerate(values.values())}
    if connection.dialect.name == "sqlite":
        given = [f":{name}" for name in bound]
    else:
        types = [
            table.columns[RENAMED.get((table.name, name), name)].type.compile(connection.dialect) for name in values
        ]
        given = [f"CAST(:{name} AS {type_})" for name, type_ in zip(bound, types, strict=True)]
    names = ", ".join(map(quote, values))
    connection.execute(sa.text(f"INSERT INTO {quote(table.name)} ({names}) VALUES ({', '.join(given)})"), bound)
