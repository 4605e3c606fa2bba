"""The keys of rows of ours that are not kept or get another key, recorded while their table is loaded.

Each key that unmanaged tables refer to has a temporary table of them: the old values ``r0``, ``r1``, ..., the new ones
``n0``, ``n1``, ... as text, which are NULL where no row stands for the old one, and why it is not kept.
"""

from __future__ import annotations

import sqlalchemy as sa

from cts_schema.adoption.load.leftovers import EXCEPTIONS, REFUSED
from cts_schema.adoption.load.row_exceptions import RowExceptions
from cts_schema.adoption.unmanaged.references import References
from cts_schema.ddl.text import literal, quote, run

Parent = tuple[str, tuple[str, ...]]
#: The cause of a reference whose parent is kept, under another key.
CHANGED = "key"


class ChangedKeys:
    """What became of the rows that unmanaged tables may refer to.

    Args:
        connection: in the transaction of the adoption, or of its trial.
        references: the keys of the unmanaged tables.
    """

    def __init__(self, connection: sa.Connection, references: References) -> None:
        self._connection, self.references = connection, references
        wanted = dict.fromkeys((key.parent, key.parent_columns) for key in references.keys if key.managed)
        self._wanted: list[Parent] = list(wanted)
        self._places: dict[Parent, str] = {}

    def place(self, parent: Parent) -> str | None:
        """Return where the changes of a key are, as SQL; None where its table was not loaded."""
        return self._places.get(parent)

    def record(self, rows: RowExceptions) -> None:
        """Record those of a source, before what is special about its rows is forgotten."""
        source = rows.conversion.source
        if source.absorbed:  # which stays, and its references with it
            return
        for number, parent in enumerate(self._wanted):
            if parent[0] == source.table.name:
                self._places[parent] = f"cts_adoption_changed_keys_{number}"
                self._record(rows, parent[1], self._places[parent])

    def dispose(self) -> None:
        """Drop the temporary tables."""
        for place in self._places.values():
            run(self._connection, f"DROP TABLE {place}")

    def _record(self, rows: RowExceptions, columns: tuple[str, ...], place: str) -> None:
        conversion = rows.conversion
        olds = conversion.source.old.columns
        old = [f"o.{quote(olds[column].name)}" for column in columns]
        finals = [
            f"CAST({rows.final(column)} AS TEXT)" if column in rows.values else "CAST(NULL AS TEXT)"
            for column in columns
        ]
        known = " AND ".join(f"{value} IS NOT NULL" for value in old)
        other = " OR ".join(
            conversion.engine.sql.differs(f"CAST({value} AS TEXT)", final)
            for value, final in zip(old, finals, strict=True)
        )
        olds_sql = ", ".join(f"{value} AS r{number}" for number, value in enumerate(old))
        news_sql = ", ".join(f"{final} AS n{number}" for number, final in enumerate(finals))
        staying = f" AND {rows.staying}" if rows.staying else ""
        run(
            self._connection,
            f"CREATE TEMP TABLE {place} AS SELECT {olds_sql}, {news_sql}, {literal(CHANGED)} AS reason "
            f"FROM {conversion.place} o WHERE {known} AND ({other}){staying}",
        )
        if not rows.any:
            return
        survivors = ", ".join(
            f"(SELECT {final} FROM {conversion.place} o WHERE {rows.row} = e.survivor)" for final in finals
        )
        run(
            self._connection,
            f"INSERT INTO {place} SELECT {', '.join(old)}, {survivors}, e.reason "
            f"FROM (SELECT DISTINCT source_row, survivor, reason FROM {EXCEPTIONS} WHERE kind = 'row') e "
            f"JOIN {conversion.place} o ON {rows.row} = e.source_row WHERE {known}",
        )
        # A row of the same key that stays, and keeps it, is the one that is referred to.
        kept = " AND ".join(
            f"{value} = {place}.r{number} AND {final} IS NOT NULL"
            for number, (value, final) in enumerate(zip(old, finals, strict=True))
        )
        run(
            self._connection,
            f"DELETE FROM {place} WHERE n0 IS NULL AND EXISTS (SELECT 1 FROM {conversion.place} o WHERE {kept} "
            f"AND {rows.row} NOT IN ({REFUSED}))",
        )
