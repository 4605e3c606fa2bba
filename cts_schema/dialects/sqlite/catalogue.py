"""What a SQLite file knows about itself besides its schema."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cts_schema.ddl.foreign_keys import sqlite_foreign_keys
from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.facts import Counter, DeadRows, ForeignKey, Index, IndexUse, Size
from cts_schema.dialects.sqlite.sql import row_id

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
_INDEXES = """
SELECT m.name AS "table", i.name, i."unique", i.partial, x.sql
  FROM sqlite_master m, pragma_index_list(m.name) i JOIN sqlite_master x ON x.name = i.name
 WHERE m.type = 'table'
"""


def is_without_rowid(connection: sa.Connection, table: str) -> bool:
    """Return whether a table has no rowid: such a table is the index of its key, as SQLite lists it."""
    return run(connection, f"PRAGMA main.index_info({quote(table)})").first() is not None


def sizes(connection: sa.Connection, *, deep: bool) -> Sequence[Size]:
    """Return the size of each table; unless ``deep``, rows are the largest rowid, and bytes are not measured."""
    # A virtual table, which has no page, and a table WITHOUT ROWID have no cheap row count.
    named = run(
        connection,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND substr(name, 1, 7) <> 'sqlite_' "
        "ORDER BY name",
    ).scalars()
    tables = [name for name in named.all() if not is_without_rowid(connection, name)]
    measured = deep and run(connection, "SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')").scalar()
    pages = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1"
    bytes_ = dict(map(tuple, run(connection, pages))) if measured else {}
    return [Size(table, _rows(connection, table, deep), bytes_.get(table)) for table in tables]


def _rows(connection: sa.Connection, table: str, deep: bool) -> int:
    columns = run(connection, f"SELECT lower(name) FROM pragma_table_xinfo({literal(table)})").scalars().all()
    rows = "count(*)" if deep else f"coalesce(max({row_id(columns)}), 0)"
    return int(run(connection, f"SELECT {rows} FROM {quote(table)}").scalar_one())


def database_bytes(connection: sa.Connection) -> int:
    """Return the size of the file in bytes."""
    return int(run(connection, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").scalar_one())


def journal(connection: sa.Connection) -> str | None:
    """Return the journal mode of the file."""
    return str(run(connection, "PRAGMA journal_mode").scalar_one())


def dead_rows(connection: sa.Connection) -> Sequence[DeadRows]:
    """Return nothing: SQLite reuses the pages of deleted rows."""
    return ()


def indexes(connection: sa.Connection) -> Sequence[Index]:
    """Return the indexes of all tables."""
    found = []
    for table, name, unique, partial, text in run(connection, _INDEXES).all():
        columns = run(connection, f'SELECT name, "desc", coll FROM pragma_index_xinfo({literal(name)}) WHERE key').all()
        parts = tuple(map(str, columns))
        # SQLite shows no name for an expression, so the statement identifies it.
        parts += (text,) if any(column.name is None for column in columns) else ()
        predicate = " ".join(text.split()).partition(" WHERE ")[2] if partial else ""
        title = None if text is None else name
        found.append(Index(table, title, columns[0].name, parts, predicate, bool(unique), key=text is None))
    return found


def index_use(connection: sa.Connection) -> Sequence[IndexUse]:
    """Return nothing: SQLite keeps no statistics."""
    return ()


def statistics_since(connection: sa.Connection) -> str | None:
    """Return None: SQLite keeps no statistics."""
    return None


def foreign_keys(connection: sa.Connection) -> Sequence[ForeignKey]:
    """Return the foreign keys of all tables; the parent has the spelling of its table."""
    tables = run(connection, _TABLES).scalars().all()
    spelled = {name.lower(): name for name in tables}
    found = []
    for table in tables:
        for key in sqlite_foreign_keys(connection, table):
            parent = spelled.get(key.parent.lower(), key.parent)
            meant = key.parent_columns or _primary_key(connection, parent) or key.columns
            columns = [(one, other.lower()) for one, other in zip(key.columns, meant, strict=False)]
            found.append(ForeignKey(f"the key to {parent}", table, table, quote(table), columns, parent))
    return found


def _primary_key(connection: sa.Connection, table: str) -> Sequence[str]:
    query = f"SELECT name FROM pragma_table_xinfo({literal(table)}) WHERE pk > 0 ORDER BY pk"
    return run(connection, query).scalars().all()


def sequences(connection: sa.Connection) -> Sequence[Counter]:
    """Return nothing: SQLite takes the next number from the table."""
    return ()


def triggers(connection: sa.Connection, table: str) -> Sequence[tuple[str, str]]:
    """Return, for each trigger, the statements that drop and recreate it: SQLite cannot disable triggers."""
    made = run(
        connection,
        f"SELECT name, sql FROM sqlite_master WHERE tbl_name = {literal(table)} COLLATE NOCASE "
        "AND type = 'trigger' ORDER BY rowid",
    )
    return [(f"DROP TRIGGER {quote(name)}", sql) for name, sql in made]
