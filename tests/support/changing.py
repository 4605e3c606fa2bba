"""A small schema that a test changes, and the way of a change: generated, up, down and up again, over rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from mako.template import Template

from cts_schema import ddl, dialects, downgrade, upgrade
from cts_schema.authoring.docstring import REASON, docstring
from cts_schema.authoring.generate import Generated, dropped_by, generate
from cts_schema.authoring.renames import requested
from cts_schema.database.engines import migration_engine
from cts_schema.ddl.text import quote
from cts_schema.schema.declared import replay
from cts_schema.schema.scripts import script_location
from cts_schema.schema.snapshot import differences
from tests.support.databases import Database
from tests.support.lines import Scripts, scripts_in_use

Item = Callable[[], Any]
Spec = dict[str, dict[str, Item]]
"""Tables by name, each with its columns, constraints and indexes by a name of the test's."""

NEEDED = {"alembic_version", "schema_migrations", "site_logs"}

Rows = Mapping[str, list[dict[str, Any]]]

_TEMPLATE = Template(filename=str(script_location() / "script.py.mako"))

BASE: Spec = {
    "boxes": {
        "id": ddl.text_id,
        "code": lambda: sa.Column("code", sa.String(20), nullable=False, unique=True),
        "size": lambda: sa.Column("size", sa.Integer(), nullable=False, server_default=sa.text("1")),
        "label": lambda: sa.Column("label", sa.Text()),
    },
    "things": {
        "id": ddl.text_id,
        "box_id": lambda: ddl.reference("box_id", "boxes", "CASCADE"),
        "name": lambda: sa.Column("name", sa.Text(), nullable=False),
        "state": lambda: ddl.enum("state", "new", "used", "broken", default="new"),
        "count": lambda: ddl.integer("count"),
        "price": lambda: ddl.money("price", default=0),
        "more": lambda: ddl.json("more"),
        "sold": lambda: ddl.flag("sold"),
        "made_at": lambda: ddl.timestamp("made_at", now=True),
        "updated_at": lambda: ddl.timestamp("updated_at", now=True),
        "sensible": lambda: sa.CheckConstraint("price >= 0", name="sensible"),
        "by box": lambda: sa.Index("ix_things_box_id", "box_id"),
        "one name": lambda: sa.UniqueConstraint("box_id", "name"),
    },
}
ROWS = (
    "INSERT INTO boxes (id, code, size, label) VALUES ('b1', '1.5', 1, '1.5'), ('b2', 'B', 2, NULL)",
    "INSERT INTO things (id, box_id, name, state, count, price, more, sold) VALUES "
    """('t1', 'b1', 'one', 'new', 1, 1.5, '{"a": 1}', true), ('t2', 'b1', 'two', 'used', 2, 0, NULL, false), """
    "('t3', NULL, 'three', 'broken', NULL, 0, '[]', false)",
)


def spec() -> Spec:
    """Return a copy of the schema, to be changed."""
    return {table: dict(items) for table, items in BASE.items()}


def metadata(of: Spec) -> sa.MetaData:
    """Return the metadata that models of this schema would have."""
    found = sa.MetaData(naming_convention=ddl.NAMING_CONVENTION)
    for name, items in of.items():
        made = [item() for item in items.values()]
        options = {option: value for one in made if isinstance(one, dict) for option, value in one.items()}
        ddl.complete_table(sa.Table(name, found, *(one for one in made if not isinstance(one, dict)), **options))
    return found


def text_of(made: Generated, number: str, previous: str, completed: Mapping[str, str] = {}) -> str:
    """Return the file of a generated revision, not formatted yet, with what its author writes."""
    parts = {"upgrades": made.upgrade, "downgrades": made.downgrade}
    text: str = _TEMPLATE.render(
        message=docstring("A change", made.upgrade, made.downgrade).replace(REASON, "so that it can be tried"),
        up_revision=number,
        down_revision=previous,
        imports="\n".join(sorted(made.imports)),
        **{name: indent("\n".join(lines), " " * 4).strip() for name, lines in parts.items()},
    )
    for column, value in completed.items():
        text = text.replace(f"{{{column!r}: ddl.TO_COMPLETE}}", f"{{{column!r}: {value}}}")
    return text


class Changing:
    """A database with rows in the tables of :data:`BASE`, and a line of revisions that changes them."""

    def __init__(self, database: Database, line: Scripts) -> None:
        self.database = database
        self.line = line
        text, self._now = _first()
        line.write("change", text)

    def generate(
        self,
        to: Spec,
        *,
        completed: Mapping[str, str] = {},
        renames: Collection[str] = (),
        dropped: Collection[str] = (),
    ) -> Generated:
        """Add the generated revision that leads to a schema, its values written by the author."""
        after = metadata(to)
        before = dropped_by(ScriptDirectory(str(self.line.folder)), self._now, after)
        known = requested(self._now, after, renames)
        made = generate(self._now, after, self.line.next, dropped=dropped, dropped_by=before, renames=known)
        text = text_of(made, self.line.next, self.line.head, completed)
        self.line.write("change", text)
        self._now = _declared(text, self._now)
        return made

    def upgrade(self) -> None:
        """Upgrade to the newest revision."""
        upgrade(self.database.engine)

    def downgrade(self, steps: int = 1) -> None:
        """Go back to the revision that is so many before the newest."""
        downgrade(self.database.engine, f"{int(self.line.head) - steps:03d}")

    def leads_both_ways(self, before: Spec, after: Spec, *, filled: Collection[str] = ()) -> Rows:
        """Check that the newest revision leads from a schema to another, back without a loss, and there again.

        Args:
            before: the schema before it.
            after: the schema after it.
            filled: the columns that its author fills, which the way back leaves as they are.

        Returns:
            The rows there.
        """
        rows = _without(self.rows(before), filled)
        self.upgrade()
        assert self.differences(after) == {}
        there = self.rows(after)
        self.downgrade()
        assert self.differences(before) == {}
        assert _without(self.rows(before), filled) == rows
        self.upgrade()
        assert self.differences(after) == {}
        assert self.rows(after) == there
        return there

    def rows(self, tables: Collection[str]) -> Rows:
        """Return the rows of tables, by their key."""
        found = {}
        with self.database.engine.connect() as connection:
            for table in tables:
                rows = connection.exec_driver_sql(f"SELECT * FROM {quote(table)} ORDER BY 1").mappings()
                found[table] = [dict(row) for row in rows]
        return found

    def differences(self, of: Spec) -> dict[str, str]:
        """Return how the tables of the database differ from a schema."""
        shape = dialects.named(self.database.kind).shape
        there, wanted = self.database.snapshot(), shape.expected(metadata(of))
        with self.database.engine.connect() as connection:
            found = differences(shape.worded(connection, wanted, there), there)
        return {name: how for name, how in found.items() if name.split(".")[0] in of}


def _without(rows: Rows, columns: Collection[str]) -> Rows:
    return {
        table: [{name: value for name, value in row.items() if name not in columns} for row in found]
        for table, found in rows.items()
    }


@cache
def _first() -> tuple[str, sa.MetaData]:
    """Return the revision that makes the tables of :data:`BASE`, and what it declares."""
    made = generate(sa.MetaData(naming_convention=ddl.NAMING_CONVENTION), metadata(BASE), "061")
    text = text_of(made, "061", "060")
    return text, _declared(text)


def _declared(text: str, onto: sa.MetaData | None = None) -> sa.MetaData:
    module: dict[str, Any] = {}
    exec(text, module)
    return replay([module["upgrade"]], onto=onto)


def prepare(url: sa.URL, folder: Path) -> None:
    """Leave of a database at head the tables that a run needs, and add those of :data:`BASE` with rows.

    Args:
        url: the database.
        folder: for the revisions.
    """
    with migration_engine(url).connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.rollback()
        for table in set(sa.inspect(connection).get_table_names()) - NEEDED:
            connection.exec_driver_sql(f"DROP TABLE {table}" + " CASCADE" * (connection.dialect.name != "sqlite"))
        connection.exec_driver_sql("DELETE FROM schema_migrations WHERE migration_id < 60")
        connection.commit()
    with Database(url) as database, changing(database, folder) as made:
        made.upgrade()
        for statement in ROWS:
            database.execute(statement)


@contextmanager
def changing(database: Database, folder: Path) -> Iterator[Changing]:
    """Begin a line of revisions on a prepared database.

    Args:
        database: the database.
        folder: where the revisions go.
    """
    with scripts_in_use(folder, short=True) as line:
        yield Changing(database, line)
