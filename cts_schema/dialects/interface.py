"""What every database must be able to do: one protocol for each concept.

Each protocol is met by a module, ``dialects/sqlite/sql.py`` and ``dialects/postgresql/sql.py`` for :class:`Sql`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol

import sqlalchemy as sa

from cts_schema.dialects.facts import Counter, DeadRows, Fingerprint, ForeignKey, Index, IndexUse, Item, Size

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    Insert = postgresql.Insert | sqlite.Insert
from cts_schema.dialects.loading import Loading
from cts_schema.dialects.running import Engines, Exclusive, Session


class Sql(Protocol):
    """Expressions and statements that the databases spell differently."""

    def row_id(self, columns: Collection[str]) -> str:
        """Return the column by which a row of a table is found; it stays while nobody changes the row."""

    def differs(self, one: str, other: str) -> str:
        """Return the condition that two values differ, NULL being a value."""

    def as_text(self, value: str) -> str:
        """Return a value of any type as text, a number with all its digits."""

    def as_json(self, value: str) -> str:
        """Return a value of any type as JSON, with all its digits; what is no text as a hexadecimal literal."""

    def key_text(self, value: str) -> str:
        """Return a part of a key as text that can be shown."""

    def json_object(self, members: str) -> str:
        """Return the JSON object of names and values."""

    def moment(self, seconds: str) -> str:
        """Return the time that is so many seconds after the beginning of 1970."""

    def insert(self, table: sa.Table) -> Insert:
        """Return an INSERT that can do something else where a row is there."""

    def untyped(self, value: str) -> str:
        """Return a value as a foreign key compares it: as if its column had no type."""

    def lock_tables(self, tables: Sequence[str]) -> Sequence[str]:
        """Return what keeps others from writing tables; nothing where a transaction does so anyway."""

    def temporary_rows(self, name: str) -> Sequence[str]:
        """Return what makes a temporary table that names rows of others: table_name, row_key, source_row."""

    def create_index(self, table: str, columns: Sequence[str]) -> str:
        """Return what makes an index, for a person to run."""

    def drop_index(self, name: str) -> str:
        """Return what drops an index beside the traffic, for a person to run."""

    def drop_trigger(self, table: str, name: str) -> str:
        """Return what drops a trigger."""


class Shape(Protocol):
    """The schema that is there, as plain values that can be compared."""

    def fingerprint(self, connection: sa.Connection) -> Fingerprint:
        """Return all that is in the current schema, unmanaged tables too."""

    def expected(self, metadata: sa.MetaData) -> Fingerprint:
        """Return the fingerprint of a schema that has the tables of metadata, and nothing else."""

    def worded(self, connection: sa.Connection, wanted: Fingerprint, there: Fingerprint) -> Fingerprint:
        """Return what is wanted in the words of what is there, as far as the two mean the same."""

    def items(self, facts: Mapping[str, Any]) -> dict[Item, Any]:
        """Return the parts of a table by what they are, from its fingerprint."""

    def differs_in_validity(self, wanted: Any, there: Any) -> bool:
        """Whether an index is as it should be, but not built to its end."""


class Catalogue(Protocol):
    """What the database knows of itself beyond its schema."""

    def sizes(self, connection: sa.Connection, *, deep: bool) -> Sequence[Size]:
        """Return the size of each table: rows are estimated, unless ``deep``."""

    def database_bytes(self, connection: sa.Connection) -> int:
        """Return the bytes of the database."""

    def dead_rows(self, connection: sa.Connection) -> Sequence[DeadRows]:
        """Return what vacuum has left; nothing where there is no vacuum that runs by itself."""

    def indexes(self, connection: sa.Connection, schema: Fingerprint) -> Sequence[Index]:
        """Return the indexes of all tables."""

    def index_use(self, connection: sa.Connection) -> Sequence[IndexUse]:
        """Return how much each index is used; nothing where nobody counts."""

    def statistics_since(self, connection: sa.Connection) -> str | None:
        """Return since when the use of indexes is counted, None where nobody knows."""

    def foreign_keys(self, connection: sa.Connection, schema: Fingerprint) -> Sequence[ForeignKey]:
        """Return the foreign keys in the current schema, and those of others to tables in it."""

    def sequences(self, connection: sa.Connection) -> Sequence[Counter]:
        """Return the sequences of columns; nothing where a table itself is looked at for the next number."""

    def triggers(self, connection: sa.Connection, schema: Fingerprint, table: str) -> Sequence[tuple[str, str]]:
        """Return for each trigger that would fire what lets it rest, and what makes it fire again."""


class Values(Protocol):
    """Values that the database takes, and the models may not be able to read."""

    def unreadable(self, connection: sa.Connection, column: sa.Column[Any], there: Any, head: Any) -> str | None:
        """Return the condition under which a row ``c`` has one in a column; None where it can have none.

        Args:
            connection: the database.
            column: of the models.
            there: the fingerprint of its table.
            head: the fingerprint that the table has at head.
        """

    def tolerant(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Let any value be read within the block: keys that are no UTF-8 too, and numbers to the last bit."""

    def some_rows(self, table: str, columns: Collection[str]) -> str:
        """Return some rows of a table as a subquery: the first, or the oldest and the newest."""

    def readable(self, value: str) -> str:
        """Return a value as JSON that can be read, whatever it is."""

    def whole_row(self, table: sa.Table, columns: Sequence[str], refused: Mapping[str, str]) -> str:
        """Return a row ``c`` as one JSON object that can be read.

        Args:
            table: of the models.
            columns: all that are there.
            refused: when a column has what cannot be read; empty where all can be.
        """


class Relations(Protocol):
    """What a name stands for, and what others have built on a table."""

    def no_table(self, connection: sa.Connection, name: str, quoted: str) -> str | None:
        """Say what else than a table has a name, or how its table is written; None where nothing is wrong.

        Args:
            connection: the database.
            name: the name.
            quoted: the name as SQL, with its schema.
        """

    def by_name(self, connection: sa.Connection) -> Sequence[str]:
        """Return what finds a table by its name alone, and so may wait for one that is not there yet."""

    def in_the_way(self, connection: sa.Connection, table: str) -> Sequence[str]:
        """Return what drops each thing that may act in the place of a statement about a table."""

    def on_table(self, connection: sa.Connection, table: str, managed: Collection[str]) -> Iterator[str]:
        """Yield what of others names a table, each with what becomes of it while the table is away."""

    def with_columns(
        self,
        connection: sa.Connection,
        table: str,
        columns: Sequence[str],
        indexes: Sequence[str],
        constraints: Sequence[str],
    ) -> Sequence[str]:
        """Return what of others goes with columns of a table; indexes and constraints are ours."""


class CurrentRevision(Protocol):
    """Whether a database is at head: what a start-up asks, by one query."""

    def query(self, version: str, ledger: str, numbers: tuple[int, ...]) -> str:
        """Return the query, of version table and ledger, for the numbers that the ledger must have."""

    def is_at_head(self, found: Sequence[Sequence[Any]], head: str, numbers: tuple[int, ...]) -> bool:
        """Tell by its rows whether nothing is left to do."""


class Comparison(Protocol):
    """What Alembic does not compare by itself."""

    def triggers(self, connection: sa.Connection) -> Mapping[tuple[str, str], str]:
        """Return the statement of each trigger by table and name; one that does not always fire is marked."""

    def checks(self, connection: sa.Connection, table: str) -> Mapping[str, str]:
        """Return the condition of each CHECK by its name."""

    def indexes(self, connection: sa.Connection, table: str) -> Mapping[str, str]:
        """Return by its name what Alembic does not compare of each index."""

    def wanted_index(self, index: sa.Index, dialect: sa.Dialect) -> str:
        """Return the same of an index of the models."""


class Parts:
    """The parts of a database, modules of its folder. Each is imported as it is used: a start-up needs few of them."""

    name: Literal["sqlite", "postgresql"]
    sql: Sql
    shape: Shape
    catalogue: Catalogue
    values: Values
    session: Session
    engine: Engines
    loading: Loading
    comparison: Comparison
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
    """A database: its parts, and what it is like.

    Attributes:
        name: ``sqlite`` or ``postgresql``, as SQLAlchemy says.
        in_a_file: whether the database is a file, and each statement is seen by this process alone.
        keeps_types: whether a column takes only values of its type.
        has_functions: whether triggers call functions, and sequences give the numbers.
        alters_tables: whether a constraint can be added to a table that is there, and indexes are built beside
            the traffic.
    """

    name: Literal["sqlite", "postgresql"]
    in_a_file: bool
    keeps_types: bool
    has_functions: bool
    alters_tables: bool
