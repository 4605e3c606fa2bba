"""What ``alembic upgrade`` and its like print. From code nothing is printed: there is a report."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cts_schema.exceptions import mask_url
from cts_schema.migration.options import Options
from cts_schema.migration.report import AppliedRevision
from cts_schema.migration.scripts import head
from cts_schema.models import Base

_VERBS = {"upgrade": "", "downgrade": "undone", "stamp": "stamped"}


class Terminal:
    """One line for each revision, and one at the end."""

    def __init__(self, config: Any) -> None:
        self._config = config

    @classmethod
    def of(cls, config: Any) -> Terminal | None:
        """Return the terminal of a command line, or None where the command was called from code or is to be quiet."""
        options = config.cmd_opts
        return None if options is None or getattr(options, "quiet", False) else cls(config)

    def step(self, done: AppliedRevision) -> None:
        """Print a revision that has just been done."""
        verb = _VERBS[done.direction]
        took = "" if done.direction == "stamp" else f"{done.duration_ms:8.0f} ms"
        self._print(f"{done.revision}  {done.name:<44}{took}  {verb}".rstrip())

    def summary(
        self,
        connection: sa.Connection,
        options: Options,
        revision: str | None,
        applied: tuple[AppliedRevision, ...],
        healed: tuple[str, ...],
    ) -> None:
        """Print where the database stands now."""
        if healed:
            self._print(f"ledger rows written again: {', '.join(healed)}")
        where = "empty" if revision is None else f"{revision} (head)" if revision == head() else revision
        what = f"{sum(done.duration_ms for done in applied) / 1000:.2f} s" if applied else "nothing to do"
        tables = len(set(sa.inspect(connection).get_table_names(schema=options.schema)) & set(Base.metadata.tables))
        self._print(f"{where}   {mask_url(connection.engine.url)}   {tables} tables   {what}")

    def _print(self, line: str) -> None:
        self._config.print_stdout("%s", line)
