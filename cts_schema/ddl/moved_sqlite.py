"""Moves a table of SQLite away and back by a rename, with its triggers, indexes, rowids and counter.

Meanwhile its foreign keys name a parent that does not exist: otherwise they would delete preserved rows with their
parents, or prevent the delete. That changes only the text of the table, by the procedure of
sqlite.org/lang_altertable (section 7). Unmanaged views, triggers and foreign keys keep the name of the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable

from cts_schema.ddl import sql
from cts_schema.ddl.checks import parse_checks
from cts_schema.ddl.foreign_keys import ForeignKey, sqlite_foreign_keys
from cts_schema.ddl.in_memory import in_memory
from cts_schema.ddl.rewriting import rewrite
from cts_schema.ddl.text import create_table_of, literal, quote, token_texts, unquote

_HIDDEN = "cts_away "
# Skips strings and comments; a name may have any quotes of SQLite.
_REFERENCE = re.compile(
    r"""'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|\b(references\s+)("(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|'(?:[^']|'')*'|\w+)"""
    r"""|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]""",
    re.DOTALL | re.IGNORECASE,
)

# Features that no PRAGMA shows, and that only a table made by hand has.
_WORDS = ("COLLATE", "CONFLICT", "DEFERRABLE", "STRICT", "UPDATE", "WITHOUT")


def rename(table: str, to: str) -> None:
    """Rename a table, but not its name in other objects. A broken view does not prevent it."""
    with renaming(alone=True):
        sql.execute(f"ALTER TABLE {quote(table)} RENAME TO {quote(to)}")


def move_away(table: str, preserved: str) -> None:
    """Rename ``table`` to ``preserved`` and suspend its foreign keys."""
    rename(table, preserved)
    _rewrite(preserved, lambda name: quote(_HIDDEN + name))


def rename_back(table: str, preserved: str) -> None:
    """Rename ``preserved`` to ``table`` and restore its foreign keys."""
    _rewrite(preserved, _shown)
    rename(preserved, table)


def keys_of(table: str) -> list[ForeignKey]:
    """Return the foreign keys of ``table`` whose parent exists."""
    inspector = sa.inspect(op.get_bind())
    return [
        key
        if key.parent_columns
        else replace(key, parent_columns=tuple(inspector.get_pk_constraint(key.parent)["constrained_columns"]))
        for key in sqlite_foreign_keys(op.get_bind(), table)
        if sql.exists(key.parent)
    ]


def keys_to(table: str) -> list[tuple[str, ForeignKey]]:
    """Return the foreign keys of other tables to ``table``, each with its table as SQL."""
    others = sql.rows(f"SELECT name FROM sqlite_master WHERE type = 'table' AND name <> {literal(table)}")
    return [(quote(other), key) for (other,) in others for key in keys_of(other) if key.parent.lower() == table.lower()]


def has_additions(table: sa.Table) -> bool:
    """Return whether a table has a trigger, index, column or constraint that is not of its revision."""
    made, indexes = _as_made(table)
    there = {(name, _squeezed(definition)) for name, definition in definitions(table.name)}
    return not (_facts(op.get_bind(), table.name) <= made and there <= indexes)


def last_id(table: str) -> int | None:
    """Return the last id of AUTOINCREMENT, or None without a counter."""
    if not sql.scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')"):
        return None
    last: int | None = sql.scalar(f"SELECT max(seq) FROM sqlite_sequence WHERE name = {literal(table)}")
    return last


def definitions(table: str) -> list[tuple[str, str]]:
    """Return name and SQL of the indexes and triggers of ``table``."""
    found = sql.rows(
        f"SELECT name, sql FROM sqlite_master WHERE tbl_name = {literal(table)} COLLATE NOCASE "
        "AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type, rowid"
    )
    return [(name, definition) for name, definition in found]


def strip(table: str) -> list[tuple[str, str]]:
    """Drop the indexes and triggers of ``table``; return their names and SQL."""
    made = definitions(table)
    for found, definition in made:
        kind = "TRIGGER" if definition.split()[1].upper() in ("TRIGGER", "TEMP", "TEMPORARY") else "INDEX"
        sql.execute(f"DROP {kind} {quote(found)}")
    return made


def facts(table: str) -> set[tuple[object, ...]]:
    """Return the shape of ``table``: columns, keys, unique constraints, CHECKs, and whether it counts ids."""
    return _facts(op.get_bind(), table)


def fits(table: sa.Table) -> bool:
    """Return whether a restored table has everything that its revision defines; it may have more."""
    made, _ = _as_made(table)
    return made <= _facts(op.get_bind(), table.name)


def _as_made(table: sa.Table) -> tuple[set[tuple[object, ...]], set[tuple[str, str]]]:
    """Return the facts and the indexes of a table as its revision creates it."""
    with in_memory() as connection:
        connection.execute(CreateTable(table))
        for index in table.indexes:
            connection.execute(CreateIndex(index))
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        )
        return _facts(connection, table.name), {(name, _squeezed(definition)) for name, definition in rows}


def required(table: sa.Table) -> list[str]:
    """Return the existing columns of ``table`` that its revision requires a value in."""
    there = {name.lower() for (name,) in sql.rows(f"SELECT name FROM pragma_table_info({literal(table.name)})")}
    return [column.name for column in table.columns if not column.nullable and column.name.lower() in there]


def _facts(connection: sa.Connection, table: str) -> set[tuple[object, ...]]:
    quoted = quote(table)
    found: set[tuple[object, ...]] = set()
    for _, name, kind, required, default, key, _ in connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted})"):
        found.add(("column", name, kind.upper(), required, _bare(default), key))
    for key in sqlite_foreign_keys(connection, table):
        found.add(("key", key.columns, key.parent, key.on_delete))
    for _, name, unique, origin, _ in connection.exec_driver_sql(f"PRAGMA index_list({quoted})").all():
        if unique and origin != "c":
            parts = connection.execute(sa.text("SELECT name FROM pragma_index_info(:name)"), {"name": name}).scalars()
            found.add(("unique", tuple(parts)))
    definition = create_table_of(connection, table)
    found |= {("check", _squeezed(condition)) for _, condition in parse_checks(definition)}
    if "AUTOINCREMENT" in definition.upper():
        found.add(("counted",))
    return found | {("word", word) for one in token_texts(definition) if (word := one.upper()) in _WORDS}


def _bare(default: str | None) -> str | None:
    """A rebuild writes DEFAULT (CURRENT_TIMESTAMP), which means the same as without parentheses."""
    while default is not None and default.startswith("(") and default.endswith(")"):
        default = default[1:-1].strip()
    return default


def _squeezed(condition: str) -> str:
    return re.sub(r"\s+", " ", condition).replace('"', "")


def _shown(name: str) -> str:
    hidden = unquote(name)
    return hidden.removeprefix(_HIDDEN) if hidden.startswith(_HIDDEN) else name


def _rewrite(table: str, named: Callable[[str], str]) -> None:
    """Change the names of parents in the text of ``table``."""
    before = create_table_of(op.get_bind(), table)
    after = _REFERENCE.sub(lambda found: found[0] if found[1] is None else found[1] + named(found[2]), before)
    if after != before:
        rewrite(op.get_bind(), table, after)


@contextmanager
def renaming(*, alone: bool) -> Iterator[None]:
    """Make a rename change only the table, or also what refers to it.

    A run has foreign keys off; otherwise other keys would follow the table even alone.
    """
    legacy = sql.scalar("PRAGMA legacy_alter_table")
    sql.execute(f"PRAGMA legacy_alter_table = {'ON' if alone else 'OFF'}")
    try:
        yield
    finally:
        sql.execute(f"PRAGMA legacy_alter_table = {legacy}")
