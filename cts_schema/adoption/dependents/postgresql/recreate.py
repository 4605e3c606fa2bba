"""Makes what depended on the legacy tables of PostgreSQL again, on tables of the same names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.adoption.dependents.postgresql.facts import Attachment, Facts, ForeignKey, Relation, Retyped
from cts_schema.adoption.dependents.postgresql.read import read_grants
from cts_schema.adoption.legacy.schema import record
from cts_schema.adoption.refusal import Refusal, is_refusal, reason, run_first_of
from cts_schema.ddl.text import literal, run


class Recreation:
    """Makes everything again, each thing in its own savepoint; the search path is set.

    In the trial it is given a schema of its own, where it makes copies of the other tables first. There it leaves out
    what has the schema in its name, because another schema has the same one: that would be the real thing.
    """

    def __init__(
        self,
        connection: sa.Connection,
        found: Facts,
        left_out: Collection[tuple[str, str]],
        scratch: str | None = None,
    ) -> None:
        self._connection = connection
        self._found = found
        self._left_out = left_out
        self._scratch = scratch
        self._hidden: set[str] = set()
        self._refusals: list[Refusal] = []
        if scratch is not None:
            self._hidden = {one.name for one in (*found.tables, *found.views, *found.others) if not one.visible}

    def all(self) -> list[Refusal]:
        """Do it; return what PostgreSQL refused."""
        self._tables()
        self._columns_and_keys()
        self._views()
        return self._refusals

    def _tables(self) -> None:
        found = self._found
        if self._scratch is not None:
            for other in found.others:
                self._try(other.kind, other.title, other.name, self._copy, other)
        for table in found.tables:
            self._try("privileges of", table.title, table.name, self._equip, table)

    def _columns_and_keys(self) -> None:
        found, texts = self._found, set[tuple[str, str] | None]({None})
        for column in found.retyped:
            if column.hindrance is None and column.follows in texts:
                name = f"{found.title(column.table)}.{column.column}"
                if self._try("column", name, column.table, self._retype, column):
                    texts.add((column.table, column.column))
        for key in found.foreign_keys:
            if not key.outward:
                self._try("foreign key", f"{key.name} of {found.title(key.table)}", key.table, self._refer, key)

    def _views(self) -> None:
        """Make the views, what acts on tables and views, and at last the rows of materialized views."""
        found, gone = self._found, set[str]()
        for view in found.views:
            if not self._try(view.kind, view.title, view.name, self._create, view, gone.intersection(view.reads)):
                gone.add(view.name)
        for one in found.attachments:
            name = f"{one.name} on {found.title(one.table)}"
            self._try(one.kind, name, one.table, self._attach, one, gone.intersection([one.table]))
        for view in found.views:
            if view.populated and view.kind == "materialized view" and view.name not in gone:
                self._try(view.kind, view.title, view.name, self._fill, view)

    def _try(
        self,
        kind: str,
        name: str,
        table: str,
        make: Callable[[Any], None],
        what: Any,
        missing: Collection[str] = (),
    ) -> bool:
        """Make something; return whether it is there now.

        Args:
            kind: of what is made.
            name: how it is called.
            table: what it is, or is of, as SQL.
            make: makes it.
            what: the argument of ``make``.
            missing: what it needs and is not there. The old one still is, in the trial, and would do instead.
        """
        if (kind, name) in self._left_out:
            return False
        if table in self._hidden:
            return True
        if missing:
            needed = ", ".join(sorted(map(self._found.title, missing)))
            self._refusals.append(Refusal(kind, name, f"it needs {needed}, which is refused"))
            return False
        try:
            with self._connection.begin_nested():
                make(what)
        except DBAPIError as error:
            if not is_refusal(error):
                raise
            self._refusals.append(Refusal(kind, name, reason(error)))
            return False
        return True

    def _run(self, *statements: str) -> None:
        for statement in statements:
            run(self._connection, statement)

    def _record(self, table: str, *statements: str) -> None:
        if self._scratch is None:
            record(self._connection, "after", statements, needs=table)

    def _copy(self, other: Relation) -> None:
        self._run(f"CREATE TABLE {self._scratch}.{other.own_name} (LIKE {other.place} INCLUDING ALL)")

    def _equip(self, relation: Relation) -> None:
        """Give a table or view its owner, grants and comments; a table its row level security."""
        kind = relation.kind.upper()
        self._run(f"ALTER {kind} {relation.name} OWNER TO {relation.owner}")
        columns = self._columns(relation)
        self._grant(relation, columns)
        for column, comment in relation.comments:
            if column is None:
                self._run(f"COMMENT ON {kind} {relation.name} IS {comment}")
            elif column in columns:
                self._run(f"COMMENT ON COLUMN {relation.name}.{column} IS {comment}")
        for guard, on in zip(("ENABLE", "FORCE"), relation.guarded, strict=True):
            if on:
                self._run(f"ALTER TABLE {relation.name} {guard} ROW LEVEL SECURITY")

    def _columns(self, relation: Relation) -> set[str]:
        of = f"attrelid = {literal(relation.name)}::regclass AND attnum > 0 AND NOT attisdropped"
        return set(run(self._connection, f"SELECT quote_ident(attname) FROM pg_attribute WHERE {of}").scalars())

    def _grant(self, relation: Relation, columns: Collection[str]) -> None:
        """Let the roles do what they could; what default privileges gave beyond that is taken."""
        given = {one for _, one in read_grants(self._connection, f"c.oid = {literal(relation.name)}::regclass")}
        if given == relation.grants:
            return
        for role in sorted({one.role for one in given}):
            self._run(f"REVOKE ALL ON {relation.name} FROM {role}")
        for one in sorted(relation.grants, key=repr):
            if one.column is None or one.column in columns:
                on = one.privilege if one.column is None else f"{one.privilege} ({one.column})"
                option = " WITH GRANT OPTION" if one.grantable else ""
                self._run(f"GRANT {on} ON {relation.name} TO {one.role}{option}")

    def _retype(self, column: Retyped) -> None:
        alter = f"ALTER TABLE {column.table} ALTER COLUMN {column.column}"
        # A default is not always cast by itself.
        to_text = [f"{alter} DROP DEFAULT", f"{alter} TYPE text USING {column.text}"]
        back = [f"{alter} DROP DEFAULT", f"{alter} TYPE {column.type} USING {column.column}::{column.type}"]
        if column.default is not None:
            to_text.append(f"{alter} SET DEFAULT ({column.default})::text")
            back.append(f"{alter} SET DEFAULT {column.default}")
        self._run(*to_text)
        self._record(column.table, *back)

    def _refer(self, key: ForeignKey) -> None:
        run_first_of(self._connection, add_key(key))
        self._record(key.table, drop_key(key))

    def _create(self, view: Relation) -> None:
        kind = view.kind.upper()
        place = view.place if self._scratch is None else f"{self._scratch}.{view.own_name}"
        create = f"CREATE {kind} {place}{query(view)}"
        if view.kind == "materialized view":
            create += " WITH NO DATA"
        self._run(create)
        self._record(place, f"DROP {kind} {place}")
        for column, default in view.defaults:
            self._run(f"ALTER VIEW {view.name} ALTER COLUMN {column} SET DEFAULT {default}")
        self._run(*(definition for _, definition in view.indexes))
        self._equip(view)

    def _fill(self, view: Relation) -> None:
        """Fill a materialized view: as the last thing, since its owner sees what policies let him see."""
        self._run(f"REFRESH MATERIALIZED VIEW {view.name}")

    def _attach(self, one: Attachment) -> None:
        self._run(*one.make)
        if one.elsewhere:
            self._record(one.table, one.drop)


def query(view: Relation) -> str:
    """Return the end of the statement that creates a view: its options and its query."""
    options = f" WITH ({', '.join(view.options)})" if view.options else ""
    return f"{options} AS {view.definition}"


def add_key(key: ForeignKey) -> Sequence[str]:
    """Return how a foreign key may come back, the better way first: no row is lost over it."""
    add = f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}"
    return (add, f"{add} NOT VALID") if key.validated else (f"{add} NOT VALID", add)


def drop_key(key: ForeignKey) -> str:
    """Return the statement that drops a foreign key."""
    return f"ALTER TABLE {key.table} DROP CONSTRAINT IF EXISTS {key.name}"
