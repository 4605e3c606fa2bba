"""Carries out what becomes of references of unmanaged tables: preserves what goes, changes rows, and checks again."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.adoption.load.leftovers import insert, row_as_json, values_as_json
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.adoption.unmanaged.changes import Changes
from cts_schema.adoption.unmanaged.edits import EDITS, MOVES, changing
from cts_schema.adoption.unmanaged.references import Table
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.sqlite.untrusted import readable_without_collations
from cts_schema.exceptions import AdoptionFailed


def apply(changes: Changes) -> tuple[int, int]:
    """Do what was recorded, and check that it is done; return how many rows went, and how many leftovers that makes.

    Raises:
        AdoptionBlocked: a table of SQLite needs something of its application to change, or one of PostgreSQL has no
            room for the columns of its copy.
        AdoptionFailed: a reference leads nowhere all the same.
    """
    connection = changes.connection
    last = run(connection, "SELECT max(id) FROM adoption_leftovers").scalar() or 0
    affected = changes.affected()
    moved = kept = 0
    for table in affected:
        with changing(table):
            rows = _keep_rows(changes, table)
            moved, kept = moved + rows, kept + rows + _keep_values(changes, table)
    changes.engine.load.make_readable(connection, last)
    if affected:
        changes.apply([(table, list(_statements(changes, table))) for table in affected])
    with readable_without_collations(connection):
        _require_settled(changes)
    return moved, kept


def _keep_rows(changes: Changes, table: Table) -> int:
    """Write the rows that go to the leftovers, but those of an absorbed table that the load has written already."""
    columns = [LegacyColumn(column.name, column.type) for column in table.columns.values()]
    key, row = table.row_key("o"), row_as_json(changes.engine, columns)
    return insert(
        changes.connection,
        table.title,
        f"{key}, e.reason, {row} FROM (SELECT row_id, "
        f"min(reason) AS reason FROM {MOVES} WHERE place = {literal(table.place)} GROUP BY row_id) e "
        f"JOIN {table.place} o ON {table.row('o')} = e.row_id WHERE NOT EXISTS (SELECT 1 FROM adoption_leftovers l "
        f"WHERE l.table_name = {literal(table.title)} AND l.row_key = {key} AND l.payload = {row})",
    )


def _keep_values(changes: Changes, table: Table) -> int:
    columns = [LegacyColumn(name, table.columns[name].type) for name in changes.referring(table)]
    return insert(
        changes.connection,
        table.title,
        f"min({table.row_key('o')}), e.reason, {values_as_json(changes.engine, columns, 'e.name')} "
        f"FROM (SELECT row_id, name, min(reason) AS reason FROM {EDITS} WHERE place = {literal(table.place)} "
        f"GROUP BY row_id, name) e JOIN {table.place} o ON {table.row('o')} = e.row_id GROUP BY e.row_id, e.reason",
    )


def _statements(changes: Changes, table: Table) -> Iterator[str]:
    """Yield the statements that change a table."""
    if changes.is_in(MOVES, table):
        yield f"DELETE FROM {table.place} AS c WHERE {changes.is_moved(table, 'c')}"
    if columns := changes.edited_columns(table):
        edited = ", ".join(f"{quote(name)} = {changes.edited(table, 'c', name)}" for name in columns)
        yield f"UPDATE {table.place} AS c SET {edited} WHERE {changes.is_edited(table, 'c')}"


def _require_settled(changes: Changes) -> None:
    """Check that nothing is left to be done.

    Raises:
        AdoptionFailed: something is.
    """
    for table in (MOVES, EDITS):
        run(changes.connection, f"DELETE FROM {table}")
    for number, key in enumerate(changes.keys):
        if key.managed and changes.record_managed(number, key):
            raise AdoptionFailed(
                table=changes.tables[key.table].title, column=", ".join(key.columns), refers_to=key.parent
            )
