"""What a run needs of every database: its connections, their settings, and exclusive access.

Each protocol is met by a module of each database, as in :mod:`cts_schema.dialects.interface`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa

from cts_schema.dialects.deadline import Deadline

BUSY_TIMEOUT = 30
"""Seconds to wait for another writer of a file, instead of failing at once."""


class Place(Protocol):
    """Where the tables are: the options of a run, and the handle of a database."""

    @property
    def version_table(self) -> str:
        """The table that holds the revision."""

    @property
    def schema(self) -> str | None:
        """The PostgreSQL schema to work in; None means the first of the search path."""


class Session(Protocol):
    """What a connection is set to, for the time of a block, or by a script of a run.

    Attributes:
        SCRIPT_COMMENT: how a script is to be executed.
        BEFORE_SCRIPT: statements before the transaction of a script.
        IN_SCRIPT: statements at the beginning of that transaction.
    """

    SCRIPT_COMMENT: str
    BEFORE_SCRIPT: Sequence[str]
    IN_SCRIPT: Sequence[str]

    def attempt(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Let a statement of the block fail, without an end of the transaction around it."""

    def has_power(self, connection: sa.Connection) -> bool:
        """Tell without a query whether the role may do anything, or does not say that it may not."""

    def without_a_trace(self, connection: sa.Connection, *, milliseconds: int | None) -> AbstractContextManager[None]:
        """Leave no transaction behind where there was none; where there is one, an error does not end it."""

    def reading(
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

    def comparing(self, connection: sa.Connection, place: Place) -> AbstractContextManager[object]:
        """Read the schema within the block as its owner, in the forms that the models are compared in.

        Raises:
            SchemaMissing: there is no such schema.
        """

    def undone(self, connection: sa.Connection, place: Place, *, milliseconds: int) -> AbstractContextManager[None]:
        """See every row within the block, and undo all that it does.

        Raises:
            SchemaMissing: there is no such schema.
            RowsHidden: row security keeps rows from the role.
        """

    def reading_only(self, connection: sa.Connection, place: Place, *, deep: bool) -> AbstractContextManager[None]:
        """Let nothing be written within the block, and leave no trace of it.

        A transaction of the caller goes on after it. Nothing waits for long either: neither for a lock, nor, unless
        ``deep``, for a statement.

        Raises:
            SchemaMissing: there is no such schema.
            RowsHidden: row security keeps rows from the role.
        """


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
