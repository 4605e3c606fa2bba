"""Fills columns of existing rows, concurrently with traffic. See :mod:`.outside`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from cts_schema.ddl.outside import outside_transaction
from cts_schema.ddl.silence import quiet, require_none
from cts_schema.ddl.sql import empty, offline
from cts_schema.ddl.text import clause, quote
from cts_schema.ddl.to_complete import require_completed
from cts_schema.ddl.triggers import has_updated_at_trigger

_log = logging.getLogger(__name__)


def backfill(
    table: str,
    values: Mapping[str, Any],
    *,
    where: str,
    key: str = "id",
    batch: int = 1000,
    pause: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Fill columns of existing rows, on PostgreSQL one batch per transaction, so that rows are locked only briefly.

    It selects rows by a condition, so it resumes where it stopped. It skips rows that others have locked, and fills
    them last. New rows must already have a value, by a default or by the application: it ends when no row meets the
    condition.

    It keeps ``updated_at``, because nobody changed the row; only an offline script changes it. On PostgreSQL
    that costs a second update of each row, because dropping the trigger would lock the table.

    Args:
        table: the table's name.
        values: the new values by column name, plain or expressions like ``sa.text("quantity * price")``. A generated
            revision has ``ddl.TO_COMPLETE`` where only its author knows one.
        where: the condition of the rows to fill, which a filled row no longer meets.
        key: a unique column, whose index finds the batches.
        batch: rows per transaction.
        pause: seconds between transactions, so that replicas and vacuum keep up.
        progress: called with the number of filled rows after each batch; by default it is logged.

    Raises:
        ValueError: a filled row still meets the condition, so that the backfill would never end.
        RevisionIncomplete: a value is still ``ddl.TO_COMPLETE``.
    """
    if empty():
        return
    report = progress or (lambda filled: _log.info("backfill of %s: %d rows", table, filled))
    with outside_transaction() as outside:
        if outside and offline():
            op.execute(clause(_scripted(table, values, where, key, batch)))
        elif outside:
            _fill_by_batches(_Backfill(table, values, where, key), batch, pause, report)
        else:
            _fill_at_once(table, values, where, report)


def fill(table: str, values: Mapping[str, Any], *, where: str) -> None:
    """Fill columns of existing rows in the transaction of the revision: after other changes, or in a downgrade.

    Args:
        table: the table's name.
        values: the new values by column name, as for ``ddl.backfill``.
        where: the condition of the rows to fill, which a filled row no longer meets.

    Raises:
        ValueError: a filled row still meets the condition.
        RevisionIncomplete: a value is still ``ddl.TO_COMPLETE``.
    """
    if not empty():
        require_completed()
        _fill_at_once(table, values, where, lambda filled: None)


def _fill_at_once(table: str, values: Mapping[str, Any], where: str, report: Callable[[int], None]) -> None:
    update = sa.update(sa.table(table, *map(sa.column, values))).where(clause(where))
    if offline():
        op.execute(update.values(_literals(values)))
        return
    with quiet(table):
        report(op.get_bind().execute(update.values(dict(values))).rowcount)
    require_none(table, f"({where})", "still meet the condition of their backfill")


def _fill_by_batches(fill: _Backfill, batch: int, pause: float, report: Callable[[int], None]) -> None:
    filled, last = 0, None
    while True:
        # Waiting for one row without holding any can neither deadlock nor block others.
        keys = fill.next_batch(last, batch, wait=False) or fill.next_batch(None, 1, wait=True)
        if not keys:
            return
        filled, last = filled + len(keys), keys[-1]
        report(filled)
        if pause:
            # The server waits, so that an event loop is not blocked.
            op.get_bind().execute(sa.select(sa.func.pg_sleep(pause)))


class _Backfill:
    """A backfill, batch by batch."""

    def __init__(self, table: str, values: Mapping[str, Any], where: str, key: str) -> None:
        self._table = sa.table(table, *map(sa.column, {key, "updated_at", *values}))
        self._key = self._table.c[key]
        self._where = sa.literal_column(f"({where})", sa.Boolean())
        self._values = dict(values)
        self._stamped = "updated_at" not in values and has_updated_at_trigger(op.get_bind(), table)

    def next_batch(self, after: Any, limit: int, *, wait: bool) -> list[Any]:
        """Fill the next rows with a key after ``after``, in a transaction; return their keys in order."""
        connection = op.get_bind()
        due = sa.select(self._key).where(self._where).order_by(self._key).limit(limit)
        if after is not None:
            due = due.where(self._key > after)
        connection.exec_driver_sql("BEGIN")
        try:
            # The lock of an UPDATE that changes no key, so that foreign keys to these rows can be checked meanwhile.
            locked = due.with_for_update(key_share=True, skip_locked=not wait)
            keys = list(connection.execute(locked).scalars())
            if keys:
                self._fill(connection, self._key.in_(keys), len(keys))
        except BaseException:
            if not connection.invalidated:
                connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")
        return keys

    def _fill(self, connection: sa.Connection, those: sa.ColumnElement[bool], count: int) -> None:
        # The trigger ignores an update that sets updated_at itself: changed and changed back, it is as it was.
        moment, step = self._table.c.updated_at, sa.text("interval '1 microsecond'")
        moved = {moment: moment.op("+")(step)} if self._stamped else {}
        update = sa.update(self._table).where(those)
        # An unmanaged trigger may silently skip a row, and every next batch would find it again.
        filled = connection.execute(update.values({**self._values, **moved}).returning(self._where)).scalars().all()
        if any(filled) or len(filled) < count:
            raise ValueError(f"a row of {self._table.name} that the backfill has filled still meets its condition")
        if self._stamped:
            connection.execute(update.values({moment: moment.op("-")(step)}))


def _scripted(table: str, values: Mapping[str, Any], where: str, key: str, batch: int) -> str:
    statement = sa.update(sa.table(table, *map(sa.column, values))).values(_literals(values))
    compiled = str(statement.compile(dialect=op.get_context().dialect, compile_kwargs={"literal_binds": True}))
    name = quote(key)
    return f"""DO $backfill$ DECLARE last {quote(table)}.{name}%TYPE; BEGIN LOOP
  WITH batch AS (
    SELECT {name} FROM {quote(table)} WHERE ({where}) AND (last IS NULL OR {name} > last) ORDER BY {name} LIMIT {batch}
  ), filled AS ({compiled} WHERE {name} IN (SELECT {name} FROM batch))
  SELECT max({name}) INTO last FROM batch;
  EXIT WHEN last IS NULL;
  COMMIT;
END LOOP; END $backfill$"""


def _literals(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for a script, which writes them by their type."""
    return {name: value if isinstance(value, sa.ClauseElement) else sa.literal(value) for name, value in values.items()}
