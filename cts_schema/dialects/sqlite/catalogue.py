"""What a SQLite file knows about itself besides its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cts_schema.ddl.text import literal, quote, run
from cts_schema.dialects.facts import Counter, DeadRows, Fingerprint, ForeignKey, Index, IndexUse, Size
from cts_schema.dialects.sqlite.sql import row_id


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


def dead_rows(connection: sa.Connection) -> Sequence[DeadRows]:
    """Return nothing: SQLite reuses the pages of deleted rows."""
    return ()


def indexes(connection: sa.Connection, schema: Fingerprint) -> Sequence[Index]:
    """Return the indexes of all tables."""
    return list(_indexes(schema))


def _indexes(schema: Fingerprint) -> Iterator[Index]:
    for name, facts in schema.items():
        table = name.removeprefix("table ")
        for what, about in facts.items():
            if what.startswith("index "):
                unique, columns, partial, text = about
                predicate = text.partition(" WHERE ")[2] if partial else ""
                # SQLite shows no name for an expression, so the statement identifies it.
                parts = tuple(map(str, columns)) + ((text,) if any(part[0] is None for part in columns) else ())
                yield Index(table, what.removeprefix("index "), columns[0][0], parts, predicate, unique)
        for _, columns in facts.get("unique", ()):
            yield Index(table, None, columns[0][0], tuple(map(str, columns)), "", unique=True, key=True)


def index_use(connection: sa.Connection) -> Sequence[IndexUse]:
    """Return nothing: SQLite keeps no statistics."""
    return ()


def statistics_since(connection: sa.Connection) -> str | None:
    """Return None: SQLite keeps no statistics."""
    return None


def foreign_keys(connection: sa.Connection, schema: Fingerprint) -> Sequence[ForeignKey]:
    """Return the foreign keys of all tables; the parent has the spelling of its table."""
    tables = {what.removeprefix("table ").lower(): what.removeprefix("table ") for what in schema}
    found = []
    for what, facts in schema.items():
        for parts in facts.get("foreign keys", ()):
            table, parent = what.removeprefix("table "), parts[0][2]
            name, parent = f"the key to {parent}", tables.get(parent.lower(), parent)
            own, meant = [part[0] for part in parts], [part[1] for part in parts]
            if None in meant:
                meant = _primary_key(schema.get(f"table {parent}", {})) or own
            columns = [(one, other.lower()) for one, other in zip(own, meant, strict=False)]
            found.append(ForeignKey(name, table, table, quote(table), columns, parent))
    return found


def _primary_key(facts: Mapping[str, Any]) -> list[str]:
    columns = [(about[3], what.removeprefix("column ")) for what, about in facts.items() if what[:7] == "column "]
    return [name for place, name in sorted(columns) if place]


def sequences(connection: sa.Connection) -> Sequence[Counter]:
    """Return nothing: SQLite takes the next number from the table."""
    return ()


def triggers(connection: sa.Connection, schema: Fingerprint, table: str) -> Sequence[tuple[str, str]]:
    """Return, for each trigger, the statements that drop and recreate it: SQLite cannot disable triggers."""
    made = run(
        connection,
        f"SELECT name, sql FROM sqlite_master WHERE tbl_name = {literal(table)} COLLATE NOCASE "
        "AND type = 'trigger' ORDER BY rowid",
    )
    return [(f"DROP TRIGGER {quote(name)}", sql) for name, sql in made]
