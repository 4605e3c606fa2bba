"""What every dialect must implement: one protocol per concept.

A module of each dialect implements a protocol: ``dialects/sqlite/sql.py`` and ``dialects/postgresql/sql.py`` for
:class:`Sql`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

import sqlalchemy as sa

from cts_schema.dialects.facts import Counter, DeadRows, ForeignKey, Index, IndexUse, Size, Snapshot, TableSnapshot

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    Insert = postgresql.Insert | sqlite.Insert
from cts_schema.dialects.loading import Loading
from cts_schema.dialects.running import Engines, Exclusive, Session


class Sql(Protocol):
    """SQL expressions and statements that differ between the databases."""

    def row_id(self, columns: Collection[str]) -> str:
        """Return the column that identifies a row; it stays the same until the row changes."""

    def differs(self, one: str, other: str) -> str:
        """Return the condition that two values differ, treating NULL as a value."""

    def as_text(self, value: str) -> str:
        """Return a value of any type as text, a number with all its digits."""

    def as_json(self, value: str) -> str:
        """Return a value of any type as JSON, with all its digits; binary values become hexadecimal literals."""

    def key_text(self, value: str) -> str:
        """Return a part of a key as printable text."""

    def json_object(self, members: str) -> str:
        """Return a JSON object of names and values."""

    def moment(self, seconds: str) -> str:
        """Return the time of a number of seconds since 1970."""

    def insert(self, table: sa.TableClause) -> Insert:
        """Return an INSERT that supports ON CONFLICT."""

    def untyped(self, value: str) -> str:
        """Return a value as a foreign key compares it: as if its column had no type."""

    def lock_tables(self, tables: Sequence[str]) -> Sequence[str]:
        """Return statements that lock tables against writes; none if a transaction does so anyway."""

    def temporary_rows(self, name: str) -> Sequence[str]:
        """Return statements that create a temporary table of row references: table_name, row_key, source_row."""

    def create_index(self, table: str, columns: Sequence[str]) -> str:
        """Return the statement that creates an index, for display."""

    def drop_index(self, name: str) -> str:
        """Return the statement that drops an index concurrently with traffic, for display."""

    def drop_trigger(self, table: str, name: str) -> str:
        """Return the statement that drops a trigger."""


class Shape(Protocol):
    """The schema of the database as plain values that can be compared."""

    def snapshot(self, connection: sa.Connection) -> Snapshot:
        """Return everything in the current schema, including unmanaged tables."""

    def expected(self, metadata: sa.MetaData) -> Snapshot:
        """Return the snapshot of a schema that has the tables of metadata, and nothing else."""

    def condensed(self, statements: Sequence[str]) -> Sequence[str] | None:
        """Return fewer statements that make the same of an empty database; None if that takes too long to find out."""

    def worded(self, connection: sa.Connection, wanted: Snapshot, there: Snapshot) -> Snapshot:
        """Return the wanted definitions in the spelling of the existing ones where both mean the same."""


class Catalogue(Protocol):
    """What the database knows about itself besides its schema."""

    def sizes(self, connection: sa.Connection, *, deep: bool) -> Sequence[Size]:
        """Return the size of each table; rows are an estimate unless ``deep``."""

    def database_bytes(self, connection: sa.Connection) -> int:
        """Return the size of the database in bytes."""

    def journal(self, connection: sa.Connection) -> str | None:
        """Return the journal mode of a file; None if that is no choice."""

    def dead_rows(self, connection: sa.Connection) -> Sequence[DeadRows]:
        """Return the dead rows of each table; empty without an automatic vacuum."""

    def indexes(self, connection: sa.Connection) -> Sequence[Index]:
        """Return the indexes of all tables."""

    def index_use(self, connection: sa.Connection) -> Sequence[IndexUse]:
        """Return the use of each index; empty without statistics."""

    def statistics_since(self, connection: sa.Connection) -> str | None:
        """Return since when the use of indexes is counted; None if unknown."""

    def foreign_keys(self, connection: sa.Connection) -> Sequence[ForeignKey]:
        """Return the foreign keys in the current schema, and those of other schemas to tables in it."""

    def sequences(self, connection: sa.Connection) -> Sequence[Counter]:
        """Return the sequences of columns; empty if the database takes the next number from the table."""

    def triggers(self, connection: sa.Connection, table: str) -> Sequence[tuple[str, str]]:
        """Return, for each active trigger, the statements that disable and enable it."""


class Values(Protocol):
    """Values that the database accepts and the models may not be able to read."""

    def unreadable(
        self, connection: sa.Connection, column: sa.Column[Any], there: TableSnapshot, head: TableSnapshot
    ) -> str | None:
        """Return the condition that a row ``c`` has such a value in a column; None if it cannot.

        Args:
            connection: the database.
            column: the column in the models.
            there: the snapshot of its table.
            head: the snapshot of the table at head.
        """

    def tolerant(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Within the block read any value: keys that are not UTF-8, too, and numbers to the last bit."""

    def some_rows(self, table: str, columns: Collection[str]) -> str:
        """Return some rows of a table as a subquery: the first, or the oldest and the newest."""

    def readable(self, value: str) -> str:
        """Return any value as readable JSON."""

    def whole_row(self, table: sa.Table, columns: Sequence[str], refused: Mapping[str, str]) -> str:
        """Return a row ``c`` as one readable JSON object.

        Args:
            table: the table in the models.
            columns: all columns in the database.
            refused: the condition of each column that has an unreadable value; empty if all are readable.
        """


class Relations(Protocol):
    """What a name refers to, and what unmanaged objects use a table."""

    def no_table(self, connection: sa.Connection, name: str, quoted: str) -> str | None:
        """Return what else than a table has the name, or how the table spells it; None if it is correct.

        Args:
            connection: the database.
            name: the name.
            quoted: the name as SQL, with its schema.
        """

    def by_name(self, connection: sa.Connection) -> Sequence[str]:
        """Return objects that find a table by name only, so they may mention one that does not exist yet."""

    def in_the_way(self, connection: sa.Connection, table: str) -> Sequence[str]:
        """Return statements that drop each object that may replace a statement about a table."""

    def on_table(self, connection: sa.Connection, table: str, managed: Collection[str]) -> Iterator[str]:
        """Yield the unmanaged objects that use a table, each with its behaviour while the table is preserved."""

    def with_columns(
        self,
        connection: sa.Connection,
        table: str,
        columns: Sequence[str],
        indexes: Sequence[str],
        constraints: Sequence[str],
    ) -> Sequence[str]:
        """Return the unmanaged objects that would be lost with columns; ``indexes`` and ``constraints`` are ours."""


class CurrentRevision(Protocol):
    """Whether a database is at head: the one query of a start."""

    def query(self, version: str, ledger: str, numbers: tuple[int, ...]) -> str:
        """Return the query of the version table and the ledger, for the numbers that the ledger must have."""

    def is_at_head(self, found: Sequence[Sequence[Any]], head: str, numbers: tuple[int, ...]) -> bool:
        """Return whether its rows mean that nothing is left to do."""


class Parts:
    """The parts of a dialect, which are modules of its folder, imported at first use: a start needs few of them."""

    name: Literal["sqlite", "postgresql"]
    sql: Sql
    shape: Shape
    catalogue: Catalogue
    values: Values
    session: Session
    engine: Engines
    loading: Loading
    exclusive: Exclusive
    relations: Relations
    current_revision: CurrentRevision

    def __getattr__(self, part: str) -> Any:
        """Import a part."""
        if part not in Parts.__annotations__:
            raise AttributeError(part)
        found = vars(self)[part] = import_module(f"cts_schema.dialects.{self.name}.{part}")
        return found


@dataclass(frozen=True)
class Dialect(Parts):
    """A dialect: its parts and its properties.

    Attributes:
        name: ``sqlite`` or ``postgresql``, as SQLAlchemy says.
        in_a_file: whether the database is a file, so that only this process sees its statements.
        keeps_types: whether a column accepts only values of its type.
        has_functions: whether triggers call functions, and sequences generate numbers.
        alters_tables: whether it can add a constraint to an existing table, and build indexes concurrently with
            traffic.
    """

    name: Literal["sqlite", "postgresql"]
    in_a_file: bool
    keeps_types: bool
    has_functions: bool
    alters_tables: bool
