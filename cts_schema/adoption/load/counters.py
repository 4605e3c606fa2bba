"""The numbers of log lines and the like: no number is given twice, not even one whose row is gone."""

from __future__ import annotations

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.ddl.text import literal, run

_LAST = 2**63 - 1


def go_on(connection: sa.Connection, conversion: Conversion, number: str) -> None:
    """Let our table count on from where the old one stood, before any row is loaded.

    Args:
        connection: in the run's transaction.
        conversion: a source whose rows bring their numbers along.
        number: what a row is numbered in our table, as SQL over the old row ``o``.
    """
    # After the last number that there is none would follow, not even for rows that bring no number.
    highest = run(connection, f"SELECT max({number}) FROM {conversion.place} o WHERE {number} < {_LAST}").scalar() or 0
    last = max(highest, _old_counter(connection, conversion) or 0)
    if last < 1:
        return
    table, key = conversion.source.table.name, conversion.source.table.key[0]
    dialects.of(connection).loading.set_counter(connection, table, key, last)


def _old_counter(connection: sa.Connection, conversion: Conversion) -> int | None:
    """Return the last number that the old table gave, where it counted by itself."""
    old = conversion.source.old
    if conversion.dialect == "sqlite":
        counted = run(connection, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first()
        name = conversion.place.strip('"').replace('""', '"')
        found = (
            run(connection, f"SELECT seq FROM sqlite_sequence WHERE name = {literal(name)}").scalar()
            if counted
            else None
        )
    else:
        column = old.columns.get(conversion.source.table.key[0])
        sequence = (
            column
            and run(
                connection, f"SELECT pg_get_serial_sequence({literal(conversion.place)}, {literal(column.name)})"
            ).scalar()
        )
        found = run(connection, f"SELECT last_value FROM {sequence} WHERE is_called").scalar() if sequence else None
    return found if isinstance(found, int) else None
