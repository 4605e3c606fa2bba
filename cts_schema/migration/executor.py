"""The executor of every run: exclusive access, transactions, and retries if a table is locked.

It gets exclusive access first, then plans the work. On SQLite one transaction does all that. On
PostgreSQL no query queues behind a run that waits for a table: the run gives up after seconds, and retries.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema import dialects
from cts_schema.database.options import Options
from cts_schema.dialects.deadline import Deadline, pause
from cts_schema.exceptions import DatabaseLocked, NextCommand, NextStep, mask_url

RETRIED = ("55P03", "40P01")  # lock_not_available, deadlock_detected (postgresql.org/docs/current/errcodes-appendix)


class Executor:
    """Runs the work of one run on a connection.

    Args:
        connection: in a transaction of the caller everything happens in that one, without retries.
        options: the options of the run.
        longer: the command to repeat with a longer wait, for errors.
        on_wait: called with the reason of a wait.
    """

    def __init__(
        self,
        connection: sa.Connection,
        options: Options,
        longer: NextCommand,
        on_wait: Callable[[str], None] = lambda cause: None,
    ) -> None:
        self.deadline = Deadline(options.wait)
        self._connection = connection
        self._options = options
        self._longer = longer
        self._on_wait = on_wait
        self._exclusive = dialects.of(connection).exclusive

    def in_one_transaction(self, work: Callable[[], None], *, rebuilds: bool = True) -> None:
        """Do work exclusively, in one transaction.

        Args:
            work: may be called again, after a rollback.
            rebuilds: whether it may rebuild tables of SQLite.

        Raises:
            DatabaseLocked: others held the lock of a table until the wait of the options was over.
            LockTimeout: another run did not end before that.
            TransactionRefused: that of the caller could lose rows.
        """
        connection = self._connection
        exclusive, joined = self._exclusive, connection.in_transaction()

        def once() -> None:
            with exclusive.transaction(connection, self._options, self.deadline, self._on_wait, rebuilds=rebuilds):
                work()

        with exclusive.transactions(connection):
            if joined:
                once()
            else:
                self.again(once)

    @property
    def takes_one_transaction(self) -> bool:
        """Whether the run must be one transaction: on SQLite, in that of the caller, and behind a pooling proxy."""
        return self._exclusive.takes_one_transaction(self._connection)

    def between_transactions(self) -> AbstractContextManager[None]:
        """Run exclusively for the time of the block, across transactions.

        Raises:
            LockTimeout: another run did not end before the wait of the options was over.
        """
        return self._exclusive.between_transactions(self._connection, self._options, self.deadline, self._on_wait)

    def again(self, work: Callable[[], None]) -> None:
        """Do work that begins and commits a transaction, and retry until it gets its locks.

        Raises:
            DatabaseLocked: others held the lock of a table until the wait of the options was over.
        """
        while not self._tried(work):
            pause(self._connection, min(0.5, self.deadline.remaining))

    def _tried(self, work: Callable[[], None]) -> bool:
        """Return False if it did not get a table lock in time, and was rolled back."""
        try:
            work()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in RETRIED:
                raise
            self._connection.rollback()
            if self.deadline.passed:
                raise self._locked() from error
            self._on_wait("a table that another session has locked; then the uncommitted steps are repeated")
            return False
        return True

    def _locked(self) -> DatabaseLocked:
        return DatabaseLocked(
            cause="other sessions held locks that the migration needs; what was not committed was rolled back",
            database=mask_url(self._connection.engine.url),
            waited=f"{self.deadline.seconds:g} s",
            next_step=NextStep("repeat when there is less traffic, or wait longer: {}", self._longer),
        )
