"""What every database must be able to do: one protocol for each concept.

Each protocol is met by a module, ``dialects/sqlite/sql.py`` and ``dialects/postgresql/sql.py`` for :class:`Sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import sqlalchemy as sa

from cts_schema.dialects.deadline import Deadline
from cts_schema.dialects.facts import Counter, DeadRows, Fingerprint, ForeignKey, Index, IndexUse, Item, Size

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    Insert = postgresql.Insert | sqlite.Insert

BUSY_TIMEOUT = 30
"""Seconds to wait for another writer of a file, instead of failing at once."""


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


class Session(Protocol):
    """What a connection is set to, for the time of a block."""

    def attempt(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Let a statement of the block fail, without an end of the transaction around it."""

    def has_power(self, connection: sa.Connection) -> bool:
        """Tell without a query whether the role may do anything, or does not say that it may not."""

    def without_a_trace(self, connection: sa.Connection, *, milliseconds: int | None) -> AbstractContextManager[None]:
        """Leave no transaction behind where there was none; where there is one, an error does not end it."""

    def looking(
        self, connection: sa.Connection, place: Place, *, milliseconds: int | None
    ) -> AbstractContextManager[None]:
        """Leave no trace, see every row, and lend nobody the power of a superuser.

        Args:
            connection: the database.
            place: where the tables are.
            milliseconds: to wait for a lock, where the transaction is not the caller's.
        """

    def require_one_schema(self, connection: sa.Connection, place: Place) -> None:
        """Check that no table of ours is in a schema behind the first one of the search path.

        Raises:
            OtherSchema: some are, and a run would spread the tables over both.
        """

    def comparing_keys(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Compare the foreign keys before and after the block, where they may be off meanwhile.

        Raises:
            ForeignKeyViolations: more rows than before lack the row they refer to.
        """

    def remaking(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Change or remake tables in the block, and compare the foreign keys where they are off meanwhile.

        Raises:
            ForeignKeyViolations: more rows than before lack the row they refer to.
        """

    def reading_only(self, connection: sa.Connection, place: Place, *, deep: bool) -> AbstractContextManager[None]:
        """Let nothing be written within the block, and leave no trace of it.

        A transaction of the caller goes on after it. Nothing waits for long either: neither for a lock, nor, unless
        ``deep``, for a statement.

        Raises:
            SchemaMissing: there is no such schema.
            RowsHidden: row security keeps rows from the role.
        """


@dataclass(frozen=True)
class Dialect:
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
    sql: Sql
    shape: Shape
    catalogue: Catalogue
    values: Values
    session: Session
    engine: Engines
    exclusive: Exclusive
    relations: Relations
    standing: Standing


class Exclusive(Protocol):
    """How a run works as the only one of its database, and hinders nobody else for long."""

    def takes_one_transaction(self, connection: sa.Connection) -> bool:
        """Whether all must be in one transaction."""

    def transactions(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Prepare for transactions of a run.

        Raises:
            TransactionRefused: that of the caller is not fit for it.
        """

    def transaction(
        self,
        connection: sa.Connection,
        place: Place,
        deadline: Deadline,
        on_wait: Callable[[str], None],
        *,
        rebuilds: bool,
    ) -> AbstractContextManager[None]:
        """Work as the only run, in a new transaction or in that of the caller.

        Raises:
            LockTimeout: another run did not end by the deadline.
            TransactionRefused: that of the caller could lose rows.
        """

    def between_transactions(
        self, connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None]
    ) -> AbstractContextManager[None]:
        """Work as the only run for the time of the block, through many transactions."""

    def beside(self, connection: sa.Connection, place: Place) -> AbstractContextManager[None]:
        """Write a row beside a run in a transaction that waits for nobody long."""


class Relations(Protocol):
    """What a name stands for, and what others have built on a table."""

    def no_table(self, connection: sa.Connection, name: str, quoted: str) -> str | None:
        """Say what else than a table has a name, or how its table is written; None where nothing is wrong.

        Args:
            connection: the database.
            name: the name.
            quoted: the name as SQL, with its schema.
        """

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


class Standing(Protocol):
    """Whether a database is at head: what a start-up asks, by one query."""

    def query(self, version: str, ledger: str, numbers: tuple[int, ...]) -> str:
        """Return the query, of version table and ledger, for the numbers that the ledger must have."""

    def is_at_head(self, found: Sequence[Sequence[Any]], head: str, numbers: tuple[int, ...]) -> bool:
        """Tell by its rows whether nothing is left to do."""


class Engines(Protocol):
    """How engines are made, and what every connection begins with."""

    def settings(self, url: sa.URL, *, pooled: bool) -> dict[str, Any]:
        """Return the settings of an engine; ``pooled`` where the caller has chosen no pool."""

    def connect_args(self, url: sa.URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
        """Return what the driver is told, unless the caller or the URL says otherwise.

        Raises:
            WrongUsage, UnknownScheme, DatabaseUnusable: the schema, the driver, or the library.
        """

    def forced_args(self, url: sa.URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
        """Return what the driver is told whatever the caller says."""

    def run_args(self, url: sa.URL, wait: float) -> dict[str, Any]:
        """Return what the driver is told for a run."""

    def spared(self, url: sa.URL) -> dict[str, Any]:
        """Return the settings that keep SQLAlchemy from asking what is not needed."""

    def for_a_run(self, engine: sa.Engine) -> sa.Engine:
        """Prepare the engine of a run."""

    def for_an_application(self, engine: sa.Engine, kw: dict[str, Any]) -> sa.Engine:
        """Prepare the engine of an application, made with these arguments."""


class Place(Protocol):
    """Where the tables are: the options of a run, and the handle of a database."""

    @property
    def version_table(self) -> str:
        """The table that holds the revision."""

    @property
    def schema(self) -> str | None:
        """The PostgreSQL schema to work in; None means the first of the search path."""
