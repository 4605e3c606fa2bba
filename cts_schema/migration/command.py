"""One upgrade or downgrade from code: an Alembic command that prints nothing, and runs one at a time."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from cts_schema.database.options import Options
from cts_schema.dialects.deadline import Deadline, pause
from cts_schema.exceptions import LockTimeout, UnknownRevision, mask_url
from cts_schema.migration.report import Report
from cts_schema.migration.state import at_head
from cts_schema.schema.scripts import head, script_location

if TYPE_CHECKING:
    from alembic.config import Config

    from cts_schema.migration.line import Line
    from cts_schema.migration.terminal import Terminal

# alembic.op and alembic.context are global: two commands in one process would use each other's connection, even
# on different databases.
_process_lock = threading.Lock()


def _unlock_in_child() -> None:
    global _process_lock
    _process_lock = threading.Lock()


os.register_at_fork(after_in_child=_unlock_in_child)


@contextmanager
def process_lock(connection: sa.Connection, wait: float) -> Iterator[None]:
    """Hold the lock of this process.

    Args:
        connection: of the run. A task waits by sleeping: otherwise it would block the event loop, and the task that
            holds the lock.
        wait: seconds.

    Raises:
        LockTimeout: another thread or task held it for too long.
    """
    lock, deadline = _process_lock, Deadline(wait)
    while not lock.acquire(timeout=0 if connection.dialect.is_async else wait):
        if deadline.passed or not connection.dialect.is_async:
            raise LockTimeout(holder=f"this process ({os.getpid()}), in another thread or task", waited=f"{wait:g} s")
        pause(connection, 0.01)
    try:
        yield
    finally:
        lock.release()


# Masking a URL takes a fifth of the time of the check for head, so it is done once per engine.
_masked_urls: WeakKeyDictionary[sa.Engine, str] = WeakKeyDictionary()


def masked_url(engine: sa.Engine) -> str:
    """Return the URL of ``engine`` with its credentials masked."""
    return _masked_urls.get(engine) or _masked_urls.setdefault(engine, mask_url(engine.url))


def quiet_config(**attributes: Any) -> Config:
    """Return the configuration of an Alembic command from code: it prints nothing, and reads no file."""
    from alembic.config import Config

    config = Config(stdout=io.StringIO(), output_buffer=io.StringIO())
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(attributes)
    return config


@dataclass
class Command:
    """An upgrade or downgrade, from its options to its report."""

    name: Literal["upgrade", "downgrade"]
    revision: str
    options: Options
    terminal: Terminal | None = None
    database: str = ""
    line: Line | None = None
    _found_at_head: str | None = None
    _started: float = field(default_factory=time.perf_counter)

    def has_nothing_to_do(self, connection: sa.Connection) -> bool:
        """Return whether the database is at head, without importing Alembic; see :func:`at_head`."""
        self.database = masked_url(connection.engine)
        if self.name != "upgrade" or self.revision != "head":
            return False
        if not at_head(connection, self.options):
            return False
        self._found_at_head = head()
        if self.terminal is not None:
            self.terminal.summary(connection, self.options, head(), (), ())
        return True

    def run(self, connection: sa.Connection, *, owned: bool) -> None:
        """Run on a connection; the caller holds the process lock.

        Args:
            connection: the database.
            owned: whether the connection is ours, so that the run log may use it after the run.
        """
        from alembic import command
        from alembic.util import CommandError

        from cts_schema.migration.line import Line

        self.line = Line(terminal=self.terminal)
        config = quiet_config(connection=connection, owned=owned, options=self.options, line=self.line)
        try:
            getattr(command, self.name)(config, self.revision)
        except CommandError as error:  # raised by Alembic before it reaches the line
            raise UnknownRevision(revision=self.revision, database=self.database, reason=str(error)) from error

    def report(self) -> Report:
        """Return what was done."""
        duration = (time.perf_counter() - self._started) * 1000
        if self.line is None:
            return Report(self.database, self._found_at_head, self._found_at_head, duration_ms=duration)
        return Report(
            database=self.database,
            before=self.line.before,
            after=self.line.after,
            applied=tuple(self.line.applied),
            healed=tuple(self.line.healed),
            duration_ms=duration,
            adopted=self.line.adopted,
            preserved=self.line.preserved,
        )
