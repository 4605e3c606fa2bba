"""Tables that a downgrade preserved: hidden while an adoption builds the new ones, and restored afterwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.ddl import beside
from cts_schema.ddl.text import quote, run

#: The tables of ours that get rows of the legacy database, with the columns it has.
Loaded = Mapping[str, AbstractSet[str]]


class PreservedTables(ABC):
    """The tables ``cts_kept_*`` of a legacy database: their rows come when their parents are there.

    Args:
        connection: in the transaction of the adoption.
        loaded: what gets rows.

    Attributes:
        names: the name that each has meanwhile.
        returning: those that come back themselves, by the table whose place they take.
        indexes: name and SQL of the indexes that went, by preserved table.
    """

    def __init__(self, connection: sa.Connection, loaded: Loaded) -> None:
        self.connection = connection
        self._loaded = loaded
        found = [name for name in sa.inspect(connection).get_table_names() if name.startswith("cts_kept_")]
        self.names = {name: name.replace("cts_kept_", "cts_hidden_", 1) for name in found}
        self.returning = beside.returning(self.names, target.tables(), loaded)
        self.indexes: dict[str, list[tuple[str, str]]] = {}

    def hide(self) -> None:
        """Let the line build new tables."""
        self.indexes = beside.hide(self.connection, self.names, self.returning.values())

    def show(self) -> None:
        """Give what is hidden its name again."""
        for name, hidden in self.names.items():
            if self.is_hidden(name):
                run(self.connection, f"ALTER TABLE {quote(hidden)} RENAME TO {quote(name)}")

    def restore(self) -> None:
        """Bring tables back, and load the rows and columns of those that cannot come back themselves."""
        own = self.put_back()
        beside.restore_beside(self.names, target.tables(), self._loaded)
        for definition in own:
            run(self.connection, definition)

    def is_hidden(self, name: str) -> bool:
        """Whether a table has another name meanwhile."""
        return True

    @abstractmethod
    def put_back(self) -> list[str]:
        """Put back those that come back themselves; return what is to be made again once their rows are restored."""
