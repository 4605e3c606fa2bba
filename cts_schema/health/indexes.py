"""Indexes: those that are invalid, there twice, or never used, and foreign keys that have none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from cts_schema.ddl.text import quote
from cts_schema.health.look import Look
from cts_schema.health.report import EXAMPLES, Finding, IndexUse, Severity
from cts_schema.models import Base

LARGE = 2**20
"""Bytes from which an index that is never used is worth telling of."""


@dataclass(frozen=True)
class Index:
    """An index that is there.

    Attributes:
        table: its table.
        name: its name; None where SQLite made it for a key.
        first: the column that it begins with, None for an expression.
        parts: what it orders by, with direction, collation and operators, in the words of the database.
        predicate: its WHERE; empty without.
        unique: whether it keeps values apart.
        valid: false where a concurrent build was cut short.
        key: whether it belongs to a constraint.
    """

    table: str
    name: str | None
    first: str | None
    parts: tuple[str, ...]
    predicate: str
    unique: bool
    valid: bool = True
    key: bool = False

    @property
    def ours(self) -> bool:
        """Whether the models have it."""
        table = Base.metadata.tables.get(self.table)
        return table is not None and (self.key or any(index.name == self.name for index in table.indexes))


def there(look: Look) -> list[Index]:
    """Return the indexes of all tables."""
    return list(_sqlite(look) if look.dialect == "sqlite" else _postgresql(look))


def findings(look: Look) -> Iterator[Finding]:
    """Find indexes that are invalid, superfluous or unused, and foreign keys whose parents are slow to delete."""
    found = there(look)
    for index in found:
        if not index.valid:
            yield Finding(
                "invalid-index",
                "error",
                f"{index.table}.{index.name}",
                "the index was not built to its end, and is not used",
            )
    duplicates = list(_duplicates(look, found))
    yield from duplicates
    yield from _extra(look, found, {finding.where for finding in duplicates})
    yield from _uncovered(look, found)
    yield from _unused(look, found)


def covered(found: list[Index]) -> set[tuple[str, str]]:
    """Return table and column of each index that finds any value of the column."""
    return {
        (index.table, index.first) for index in found if index.first is not None and index.valid and not index.predicate
    }


def statistics_since(look: Look) -> str | None:
    """Return since when PostgreSQL counts the use of indexes; it forgets after a crash, and on demand."""
    if look.dialect != "postgresql":
        return None
    # Where nobody has reset them, they are as old as the database, whose age the server does not tell.
    since = look.value("SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()")
    return None if since is None else f"{since:%Y-%m-%d %H:%M:%S}"


def use(look: Look) -> tuple[IndexUse, ...]:
    """Return how much each index is used; nothing on SQLite, which does not count."""
    if look.dialect != "postgresql":
        return ()
    query = (
        "SELECT relname, indexrelname, idx_scan, idx_tup_read, pg_relation_size(indexrelid) FROM pg_stat_user_indexes "
        "WHERE schemaname = current_schema() ORDER BY 1, 2"
    )
    return tuple(IndexUse(*row) for row in look.rows(query))


def _duplicates(look: Look, found: list[Index]) -> Iterator[Finding]:
    alike = defaultdict(list)
    for index in found:
        if index.valid:
            alike[index.table, index.parts, index.predicate].append(index)
    for (table, *_), group in alike.items():
        first, *others = sorted(group, key=lambda one: (not one.key, not one.unique, not one.ours, str(one.name)))
        for index in others:
            if index.ours or index.key:
                continue
            concurrently = "CONCURRENTLY " if look.dialect == "postgresql" else ""
            yield Finding(
                "duplicate-index",
                "warning",
                f"{table}.{index.name}",
                f"the same as {first.name or 'the index of a key'}, and every write pays for both",
                repair=f"DROP INDEX {concurrently}{quote(str(index.name))}",
            )


def _extra(look: Look, found: list[Index], told: set[str]) -> Iterator[Finding]:
    for index in found:
        where = f"{index.table}.{index.name}"
        if index.table in look.tables and index.valid and not index.key and not index.ours and where not in told:
            # One that is unique may refuse rows that the application writes; others are somebody's own affair.
            severity: Severity = "warning" if index.unique else "info"
            yield Finding("extra-index", severity, where, "the models have no such index")


def _uncovered(look: Look, found: list[Index]) -> Iterator[Finding]:
    begun = covered(found)
    for table, columns, name in _foreign_keys(look):
        model = Base.metadata.tables.get(table)
        if (table, columns[0]) in begun:
            continue
        if model is not None and any(next(iter(index.columns)).name == columns[0] for index in model.indexes):
            continue  # told with the schema: that index is missing, changed or invalid
        listed = ", ".join(map(quote, columns))
        yield Finding(
            "foreign-key-without-index",
            "info" if model is None else "warning",  # a table that is not ours is left alone
            f"{table}.{columns[0]}",
            f"no index begins with the columns of {name}: each delete of a parent reads the whole table",
            repair=f"CREATE INDEX ON {quote(table)} ({listed})"
            if look.dialect == "postgresql"
            else f"CREATE INDEX {quote(f'ix_{table}_{columns[0]}')} ON {quote(table)} ({listed})",
        )


def _foreign_keys(look: Look) -> Iterator[tuple[str, list[str], str]]:
    if look.dialect == "sqlite":
        for name, facts in look.schema.items():
            for parts in facts.get("foreign keys", ()):
                yield name.removeprefix("table "), [part[0] for part in parts], f"the key to {parts[0][2]}"
        return
    query = """
        SELECT c.relname, array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY n(number, place)
                                  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.number
                                 ORDER BY n.place), k.conname
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
         WHERE k.contype = 'f' AND k.conparentid = 0
           AND c.relnamespace = quote_ident(current_schema())::regnamespace
         ORDER BY c.relname, k.conname"""
    for table, columns, name in look.rows(query):
        yield table, columns, name


def _unused(look: Look, found: list[Index]) -> Iterator[Finding]:
    """Find large indexes that nobody has read. A unique one does its work whether it is read or not."""
    if look.dialect != "postgresql":
        return
    since = statistics_since(look)
    ours = {(index.table, index.name): index.ours for index in found}
    query = """
        SELECT s.relname AS table, s.indexrelname AS name, pg_relation_size(s.indexrelid) AS bytes
          FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
         WHERE s.idx_scan = 0 AND NOT i.indisunique AND i.indisvalid AND pg_relation_size(s.indexrelid) >= :large
           AND s.schemaname = current_schema()
         ORDER BY s.relname, s.indexrelname"""
    begun = f"since {since}" if since else "since the statistics of this server began"
    names = []
    for one in look.rows(query, large=LARGE):
        if ours.get((one.table, one.name), False):
            names.append(str(one.name))
            continue
        message, repair = f"{one.bytes:,} bytes, not read {begun}", f"DROP INDEX CONCURRENTLY {quote(one.name)}"
        yield Finding("unused-index", "info", f"{one.table}.{one.name}", message, repair=repair)
    if names:
        message = f"large indexes of the models, not read {begun}: the features that need them are not in use"
        yield Finding("unused-index", "info", "the schema", message, count=len(names), examples=tuple(names[:EXAMPLES]))


def _sqlite(look: Look) -> Iterator[Index]:
    for name, facts in look.schema.items():
        table = name.removeprefix("table ")
        for what, about in facts.items():
            if what.startswith("index "):
                unique, columns, partial, text = about
                predicate = text.partition(" WHERE ")[2] if partial else ""
                # Of an expression SQLite shows no name: then the statement itself tells it from others.
                parts = tuple(map(str, columns)) + ((text,) if any(part[0] is None for part in columns) else ())
                yield Index(table, what.removeprefix("index "), columns[0][0], parts, predicate, unique)
        for _, columns in facts.get("unique", ()):
            yield Index(table, None, columns[0][0], tuple(map(str, columns)), "", unique=True, key=True)


_POSTGRESQL = """
SELECT c.relname AS table, x.relname AS name, i.indisunique, i.indisvalid, m.amname,
       (SELECT a.attname FROM pg_attribute a
         WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND i.indkey[0] > 0) AS first,
       array(SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid, n, true), i.indoption[n - 1], i.indclass[n - 1],
                              i.indcollation[n - 1]) FROM generate_series(1, i.indnatts) n) AS parts,
       coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS predicate,
       EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) AS key
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_am m ON m.oid = x.relam
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
 ORDER BY c.relname, x.relname
"""


def _postgresql(look: Look) -> Iterator[Index]:
    for one in look.rows(_POSTGRESQL):
        first = one.first if one.amname == "btree" else None
        parts = (one.amname, *one.parts)
        yield Index(
            one.table, one.name, first, parts, one.predicate, one.indisunique, valid=one.indisvalid, key=one.key
        )
