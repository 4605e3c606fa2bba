"""Rows of unmanaged tables as they were before an adoption changed them: on PostgreSQL, which has no backup of them.

They are beside the legacy tables, in the legacy schema. What somebody has changed in such a row since stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from cts_schema.adoption.legacy.schema import exists, legacy_schema_name, record
from cts_schema.adoption.unmanaged.references import Table
from cts_schema.ddl.text import literal, quote, run

#: Columns beside those of the table: whether the row went, and what each of its references became.
MOVED, NEW = "cts_moved", "cts_new_"
_INDEX = "cts_changed_rows"
_STATES = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def preserve(connection: sa.Connection, changed: Sequence[tuple[Table, str, Sequence[str]]]) -> None:
    """Keep the rows that are to be changed, within the adoption's transaction.

    Args:
        connection: in which the legacy tables were moved, and no column of another table has become text yet.
        changed: tables, a query of their rows, and their referring columns.
    """
    if not changed:
        return
    schema = quote(legacy_schema_name(connection))
    index = f"{schema}.{_INDEX}"
    run(connection, f"CREATE TABLE {index} (copy text NOT NULL, about jsonb NOT NULL)")
    record(connection, "before", [f"DROP TABLE {index}"], content=("table", index))
    for number, (table, query, referring) in enumerate(changed):
        copy = f"{schema}.cts_changed_{number}"
        run(connection, f"CREATE TABLE {copy} AS {query}")
        record(connection, "before", [f"DROP TABLE {copy}"], content=("table", copy))
        about = {
            "table": table.name,
            "only": table.place,
            "columns": [quote(column.name) for column in table.columns.values() if not column.fixed],
            "key": [quote(name) for name in table.key],
            "referring": [quote(name) for name in referring],
        }
        run(connection, f"INSERT INTO {index} VALUES ({literal(copy)}, {literal(json.dumps(about))}::jsonb)")


def restore(connection: sa.Connection) -> None:
    """Bring the rows back, once their columns have their old types; the journal drops what was kept of them."""
    index = f"{quote(legacy_schema_name(connection))}.{_INDEX}"
    if not exists(connection, index):
        return
    changes: list[str] = []
    places: list[str] = []
    for copy, about in run(connection, f"SELECT copy, about::text FROM {index} ORDER BY copy").all():
        facts = json.loads(about)
        if exists(connection, facts["table"]):
            places.append(facts["table"])
            changes += _changes(copy, **facts)
    if changes:
        change(connection, places, changes)


def change(connection: sa.Connection, places: Sequence[str], statements: Sequence[str]) -> None:
    """Change tables by one statement, so that no foreign key between them is checked half way; no trigger fires."""
    with _triggers_off(connection, places):
        parts = ", ".join(f"c{number} AS ({one})" for number, one in enumerate(statements))
        run(connection, f"WITH {parts} SELECT 1")


@contextmanager
def _triggers_off(connection: sa.Connection, places: Sequence[str]) -> Iterator[None]:
    """Let no trigger and no rule of somebody's act on tables of PostgreSQL, for the time of the block."""
    tables = ", ".join(f"{literal(place)}::regclass" for place in places) or "1"
    found = run(
        connection,
        f"""
        WITH part AS (
          SELECT c.oid FROM pg_class c WHERE c.oid IN ({tables})
          UNION SELECT p.relid FROM pg_class c, pg_partition_tree(c.oid) p WHERE c.oid IN ({tables})),
        acting AS (
          SELECT tgrelid AS oid, 'TRIGGER' AS kind, tgname AS name, tgenabled AS state FROM pg_trigger
           WHERE NOT tgisinternal AND tgparentid = 0
          UNION ALL SELECT ev_class, 'RULE', rulename, ev_enabled FROM pg_rewrite WHERE ev_type <> '1')
        SELECT format('%I.%I', n.nspname, c.relname), a.kind, quote_ident(a.name), a.state::text
          FROM acting a JOIN part p ON p.oid = a.oid JOIN pg_class c ON c.oid = a.oid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE a.state <> 'D'""",
    ).all()
    for place, kind, name, _ in found:
        run(connection, f"ALTER TABLE {place} DISABLE {kind} {name}")
    yield
    if places:
        run(connection, "SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered while one of its keys is to be checked
    for place, kind, name, state in found:
        run(connection, f"ALTER TABLE {place} {_STATES[state]} {kind} {name}")


def _changes(
    copy: str, table: str, only: str, columns: list[str], key: list[str], referring: list[str]
) -> Iterator[str]:
    """Yield the statements that bring rows of a table back."""
    listed = ", ".join(columns)
    yield (f"INSERT INTO {table} ({listed}) OVERRIDING SYSTEM VALUE SELECT {listed} FROM {copy} WHERE {MOVED}")
    changed = [name for name in referring if name in columns]
    if not changed:
        return
    # Where a table has no key, any of the rows that look as this one was left will do.
    named = key if key and not set(key) & set(referring) else [name for name in columns if name not in referring]
    news = [f"{NEW}{number}" for number in range(len(referring))]
    now, then = (f"ROW({', '.join([*named, *ends])})::text" for ends in (referring, news))
    values = ", ".join(f"{name} = s.{name}" for name in changed)
    yield (
        f"UPDATE {only} AS c SET {values} FROM (SELECT tableoid AS o, ctid AS i, {now} AS looks, "
        f"row_number() OVER (PARTITION BY {now}) AS place FROM {only}) h JOIN (SELECT *, {then} AS looks, "
        f"row_number() OVER (PARTITION BY {then}) AS place FROM {copy} WHERE NOT {MOVED}) s USING (looks, place) "
        "WHERE c.tableoid = h.o AND c.ctid = h.i"
    )
