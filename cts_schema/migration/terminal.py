"""The output of ``alembic upgrade``, ``cts-schema upgrade`` and similar commands. Code gets a report instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TextIO

import sqlalchemy as sa

from cts_schema.database.options import Options
from cts_schema.exceptions import mask_url
from cts_schema.managed import managed_tables
from cts_schema.migration.report import Adopted, AppliedRevision, by_purpose
from cts_schema.migration.state import reading
from cts_schema.schema.scripts import ADOPTION_REVISION, head, revisions
from cts_schema.streams import written

_SIGNS = {"upgrade": "+", "downgrade": "-", "stamp": "="}


class Terminal:
    """Prints one line per revision, and at the end the status of the database."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Make a terminal.

        Args:
            write: prints one line.
        """
        self._print = write
        self._width = max(map(len, revisions().values()))

    @classmethod
    def of(cls, config: Any) -> Terminal | None:
        """Return the terminal of a command line, or None for a quiet command or a call from code."""
        options = config.cmd_opts
        if options is None or getattr(options, "quiet", False):
            return None
        return cls(partial(_print, config.stdout))

    def step(self, done: AppliedRevision) -> None:
        """Print a completed revision."""
        took = "stamped" if done.direction == "stamp" else f"{done.duration_ms:4.0f} ms"
        self._print(f"{_SIGNS[done.direction]} {done.revision}  {done.name:{self._width}}  {took:>7}")

    def waiting(self, cause: str) -> None:
        """Print the reason of a wait."""
        self._print(f"waiting for {cause}")

    def preserved(self, tables: Sequence[str], revision: str | None) -> None:
        """Print what is preserved for a later run, and what an upgrade could not restore."""
        for purpose, those in by_purpose(tables, revision).items():
            if those:
                self._print(f"{purpose}: {', '.join(those)}")

    def summary(
        self,
        connection: sa.Connection,
        options: Options,
        revision: str | None,
        applied: Sequence[AppliedRevision],
        healed: Sequence[str],
        adopted: Adopted | None = None,
    ) -> None:
        """Print what was adopted, and the status of the database."""
        if adopted is not None:
            for line in adoption_lines(adopted):
                self._print(f"  {line}")
        if healed:
            self._print(f"rows written again in schema_migrations: {', '.join(healed)}")
        if not applied:
            self._print("nothing to do")
        with reading(connection, options):
            tables = len(managed_tables() & set(sa.inspect(connection).get_table_names(schema=options.schema)))
        took = [done.duration_ms for done in applied if done.direction != "stamp"]
        if adopted is not None:  # the revisions that built the new tables are a part of it
            later = [done.duration_ms for done in applied if done.revision > ADOPTION_REVISION]
            took = [adopted.duration_ms, *later]
        seconds = sum(took) / 1000
        state = "no revision" if revision is None else f"revision {revision}"
        what = [
            f"{state} (head)" if revision == head() else state,
            f"{tables} table{'' if tables == 1 else 's'}",
            *([f"{seconds:.1f} s"] if seconds else []),
        ]
        self._print(f"{mask_url(connection.engine.url)}: {', '.join(what)}")


def _print(stream: TextIO, line: str) -> None:
    with written(stream):  # Alembic would silently lose the line
        print(line, file=stream, flush=True)


def adoption_lines(done: Adopted) -> Iterator[str]:
    """Yield the lines about an adoption."""
    tables = f"{done.tables} legacy table{'' if done.tables == 1 else 's'}"
    yield f"adopted {done.rows:,} rows of {tables}, verified, {done.duration_ms / 1000:.1f} s"
    if done.leftovers:
        whole = f" ({done.refused:,} whole rows)" if done.refused else ""
        yield f"{done.leftovers:,} leftovers are in adoption_leftovers{whole}"
    if done.backup is not None:
        yield f"backup of the legacy database: {done.backup}"
