"""Facts on PostgreSQL: taken off the legacy tables, and made again on the new ones.

The trial makes them in a schema of its own, which a savepoint takes away again, in the same way as it is done later in
earnest. It finds whatever the server says no to: a column that is gone, a type that does not fit, a missing privilege.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.dependents import by_size
from cts_schema.adoption.dependents.postgresql.facts import Facts, Relation
from cts_schema.adoption.dependents.postgresql.read import read_facts
from cts_schema.adoption.dependents.postgresql.recreate import Recreation, add_key, drop_key, query
from cts_schema.adoption.legacy.schema import (
    current_schema,
    is_taken,
    legacy_schema_name,
    lock,
    open_legacy_schema,
    record,
)
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.ddl import shorten
from cts_schema.ddl.text import literal, quote, run, unquote
from cts_schema.dialects.postgresql.lock import setting


def read(connection: sa.Connection, tables: Sequence[str]) -> Dependents:
    """Return all that depends on tables of the current schema; nothing is locked that would hinder anybody."""
    return Dependents(read_facts(connection, tables))


class Dependents:
    """All that depends on the legacy tables of a database.

    Args:
        found: what it is.
    """

    def __init__(self, found: Facts) -> None:
        self.found = found

    def refused(self, connection: sa.Connection, old: Collection[LegacyTable] = ()) -> list[Refusal]:
        """Try everything on an empty copy of the new schema; return what cannot be carried over."""
        numbers = by_size.numbers_to_text(old)
        for column in self.found.retyped:
            table = next(one.own_name for one in self.found.others if one.name == column.table)
            numbers.setdefault(unquote(table).lower(), set()).add(unquote(column.column).lower())
        views = {(view.kind, view.title): view.definition for view in self.found.views}
        ordering = by_size.refused(views, numbers)
        refusals = [*ordering, *_privileges(connection, self.found), *_hindrances(self.found)]
        if _may_create_schemas(connection):
            left_out = {(one.kind, one.name) for one in ordering}
            refusals += _tried(connection, self.found, left_out)
        return refusals

    def detach(self, connection: sa.Connection) -> None:
        """Take foreign keys and what acts on other tables off, and move the views out of the way.

        Raises:
            LegacySchemaTaken: the schema for the legacy tables is there already.
        """
        found = self.found
        with setting(connection, "search_path", found.path):
            # Views first: whoever reads one holds it before he asks for its tables.
            views = [view.name for view in found.views if view.kind == "view" and view.owned]
            lock(connection, [*views, *(one.name for one in (*found.tables, *found.others) if one.kind == "table")])
            legacy = open_legacy_schema(connection)
            for one in reversed(found.attachments):
                if one.elsewhere:
                    run(connection, one.drop)
                    record(connection, "before", one.make, needs=one.table)
            for key in found.foreign_keys:
                run(connection, drop_key(key))
                record(connection, "before", alternatives=add_key(key), needs=key.table)
            for sequence, column in found.sequences:
                run(connection, f"ALTER SEQUENCE {sequence} OWNED BY NONE")
                record(connection, "before", [f"ALTER SEQUENCE {sequence} OWNED BY {column}"], needs=sequence)
            for table in found.tables:
                if table.guarded[1]:
                    # Else its owner would not see all rows, and some would be left behind without a word.
                    run(connection, f"ALTER TABLE {table.name} NO FORCE ROW LEVEL SECURITY")
                    record(connection, "before", [f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY"])
            for view in found.views:
                if view.owned:  # else it was refused, and stays where it is, with the legacy tables
                    _move_view(connection, view, legacy)

    def attach(self, connection: sa.Connection, without: Collection[Refusal] = ()) -> list[Refusal]:
        """Make everything again on the new tables; return what was refused."""
        path, left_out = self.found.path, {(refusal.kind, refusal.name) for refusal in without}
        # The owner of a materialized view fills it with what policies let him see; the run may have made that an error.
        with setting(connection, "search_path", path), setting(connection, "row_security", "on"):
            return Recreation(connection, self.found, left_out).all()

    def definition_of(self, refusal: Refusal) -> str:
        """Return how something that is left out was made, as far as the database knows."""
        found = self.found
        made = {(view.kind, view.title): view.definition for view in found.views}
        for one in found.attachments:
            made[one.kind, f"{one.name} on {found.title(one.table)}"] = "; ".join(one.make)
        for column in found.retyped:
            default = "" if column.default is None else f" DEFAULT {column.default}"
            made["column", f"{found.title(column.table)}.{column.column}"] = f"{column.column} {column.type}{default}"
        for key in found.foreign_keys:
            made["foreign key", f"{key.name} of {found.title(key.table)}"] = add_key(key)[0]
        return made.get((refusal.kind, refusal.name), "")


def _move_view(connection: sa.Connection, view: Relation, legacy: str) -> None:
    """Move a view with its indexes, each under a name that has its schema: two schemas may have the same one."""
    kind = view.kind.upper()
    back = []
    for index, _ in view.indexes:
        name = _with_schema(view.schema, index)
        run(connection, f"ALTER INDEX {view.schema}.{index} RENAME TO {name}")
        back.append(f"ALTER INDEX {view.schema}.{name} RENAME TO {index}")
    name = _with_schema(view.schema, view.own_name)
    run(connection, f"ALTER {kind} {view.place} RENAME TO {name}")
    run(connection, f"ALTER {kind} {view.schema}.{name} SET SCHEMA {legacy}")
    back = [
        f"ALTER {kind} {legacy}.{name} SET SCHEMA {view.schema}",
        f"ALTER {kind} {view.schema}.{name} RENAME TO {view.own_name}",
        *back,
    ]
    legacy_place = f"{legacy}.{name}"
    record(connection, "before", back, needs=legacy_place, content=(view.kind, legacy_place))
    if view.hollow:
        # A column cannot become text as long as a view reads it.
        run(connection, f"CREATE OR REPLACE VIEW {legacy_place} AS {view.hollow}")
        restored = f"CREATE OR REPLACE VIEW {legacy_place}{query(view)}"
        record(connection, "before", alternatives=[restored, f"DROP VIEW {legacy_place}"])


def _with_schema(schema: str, name: str) -> str:
    return quote(shorten(".".join(map(unquote, (schema, name)))))


def _may_create_schemas(connection: sa.Connection) -> bool:
    query = "SELECT has_database_privilege(current_database(), 'CREATE')"
    return bool(connection.exec_driver_sql(query).scalar_one())


def _privileges(connection: sa.Connection, found: Facts) -> Iterator[Refusal]:
    legacy = quote(legacy_schema_name(connection))
    if not _may_create_schemas(connection):
        yield Refusal("schema", legacy, "the user may not create it: GRANT CREATE ON DATABASE is missing", True)
    elif is_taken(connection):
        yield Refusal("schema", legacy, "it is to hold the legacy tables, and is there already", True)
    for one in (*found.tables, *found.views, *found.others):
        if not one.owned:
            yield Refusal(
                one.kind, one.title, f"it belongs to {one.owner}, and the user is no member of that role", True
            )
        elif not one.creatable and one not in found.others:
            yield Refusal(
                one.kind, one.title, f"its owner {one.owner} may no longer create anything in {one.schema}", True
            )


def _hindrances(found: Facts) -> Iterator[Refusal]:
    for kind, name in found.bound:
        yield Refusal(kind, name, "it would stay with the legacy tables, and cannot be made again by itself")
    for column in found.retyped:
        if column.hindrance is not None:
            name = f"{found.title(column.table)}.{column.column}"
            yield Refusal("column", name, f"it must become text, but {column.hindrance}")


def _tried(connection: sa.Connection, found: Facts, left_out: Collection[tuple[str, str]]) -> list[Refusal]:
    """Make everything on an empty copy of the new schema; nothing of it remains."""
    schema = quote(current_schema(connection))
    trial = connection.begin_nested()
    try:
        scratch = "cts_trial_{}".format(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        run(connection, f"CREATE SCHEMA {scratch}")
        run(connection, f"GRANT ALL ON SCHEMA {scratch} TO PUBLIC")  # an owner must be able to have things there
        run(connection, f"SET LOCAL search_path TO {scratch}, {found.path}")
        target.create(connection)
        taken = _taken(connection, found, scratch, schema)
        recreation = Recreation(connection, found, {*left_out, *((one.kind, one.name) for one in taken)}, scratch)
        return [*taken, *recreation.all()]
    finally:
        trial.rollback()


def _taken(connection: sa.Connection, found: Facts, scratch: str, schema: str) -> list[Refusal]:
    """Return what stays in the schema and has a name that the new schema needs."""
    old = ", ".join(["1", *(f"{literal(table.place)}::regclass" for table in found.tables)])
    rows = run(
        connection,
        f"""
        WITH needed AS (
          SELECT c.relname AS name, CASE c.relkind WHEN 'i' THEN 'an index' ELSE 'a table' END AS kind
            FROM pg_class c
           WHERE c.relnamespace = '{scratch}'::regnamespace AND c.relkind <> 'S')
        SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence'
                 WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'index' END,
               quote_ident(c.relname), n.kind
          FROM pg_class c
          JOIN needed n ON n.name = c.relname
         WHERE c.relnamespace = {literal(schema)}::regnamespace AND c.oid NOT IN ({old})
           AND c.oid NOT IN (SELECT i.indexrelid FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
                              WHERE t.oid IN ({old}) OR starts_with(t.relname, 'cts_kept_')) -- those give way
         UNION ALL
        SELECT 'type', quote_ident(t.typname), n.kind
          FROM pg_type t
          JOIN needed n ON n.name = t.typname AND n.kind = 'a table'
         WHERE t.typnamespace = {literal(schema)}::regnamespace AND t.typrelid = 0 AND t.typcategory <> 'A'
         ORDER BY 1, 2""",
    )
    return [Refusal(kind, name, f"the new schema has {needed} of this name", True) for kind, name, needed in rows]
