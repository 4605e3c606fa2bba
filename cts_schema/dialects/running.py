"""What a run needs of every dialect: connections, their settings, and exclusive access.

A module of each dialect implements a protocol, as in :mod:`cts_schema.dialects.interface`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa

from cts_schema.dialects.deadline import Deadline

BUSY_TIMEOUT = 30
"""Seconds to wait for another writer of a file."""

WRITING = "cts_writing"
"""The execution option of a connection whose transactions write."""


class Place(Protocol):
    """Where the tables are; implemented by the options of a run and the handle of a database."""

    @property
    def version_table(self) -> str:
        """The table that holds the revision."""

    @property
    def schema(self) -> str | None:
        """The PostgreSQL schema to work in; None means the first of the search path."""


class Session(Protocol):
    """Settings of a connection for the time of a block, and of a script of a run.

    Attributes:
        SCRIPT_COMMENT: how to execute a script.
        BEFORE_SCRIPT: statements before the transaction of a script.
        IN_SCRIPT: statements at the beginning of that transaction.
    """

    SCRIPT_COMMENT: str
    BEFORE_SCRIPT: Sequence[str]
    IN_SCRIPT: Sequence[str]

    def attempt(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Allow a statement of the block to fail without ending the transaction."""

    def has_power(self, connection: sa.Connection) -> bool:
        """Return, without a query, whether the role is or may be a superuser."""

    def without_a_trace(self, connection: sa.Connection, *, milliseconds: int | None) -> AbstractContextManager[None]:
        """End a transaction that the block began; within one of the caller, an error does not end it."""

    def reading(
        self, connection: sa.Connection, place: Place, *, milliseconds: int | None
    ) -> AbstractContextManager[None]:
        """Change nothing, see every row, and run no code of others with the rights of a superuser.

        Args:
            connection: the database.
            place: where the tables are.
            milliseconds: how long to wait for a lock, unless the transaction is the caller's.
        """

    def require_one_schema(self, connection: sa.Connection, place: Place) -> None:
        """Check that none of our tables is in a later schema of the search path.

        Raises:
            OtherSchema: some are, so a run would spread the tables over both.
        """

    def comparing_keys(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Compare foreign key violations before and after the block, if foreign keys may be off meanwhile.

        Raises:
            ForeignKeyViolations: there are new orphans.
        """

    def remaking(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Alter or rebuild tables in the block, and compare foreign key violations if foreign keys are off meanwhile.

        Raises:
            ForeignKeyViolations: there are new orphans.
        """

    def comparing(self, connection: sa.Connection, place: Place) -> AbstractContextManager[object]:
        """Read the schema within the block as its owner, in the forms of the models.

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
        """Prevent writes within the block, and restore the settings afterwards.

        A transaction of the caller continues. It waits briefly for a lock and, unless
        ``deep``, for a statement.

        Raises:
            SchemaMissing: there is no such schema.
            RowsHidden: row security hides rows from the role.
        """


class Exclusive(Protocol):
    """How a run gets exclusive access to its database, and blocks others only briefly."""

    def takes_one_transaction(self, connection: sa.Connection) -> bool:
        """Return whether the whole run must be one transaction."""

    def transactions(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Prepare for transactions of a run.

        Raises:
            TransactionRefused: that of the caller is not suitable.
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
        """Run exclusively, in a new transaction or in that of the caller.

        Raises:
            LockTimeout: another run did not end before the deadline.
            TransactionRefused: in the transaction of the caller the run could lose rows.
        """

    def between_transactions(
        self, connection: sa.Connection, place: Place, deadline: Deadline, on_wait: Callable[[str], None]
    ) -> AbstractContextManager[None]:
        """Run exclusively for the time of the block, across transactions."""

    def beside(self, connection: sa.Connection, place: Place) -> AbstractContextManager[None]:
        """Write a row after a run, in a transaction with a short lock timeout."""


class Engines(Protocol):
    """How engines are made, and how their connections begin."""

    def settings(self, url: sa.URL, *, pooled: bool) -> dict[str, Any]:
        """Return the settings of an engine; ``pooled`` if the caller has not chosen a pool."""

    def connect_args(self, url: sa.URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
        """Return arguments for the driver that the caller or the URL may override.

        Raises:
            WrongUsage, UnknownScheme, DatabaseUnusable: the schema, the driver or the library is not suitable.
        """

    def forced_args(self, url: sa.URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
        """Return arguments for the driver that override those of the caller."""

    def run_args(self, url: sa.URL, wait: float) -> dict[str, Any]:
        """Return arguments for the driver during a run."""

    def spared(self, url: sa.URL) -> dict[str, Any]:
        """Return settings that prevent unneeded queries of SQLAlchemy."""

    def for_a_run(self, engine: sa.Engine) -> sa.Engine:
        """Prepare the engine of a run."""

    def for_an_application(self, engine: sa.Engine, kw: dict[str, Any], *, write_ahead: bool) -> sa.Engine:
        """Prepare the engine of an application, which was made with these arguments."""
