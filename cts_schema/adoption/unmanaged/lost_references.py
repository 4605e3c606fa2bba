"""Rows of unmanaged tables that lose what they refer to, counted for a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cts_schema.adoption.unmanaged.changes import Changes
from cts_schema.adoption.unmanaged.edits import EDITS, MOVES
from cts_schema.adoption.unmanaged.references import Table
from cts_schema.ddl.text import quote, run

#: How many keys of rows a plan names.
EXAMPLES = 5


@dataclass(frozen=True)
class LostReferences:
    """Rows of an unmanaged table that lose what they refer to.

    Attributes:
        table: what a person calls it.
        columns: those that refer.
        parent: the table that they refer to.
        reasons: why the rows there are not kept.
        rows: how many.
        keys: the first of them, by primary key.
        moved: whether the rows go; else the columns become NULL.
        repeated: whether the parent has a row that stands for it, which another row of the table refers to already.
    """

    table: str
    columns: tuple[str, ...]
    parent: str
    reasons: tuple[str, ...]
    rows: int
    keys: tuple[str, ...]
    moved: bool
    repeated: bool


def lost_references(changes: Changes) -> Iterator[LostReferences]:
    """Yield what a person must agree to."""
    connection = changes.connection
    for done, moved, lost in ((MOVES, True, "true"), (EDITS, False, "e.value IS NULL")):
        for number, reference in enumerate(changes.keys):
            for repeated in (False, True):
                table = changes.tables[reference.table]
                of = f"FROM {done} e WHERE e.key = {number} AND {lost} AND (e.reason = 'duplicate') = {repeated}"
                rows = run(connection, f"SELECT count(DISTINCT e.row_id) {of}").scalar_one()
                if rows:
                    yield LostReferences(
                        table.title,
                        reference.columns,
                        reference.parent if reference.managed else changes.tables[reference.parent].title,
                        tuple(run(connection, f"SELECT DISTINCT e.cause {of} ORDER BY 1").scalars()),
                        rows,
                        _first_keys(changes, table, of),
                        moved,
                        repeated,
                    )


def _first_keys(changes: Changes, table: Table, of: str) -> tuple[str, ...]:
    if not table.key:
        return ()
    order = ", ".join(f"c.{quote(name)}" for name in table.key)
    key = changes.engine.loading.readable(table.row_key("c"))
    keys = run(
        changes.connection,
        f"SELECT {key} FROM {table.place} c "
        f"WHERE {table.row('c')} IN (SELECT e.row_id {of}) ORDER BY {order} LIMIT {EXAMPLES}",
    ).scalars()
    return tuple(read(key) for key in keys)


def read(text: bytes | str) -> str:
    """Return what a query has given as readable."""
    return text if isinstance(text, str) else text.decode(errors="backslashreplace")
