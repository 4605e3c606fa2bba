"""Where values and rows go that have no place: adoption_leftovers, written set by set.

What is special about a row is recorded first, in a temporary table of :data:`EXCEPTIONS`:

    value    an old value that does not go where its column goes; the load finds that by itself
    column   one of our columns that must not get its value, though it could be converted
    key      one of our columns that gets another value instead
    row      the whole row stays out
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.engine import Engine
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.ddl.text import balanced, literal, quote, run

EXCEPTIONS = "cts_adoption_exceptions"
#: Old keys of rows that were repeated, and the key of the row that stands for them.
SURVIVORS = "cts_adoption_survivors"

REFUSED = f"SELECT x.source_row FROM {EXCEPTIONS} x WHERE x.kind = 'row'"


def prepare(connection: sa.Connection) -> None:
    """Create the temporary tables."""
    loading = dialects.of(connection).loading
    row, end = loading.ROW, loading.TEMPORARY_END
    run(
        connection,
        f"CREATE TEMP TABLE {EXCEPTIONS} (source_row {row}, kind TEXT, target TEXT, old TEXT, reason TEXT, "
        f"survivor {row}, value TEXT){end}",
    )
    run(connection, f"CREATE INDEX {EXCEPTIONS}_row ON {EXCEPTIONS} (source_row)")
    run(connection, f"CREATE TEMP TABLE {SURVIVORS} (table_name TEXT, old_id TEXT, new_id TEXT){end}")


def dispose(connection: sa.Connection) -> None:
    """Drop the temporary tables, where the transaction does not end at once."""
    run(connection, f"DROP TABLE {EXCEPTIONS}")
    run(connection, f"DROP TABLE {SURVIVORS}")


def write(connection: sa.Connection, conversion: Conversion, *, exceptions: bool, unknown: bool) -> int:
    """Write what a source leaves over; return how many leftovers that are.

    Args:
        connection: the database.
        conversion: the source.
        exceptions: whether anything was recorded about its rows.
        unknown: whether it has values in columns without a counterpart.
    """
    written = 0
    last = run(connection, "SELECT max(id) FROM adoption_leftovers").scalar() or 0
    if exceptions:
        written += _write_values(connection, conversion)
        written += _write_rows(connection, conversion)
    if unknown:
        written += _write_unknown(connection, conversion, exceptions)
    if written:
        conversion.engine.load.make_readable(connection, last)
    return written


def write_definition(connection: sa.Connection, refusal: Refusal, definition: str) -> None:
    """Keep how a view or trigger was made that could not be carried over."""
    payload = json.dumps({"reason": refusal.reason, "definition": definition}, ensure_ascii=False)
    as_json = dialects.of(connection).loading.text_as_json(literal(payload))
    insert(connection, refusal.kind, f"{literal(refusal.name)}, 'no_column', {as_json}")


def refused(connection: sa.Connection) -> int:
    """Return how many rows of the source stay out."""
    return int(run(connection, f"SELECT count(DISTINCT source_row) FROM {EXCEPTIONS} WHERE kind = 'row'").scalar_one())


def insert(connection: sa.Connection, table: str, select: str) -> int:
    """Write leftovers of a table; return how many. The query goes on with row_key, reason and payload."""
    into = "INSERT INTO adoption_leftovers (table_name, row_key, reason, payload)"
    return run(connection, f"{into} SELECT {literal(table)}, {select}").rowcount


def _write_values(connection: sa.Connection, conversion: Conversion) -> int:
    query = f"SELECT DISTINCT old FROM {EXCEPTIONS} WHERE kind <> 'row' AND old IS NOT NULL"
    olds = run(connection, query).scalars().all()
    if not olds:
        return 0
    columns = {column.name: column for column in conversion.source.old.columns.values()}
    payload = values_as_json(conversion.engine, [columns[old] for old in olds], "e.old")
    return insert(
        connection,
        conversion.source.old.name,
        f"min({conversion.row_key()}), e.reason, {payload} "
        f"FROM {EXCEPTIONS} e JOIN {conversion.place} o ON o.{conversion.row_id} = e.source_row "
        f"WHERE e.kind <> 'row' AND e.old IS NOT NULL GROUP BY e.source_row, e.reason",
    )


def _write_rows(connection: sa.Connection, conversion: Conversion) -> int:
    columns = conversion.source.old.columns.values()
    return insert(
        connection,
        conversion.source.old.name,
        f"{conversion.row_key()}, e.reason, {row_as_json(conversion.engine, columns)} "
        f"FROM (SELECT source_row, min(reason) AS reason FROM {EXCEPTIONS} WHERE kind = 'row' GROUP BY source_row) e "
        f"JOIN {conversion.place} o ON o.{conversion.row_id} = e.source_row",
    )


def _write_unknown(connection: sa.Connection, conversion: Conversion, exceptions: bool) -> int:
    columns = conversion.source.unknown
    filled = balanced([f"o.{quote(column.name)} IS NOT NULL" for column in columns], "OR")
    stays = f" AND o.{conversion.row_id} NOT IN ({REFUSED})" if exceptions else ""
    return insert(
        connection,
        conversion.source.old.name,
        f"{conversion.row_key()}, 'no_column', {row_as_json(conversion.engine, columns)} "
        f"FROM {conversion.place} o WHERE ({filled}){stays}",
    )


def row_as_json(engine: Engine, columns: Iterable[LegacyColumn]) -> str:
    """Return a JSON object of the values that there are; put together as text, since functions take few arguments."""
    parts = []
    for column in columns:
        name = f"o.{quote(column.name)}"
        key = literal("," + json.dumps(column.name, ensure_ascii=False) + ":")
        value = engine.loading.json_as_text(f"({engine.convert.as_json(column, name, engine.version)})")
        parts.append(f"CASE WHEN {name} IS NULL THEN '' ELSE {key} || {value} END")
    return engine.loading.text_as_json(f"'{{' || substr({balanced(parts, '||')}, 2) || '}}'")


def values_as_json(engine: Engine, columns: Iterable[LegacyColumn], name: str) -> str:
    """Return a JSON object of the values of a group of rows, each of the column that ``name`` gives."""
    values = " ".join(
        f"WHEN {literal(column.name)} THEN {engine.convert.as_json(column, f'o.{quote(column.name)}', engine.version)}"
        for column in columns
    )
    return engine.loading.collected(name, f"CASE {name} {values} END")
