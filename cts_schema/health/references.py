"""Orphans: rows that refer to a row that is not there, by a foreign key or by a column that only means one.

Without ``deep`` the cost is bounded. Where an index begins with the column, its different values are looked up, each by
one step in the index, however many rows have it; else the first rows of the table are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cts_schema.ddl.text import quote
from cts_schema.health import indexes
from cts_schema.health.look import PROBE, Look
from cts_schema.health.report import EXAMPLES, Finding
from cts_schema.models import Base


@dataclass(frozen=True)
class Reference:
    """A column whose values are keys of other tables.

    Attributes:
        table: the table of the column.
        column: the column.
        parents: table and column that a value may be in, any of them.
        on_delete: what the models do when the parent goes; None for nothing.
        declared: whether the models have a foreign key.
    """

    table: str
    column: str
    parents: tuple[tuple[str, str], ...]
    on_delete: str | None = None
    declared: bool = True


@dataclass(frozen=True)
class Foreign:
    """A foreign key to a table of the models that the models do not have.

    Attributes:
        name: the table that it is in, None of one in another schema.
        title: the table as a person calls it.
        child: the table as SQL.
        columns: each of its columns with the one that it refers to.
        parent: the table of the models.
        validated: whether the database makes sure that all rows meet it.
    """

    name: str | None
    title: str
    child: str
    columns: list[tuple[str, str]]
    parent: str
    validated: bool = False

    @property
    def where(self) -> str:
        """The table with its columns, as a person calls them."""
        return f"{self.title}.{', '.join(own for own, _ in self.columns)}"


# What the models describe in words only. Other columns named ..._id hold identifiers of an exchange, keys that a
# generator gives, or refer to tables that are not of this package.
WITHOUT_CONSTRAINT = (
    Reference("exchange_connections", "user_id", (("users", "id"),), declared=False),
    Reference(
        "exchange_position_coordination_log",
        "exchange_position_id",
        (("active_exchange_positions", "id"),),
        declared=False,
    ),
    Reference("preset_trade_engine_state", "preset_id", (("presets", "id"), ("preset_types", "id")), declared=False),
    Reference("site_logs", "connection_id", (("exchange_connections", "id"),), declared=False),
    Reference("site_logs", "user_id", (("users", "id"),), declared=False),
)


def findings(look: Look) -> Iterator[Finding]:
    """Find orphans."""
    begun = indexes.covered(indexes.there(look))
    for reference in (*declared(look), *WITHOUT_CONSTRAINT):
        if not look.comparable((reference.table, reference.column), *reference.parents):
            continue  # told with the schema
        if look.deep:
            rows = look.rows(_all(reference))
        elif (reference.table, reference.column) in begun:
            rows = look.rows(_by_index(reference))
        else:
            rows = look.rows(_first_rows(reference))
        if rows:
            yield _finding(reference, rows, deep=look.deep)
    for one in foreign(look):
        if one.validated or one.name in look.tables:  # PostgreSQL makes sure of those that it has validated
            continue
        rows = look.rows(_of_other(look, one.child, one.columns, one.parent))
        if rows:
            yield Finding(
                "orphans",
                "warning",
                one.where,
                f"rows of an unmanaged table refer to {one.parent} that are not there"
                + ("" if look.deep else " (at least)"),
                count=sum(number for _, number in rows),
                examples=tuple(str(key) for key, _ in rows[:EXAMPLES]),
            )


def declared(look: Look) -> Iterator[Reference]:
    """Yield the foreign keys of the models, of tables that are there."""
    for name, table in look.tables.items():
        for constraint in table.foreign_key_constraints:
            (element,) = constraint.elements
            parent, _, column = element.target_fullname.rpartition(".")
            yield Reference(name, element.parent.name, ((parent, column),), constraint.ondelete)


def referring(look: Look, table: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each foreign key of SQLite to a table of the models, whoever has made it.

    It is the table that it is in, and each of its columns with the column that this one refers to.
    """
    own = [column.name for column in Base.metadata.tables[table].primary_key]
    for what, facts in look.schema.items():
        for parts in facts.get("foreign keys", ()):
            if parts[0][2].lower() == table:  # as somebody has written it; SQLite does not mind
                named = [part[1] and part[1].lower() for part in parts]
                columns = zip((part[0] for part in parts), own if None in named else named, strict=False)
                yield what.removeprefix("table "), list(columns)


def foreign(look: Look) -> Iterator[Foreign]:
    """Yield the foreign keys to tables of the models that the models do not have."""
    ours = {(one.table, one.column) for one in declared(look)}
    for one in _foreign_on_sqlite(look) if look.dialect == "sqlite" else _foreign_on_postgresql(look):
        if len(one.columns) > 1 or (one.name, one.columns[0][0]) not in ours:
            yield one


def _foreign_on_sqlite(look: Look) -> Iterator[Foreign]:
    for parent in look.tables:
        for table, columns in referring(look, parent):
            if all(look.has(parent, column) for _, column in columns):
                yield Foreign(table, table, quote(table), columns, parent)


def _foreign_on_postgresql(look: Look) -> Iterator[Foreign]:
    for row in look.rows(_FOREIGN_KEYS):
        if row.parent in look.tables:
            title, child = row.ours or f"{row.schema}.{row.name}", f"{quote(row.schema)}.{quote(row.name)}"
            columns = list(zip(row.columns, row.parent_columns, strict=True))
            yield Foreign(row.ours, title, child, columns, row.parent, validated=row.validated)


_FOREIGN_KEYS = """
SELECT n.nspname::text AS schema, c.relname::text AS name, p.relname::text AS parent,
       CASE WHEN n.nspname = current_schema() THEN c.relname END AS ours,
       array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i) AS columns,
       array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u (n, i)
               JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i) AS parent_columns,
       k.convalidated AS validated
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class p ON p.oid = k.confrelid
 WHERE k.contype = 'f' AND k.conparentid = 0 AND p.relnamespace = quote_ident(current_schema())::regnamespace
 ORDER BY 1, k.conname
"""


def _of_other(look: Look, child: str, columns: list[tuple[str, str]], parent: str) -> str:
    plain = "+" if look.dialect == "sqlite" else ""  # a foreign key compares the value as if its column had no type
    filled = " AND ".join(f"child.{quote(own)} IS NOT NULL" for own, _ in columns)
    found = " AND ".join(f"parent.{quote(key)} = {plain}child.{quote(own)}" for own, key in columns)
    rows = child if look.deep else f"(SELECT * FROM {child} LIMIT {PROBE})"
    return (
        f"SELECT child.{quote(columns[0][0])}, count(*) FROM {rows} AS child WHERE {filled} "
        f"AND NOT EXISTS (SELECT 1 FROM {quote(parent)} AS parent WHERE {found}) GROUP BY 1 ORDER BY 1"
    )


def _finding(reference: Reference, rows: list[tuple[Any, int]], *, deep: bool) -> Finding:
    parents = " or ".join(parent for parent, _ in reference.parents)
    count = sum(number for _, number in rows)
    message = f"rows refer to {parents} that are not there" + ("" if deep else " (at least)")
    return Finding(
        "orphans",
        "error" if reference.declared else "info",
        f"{reference.table}.{reference.column}",
        message if reference.declared else f"{message}; there is no foreign key, which is meant so",
        count=count,
        examples=tuple(str(key) for key, _ in rows[:EXAMPLES]),
        repair="cts-schema repair orphans --orphans quarantine" if reference.declared else None,
    )


def _gone(reference: Reference, key: str) -> str:
    return " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {quote(parent)} AS parent WHERE parent.{quote(column)} = {key})"
        for parent, column in reference.parents
    )


def _all(reference: Reference) -> str:
    column = quote(reference.column)
    return (
        f"SELECT child.{column}, count(*) FROM {quote(reference.table)} AS child "
        f"WHERE child.{column} IS NOT NULL AND {_gone(reference, f'child.{column}')} "
        "GROUP BY 1 ORDER BY 1"
    )


def _by_index(reference: Reference) -> str:
    """Return the missing keys, found by going from each value in the index to the next."""
    table, column = quote(reference.table), quote(reference.column)
    return (
        f"WITH RECURSIVE found(key, number) AS (SELECT min({column}), 1 FROM {table} UNION ALL "
        f"SELECT (SELECT min({column}) FROM {table} WHERE {column} > found.key), number + 1 FROM found "
        f"WHERE found.key IS NOT NULL AND number < {PROBE}) "
        f"SELECT found.key, 1 FROM found WHERE found.key IS NOT NULL AND {_gone(reference, 'found.key')} ORDER BY 1"
    )


def _first_rows(reference: Reference) -> str:
    table, column = quote(reference.table), quote(reference.column)
    return (
        f"SELECT child.key, count(*) FROM (SELECT {column} AS key FROM {table} LIMIT {PROBE}) AS child "
        f"WHERE child.key IS NOT NULL AND {_gone(reference, 'child.key')} GROUP BY 1 ORDER BY 1"
    )
