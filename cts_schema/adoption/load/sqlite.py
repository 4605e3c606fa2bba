"""The load on SQLite, which finds a row by its number at once: each is compared with the one that it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.load.row_exceptions import RowExceptions
from cts_schema.ddl.text import quote, run
from cts_schema.exceptions import AdoptionFailed

_HIGHEST_ROWID = 2**63 - 1


class Comparison:
    """Compares the rows of each source with ours, value by value."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._shift: int | None = None

    def numbers(self, conversion: Conversion) -> Mapping[str, str]:
        """Return which number a row of ours gets, by which the two are compared: that of the old one, shifted."""
        self._shift = None
        if conversion.source.table.counted:
            return {}
        ours, row = quote(conversion.source.table.name), conversion.row_id
        highest = run(self._connection, f"SELECT max(rowid) FROM {ours}").scalar()
        first, last = run(self._connection, f"SELECT min({row}), max({row}) FROM {conversion.place}").one()
        shift = 0 if highest is None or first is None else max(0, highest - first + 1)
        if last is not None and last + shift > _HIGHEST_ROWID:
            return {}
        self._shift = shift
        return {"rowid": f"o.{row} + {shift}"}

    def add(self, rows: RowExceptions, finals: Mapping[str, str], loaded: int) -> None:
        """Compare the rows of a source, all of which are loaded.

        Raises:
            AdoptionFailed: a value differs, or a row is missing.
        """
        key = rows.table.key[0]
        if self._shift is not None:
            self._compare(rows, finals, f"t.rowid = {rows.row} + {self._shift}", loaded)
        elif key in finals:  # numbers that the database gave cannot be known beforehand, and pair with nothing
            given = loaded if key not in rows.findings.dirty | rows.findings.defaulted else None
            self._compare(rows, finals, f"t.{quote(key)} = ({finals[key]})", given)

    def require_equal(self) -> None:
        """Check nothing more."""

    def _compare(self, rows: RowExceptions, finals: Mapping[str, str], pair: str, pairs: int | None) -> None:
        """Compare rows that a condition pairs; how many there must be may not be known."""
        compared = {name: _different(rows, name, final) for name, final in finals.items() if not rows.is_made_up(name)}
        if not rows.findings.rows:
            return
        sums = "".join(f", sum({different})" for different in compared.values())
        # CROSS JOIN: the old rows in their order, and for each the one of ours.
        query = (
            f"SELECT count(*){sums} FROM {rows.conversion.place} o CROSS JOIN {quote(rows.table.name)} t "
            f"ON {pair}{rows.where}"
        )
        there, *counts = run(self._connection, query).one()
        old = rows.conversion.source.old.name
        if pairs not in (None, there):
            raise AdoptionFailed(table=old, rows=f"{pairs:,} were loaded, and {there:,} are there")
        for name, count in zip(compared, counts, strict=True):
            if count:
                raise AdoptionFailed(table=old, column=name, rows=f"{count:,} have another value afterwards")


def _different(rows: RowExceptions, name: str, final: str) -> str:
    old = rows.unchanged(name, final)
    different = f"t.{quote(name)} IS NOT ({final})"
    if old is None:
        return different
    value = f"o.{quote(old.name)}"
    if rows.table.columns[name].kind not in ("text", "enum"):
        return f"t.{quote(name)} IS NOT {value}"
    # A blob becomes its literal there, a real number all its digits, which only the conversion can check.
    # And bare, the 2 of a column without a type would not be '2'.
    return f"t.{quote(name)} IS NOT CAST({value} AS TEXT) AND (typeof({value}) NOT IN ('blob', 'real') OR {different})"


def chunks(connection: sa.Connection, conversion: Conversion, rows: int, size: int) -> Iterator[str]:
    """Yield conditions that divide a large table by the numbers of its rows."""
    row = conversion.row_id
    first, last = run(connection, f"SELECT min({row}), max({row}) FROM {conversion.place}").one()
    step = max(size, (last - first) // 200)
    for start in range(first, last + 1, step):
        yield f"o.{row} BETWEEN {start} AND {start + step - 1}"


@contextmanager
def trial(connection: sa.Connection) -> Iterator[None]:
    """Undo all that the block does. A temporary table stands before others anyway."""
    run(connection, "SAVEPOINT cts_trial")
    try:
        yield
    finally:
        run(connection, "ROLLBACK TO cts_trial")
        run(connection, "RELEASE cts_trial")


def make_readable(connection: sa.Connection, last: int) -> None:
    """Write leftovers after a last one that are not UTF-8, which SQLite takes and no program reads, as blobs are."""
    if run(connection, "PRAGMA encoding").scalar() != "UTF-8":  # SQLite has converted all texts then
        return
    odd = "'*[^ -~]*'"  # whatever is not plain ASCII; GLOB sees nothing behind a NUL, which JSON escapes
    rows = run(
        connection,
        "SELECT id, CAST(row_key AS BLOB), CAST(payload AS BLOB) FROM adoption_leftovers "
        f"WHERE id > {last} AND (row_key GLOB {odd} OR instr(row_key, char(0)) OR payload GLOB {odd})",
    )
    readable = []
    for id_, key, payload in rows:
        if not (_is_readable(payload) and (key is None or _is_readable(key))):
            name = None if key is None else (key.decode() if _is_readable(key) else f"x'{key.hex()}'")
            readable.append((name, _STRING.sub(_readable, payload).decode(), id_))
    if readable:
        connection.exec_driver_sql("UPDATE adoption_leftovers SET row_key = ?, payload = ? WHERE id = ?", readable)


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
