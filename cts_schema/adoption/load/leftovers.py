"""Where values and rows go that have no place: adoption_leftovers, written set by set.

What is special about a row is noted first, in a temporary table of :data:`EXCEPTIONS`:

    value    an old value that does not go where its column goes; the load finds that by itself
    column   one of our columns that must not get its value, though it could be converted
    key      one of our columns that gets another value instead
    row      the whole row stays out
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Protocol

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption.convert import postgresql as casts_postgresql
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.ddl.text import balanced, literal, quote, run

EXCEPTIONS = "cts_adoption_exceptions"
#: Old keys of rows that were repeated, and the key of the row that stands for them.
SURVIVORS = "cts_adoption_survivors"

REFUSED = f"SELECT x.source_row FROM {EXCEPTIONS} x WHERE x.kind = 'row'"


class Spelling(Protocol):
    """How values are told: by which database."""

    @property
    def dialect(self) -> str:
        """Its name: sqlite or postgresql."""

    @property
    def version(self) -> tuple[int, ...]:
        """The version of the database."""


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
        exceptions: whether anything was noted about its rows.
        unknown: whether it has values in columns without a counterpart.
    """
    written = 0
    last = run(connection, "SELECT max(id) FROM adoption_leftovers").scalar() or 0
    if exceptions:
        written += _write_values(connection, conversion)
        written += _write_rows(connection, conversion)
    if unknown:
        written += _write_unknown(connection, conversion, exceptions)
    if written and conversion.dialect == "sqlite":
        make_readable(connection, last)
    return written


def write_definition(connection: sa.Connection, refusal: Refusal, definition: str) -> None:
    """Keep how a view or trigger was made that could not be carried over."""
    payload = json.dumps({"reason": refusal.reason, "definition": definition}, ensure_ascii=False)
    run(
        connection,
        "INSERT INTO adoption_leftovers (table_name, row_key, reason, payload) "
        f"SELECT {literal(refusal.kind)}, {literal(refusal.name)}, 'no_column', "
        + dialects.of(connection).loading.text_as_json(literal(payload)),
    )


def refused(connection: sa.Connection) -> int:
    """Return how many rows of the source stay out."""
    return int(run(connection, f"SELECT count(DISTINCT source_row) FROM {EXCEPTIONS} WHERE kind = 'row'").scalar_one())


def _insert(conversion: Conversion) -> str:
    return (
        "INSERT INTO adoption_leftovers (table_name, row_key, reason, payload) "
        f"SELECT {literal(conversion.source.old.name)}, "
    )


def _write_values(connection: sa.Connection, conversion: Conversion) -> int:
    olds = (
        run(connection, f"SELECT DISTINCT old FROM {EXCEPTIONS} WHERE kind <> 'row' AND old IS NOT NULL")
        .scalars()
        .all()
    )
    if not olds:
        return 0
    columns = {column.name: column for column in conversion.source.old.columns.values()}
    values = " ".join(f"WHEN {literal(old)} THEN {value_as_json(conversion, columns[old])}" for old in olds)
    payload = dialects.named(conversion.dialect).loading.collected("e.old", f"CASE e.old {values} END")
    return run(
        connection,
        f"{_insert(conversion)} min({conversion.row_key()}), e.reason, {payload} "
        f"FROM {EXCEPTIONS} e JOIN {conversion.place} o ON o.{conversion.row_id} = e.source_row "
        f"WHERE e.kind <> 'row' AND e.old IS NOT NULL GROUP BY e.source_row, e.reason",
    ).rowcount


def _write_rows(connection: sa.Connection, conversion: Conversion) -> int:
    columns = conversion.source.old.columns.values()
    return run(
        connection,
        f"{_insert(conversion)} {conversion.row_key()}, e.reason, {row_as_json(conversion, columns)} "
        f"FROM (SELECT source_row, min(reason) AS reason FROM {EXCEPTIONS} WHERE kind = 'row' GROUP BY source_row) e "
        f"JOIN {conversion.place} o ON o.{conversion.row_id} = e.source_row",
    ).rowcount


def _write_unknown(connection: sa.Connection, conversion: Conversion, exceptions: bool) -> int:
    columns = conversion.source.unknown
    filled = balanced([f"o.{quote(column.name)} IS NOT NULL" for column in columns], "OR")
    stays = f" AND o.{conversion.row_id} NOT IN ({REFUSED})" if exceptions else ""
    return run(
        connection,
        f"{_insert(conversion)} {conversion.row_key()}, 'no_column', {row_as_json(conversion, columns)} "
        f"FROM {conversion.place} o WHERE ({filled}){stays}",
    ).rowcount


def make_readable(connection: sa.Connection, last: int) -> None:
    """Tell texts that are not UTF-8, which SQLite takes and no program reads, by their bytes, as blobs are told."""
    if run(connection, "PRAGMA encoding").scalar() != "UTF-8":  # SQLite has converted all texts then
        return
    odd = "'*[^ -~]*'"  # whatever is not plain ASCII; GLOB sees nothing behind a NUL, which JSON escapes
    rows = run(
        connection,
        "SELECT id, CAST(row_key AS BLOB), CAST(payload AS BLOB) FROM adoption_leftovers "
        f"WHERE id > {last} AND (row_key GLOB {odd} OR instr(row_key, char(0)) OR payload GLOB {odd})",
    )
    mended = []
    for id_, key, payload in rows:
        if not (_is_readable(payload) and (key is None or _is_readable(key))):
            said = None if key is None else (key.decode() if _is_readable(key) else f"x'{key.hex()}'")
            mended.append((said, _STRING.sub(_readable, payload).decode(), id_))
    if mended:
        connection.exec_driver_sql("UPDATE adoption_leftovers SET row_key = ?, payload = ? WHERE id = ?", mended)


_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _readable(string: re.Match[bytes]) -> bytes:
    if _is_readable(string[0]):
        return string[0]
    text: str = json.loads(string[0].decode(errors="surrogateescape"), strict=False)
    return json.dumps(f"x'{text.encode(errors='surrogateescape').hex()}'").encode()


def _is_readable(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def value_as_json(conversion: Spelling, column: LegacyColumn) -> str:
    """Return a value as JSON."""
    value = f"o.{quote(column.name)}"
    if column.type == "json" and conversion.dialect == "postgresql":
        return casts_postgresql.as_jsonb(value, conversion.version)
    if column.type in ("double precision", "real") and conversion.dialect == "postgresql":
        # jsonb has no -0
        return f"CASE {value}::text WHEN '-0' THEN to_jsonb({value}::text) ELSE to_jsonb({value}) END"
    return dialects.named(conversion.dialect).sql.as_json(value)


def row_as_json(conversion: Spelling, columns: Iterable[LegacyColumn]) -> str:
    """Return a JSON object of the values that there are; put together as text, since functions take few arguments."""
    loading = dialects.named(conversion.dialect).loading
    parts = []
    for column in columns:
        name = f"o.{quote(column.name)}"
        key = literal("," + json.dumps(column.name, ensure_ascii=False) + ":")
        value = loading.json_as_text(f"({value_as_json(conversion, column)})")
        parts.append(f"CASE WHEN {name} IS NULL THEN '' ELSE {key} || {value} END")
    whole = f"'{{' || substr({balanced(parts, '||')}, 2) || '}}'"
    return loading.text_as_json(whole)
