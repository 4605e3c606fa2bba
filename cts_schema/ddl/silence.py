"""Changes rows of a table without firing triggers and rules.

A revision that preserves, restores or fills a row does not change its meaning: ``updated_at`` stays as it is, and an
unmanaged trigger must neither silently skip the change nor make other changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cts_schema.ddl import sql
from cts_schema.ddl.text import literal, quote

_ENABLED = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@contextmanager
def quiet(table: str) -> Iterator[None]:
    """Disable the triggers and rules of ``table`` within the block; an offline script cannot see them."""
    if sql.offline():
        yield
        return
    silence, wake = _on_postgresql(table) if sql.on_postgresql() else _on_sqlite(table)
    for statement in silence:
        sql.execute(statement)
    yield
    for statement in wake:
        sql.execute(statement)


def require_none(table: str, condition: str, what: str) -> None:
    """Check that no row of ``table`` meets ``condition`` after a change.

    Args:
        table: the table's name.
        condition: the condition of a row that the change missed.
        what: the text about such rows in the error.

    Raises:
        ValueError: some do; has their number.
    """
    if sql.offline():
        return
    missed = sql.scalar(f"SELECT count(*) FROM {quote(table)} WHERE {condition}")
    if missed:
        raise ValueError(f"{missed} row{'s' * (missed > 1)} of {table} {what}")


def _on_postgresql(table: str) -> tuple[list[str], list[str]]:
    """Return statements that disable triggers and rules, and that restore their previous state."""
    name = literal(quote(table))
    found = sql.rows(
        f"SELECT 'TRIGGER ' || quote_ident(tgname), tgenabled::text FROM pg_trigger "
        f"WHERE tgrelid = {name}::regclass AND NOT tgisinternal AND tgenabled <> 'D' UNION ALL "
        f"SELECT 'RULE ' || quote_ident(rulename), ev_enabled::text FROM pg_rewrite "
        f"WHERE ev_class = {name}::regclass AND rulename <> '_RETURN' AND ev_enabled <> 'D'"
    )
    alter = f"ALTER TABLE {quote(table)}"
    silence = [f"{alter} DISABLE {what}" for what, _ in found]
    wake = [f"{alter} {_ENABLED[state]} {what}" for what, state in found]
    # A published table without a replica identity refuses every change of its rows.
    identity = sql.scalar(
        f"SELECT CASE relreplident WHEN 'n' THEN 'NOTHING' WHEN 'd' THEN 'DEFAULT' END FROM pg_class c "
        f"WHERE oid = {name}::regclass AND (relreplident = 'n' OR NOT EXISTS "
        f"(SELECT 1 FROM pg_index WHERE indrelid = c.oid AND indisprimary))"
    )
    if identity is not None:
        silence.append(f"{alter} REPLICA IDENTITY FULL")
        wake.append(f"{alter} REPLICA IDENTITY {identity}")
    return silence, wake


def _on_sqlite(table: str) -> tuple[list[str], list[str]]:
    found = sql.rows(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' "
        f"AND tbl_name = {literal(table)} COLLATE NOCASE ORDER BY rowid"
    )
    return [f"DROP TRIGGER {quote(name)}" for name, _ in found], [definition for _, definition in found]
