"""What an adoption does differently on each database: a module of each phase, chosen once.

``engine.load`` is the module ``load/sqlite.py`` or ``load/postgresql.py``, and so with the other phases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from cts_schema import dialects

if TYPE_CHECKING:
    from cts_schema.adoption.convert.casts import Cast, Wish
    from cts_schema.adoption.convert.conversion import Conversion
    from cts_schema.adoption.legacy.preserved_tables import Loaded, PreservedTables
    from cts_schema.adoption.load.row_exceptions import RowExceptions
    from cts_schema.adoption.refusal import Refusal
    from cts_schema.adoption.survey.tables import LegacyColumn, LegacyTable, Survey
    from cts_schema.adoption.unmanaged.changed_keys import ChangedKeys
    from cts_schema.adoption.unmanaged.changes import Changes
    from cts_schema.adoption.unmanaged.references import Reference, Table
    from cts_schema.database.options import Options


class Surveying(Protocol):
    """Reads the catalogue."""

    def survey(self, connection: sa.Connection, version_table: str) -> Survey:
        """Return what a database has, with the number of rows; nothing is written."""


class Converting(Protocol):
    """Converts values, as SQL over the value ``o`` of an old column."""

    def prepare(self, connection: sa.Connection, version: tuple[int, ...]) -> None:
        """Let the session know the functions that the conversions call."""

    def as_json(self, column: LegacyColumn, o: str, version: tuple[int, ...]) -> str:
        """Return a value as JSON."""

    def cast(self, wish: Wish, old: LegacyColumn, o: str, version: tuple[int, ...]) -> Cast:
        """Return how a value becomes what a column of ours wants."""


class Comparison(Protocol):
    """Compares the values that were loaded with those of the old rows, as the database has stored them.

    An old column is taken as it is where nothing but its type has changed, so that the conversion is checked as well;
    else its converted values are. Of every difference AdoptionFailed is raised.
    """

    def numbers(self, conversion: Conversion) -> Mapping[str, str]:
        """Return which columns of a row of ours get a number by which it is compared, as SQL over the old row ``o``."""

    def add(self, rows: RowExceptions, finals: Mapping[str, str], loaded: int) -> None:
        """Compare so many rows of a source, or prepare that: ``finals`` is what was loaded, as SQL over ``o``."""

    def require_equal(self) -> None:
        """Compare what could not be compared source by source."""


class Loading(Protocol):
    """Loads rows."""

    def Comparison(self, connection: sa.Connection) -> Comparison:  # noqa: N802  a class
        """Return what compares the rows of this adoption."""

    def chunks(self, connection: sa.Connection, conversion: Conversion, rows: int, size: int) -> Iterator[str]:
        """Yield conditions that divide a table of so many rows."""

    def trial(self, connection: sa.Connection) -> AbstractContextManager[None]:
        """Undo all that the block does, in which temporary tables stand before others."""

    def make_readable(self, connection: sa.Connection, last: int) -> None:
        """Let every program read the leftovers after a last one."""


class Following(Protocol):
    """Reads unmanaged tables, and lets their references follow."""

    def Changes(self, engine: Engine, changed_keys: ChangedKeys, olds: Mapping[str, str]) -> Changes:  # noqa: N802
        """Return what becomes of the references, ``olds`` being where the legacy tables are, by our names."""

    def keys(self, connection: sa.Connection, old: Mapping[str, LegacyTable]) -> list[Reference]:
        """Return the foreign keys of unmanaged tables; ``old`` are the managed ones that are there, by our names."""

    def table(self, connection: sa.Connection, place: str) -> Table:
        """Return a table with what its rows must meet."""


class Dependents(Protocol):
    """What depends on the legacy tables of a database."""

    def refused(self, connection: sa.Connection, old: Collection[LegacyTable] = ()) -> list[Refusal]:
        """Try everything on an empty copy of the new schema; return what cannot be carried over.

        What was broken before stays as it is and is no refusal; neither is a trigger that only kept ``updated_at``,
        since ours do. ``old`` are the legacy tables, to look for what orders by size what was a number.
        """

    def detach(self, connection: sa.Connection) -> None:
        """Take off what would hinder the move of the legacy tables."""

    def attach(self, connection: sa.Connection, without: Collection[Refusal] = ()) -> list[Refusal]:
        """Put all on the new tables, without what a person has agreed to lose.

        Returns:
            What could not be carried over although the trial said it could: the caller rolls back.
        """

    def definition_of(self, refusal: Refusal) -> str:
        """Return how something that is left out was made, as far as the database knows."""


class Depending(Protocol):
    """Carries dependents over."""

    def read(self, connection: sa.Connection, tables: Sequence[str]) -> Dependents:
        """Return all that depends on legacy tables, by the names that the database has for them; nothing is locked."""


class Moving(Protocol):
    """Moves the legacy tables aside, and brings them back."""

    def PreservedTables(self, connection: sa.Connection, loaded: Loaded) -> PreservedTables:  # noqa: N802
        """Return the tables that a downgrade preserved."""

    def lock(self, connection: sa.Connection) -> Sequence[str]:
        """Keep everyone off the legacy tables, so that nothing is written between survey and move; return them."""

    def renaming(self, connection: sa.Connection) -> AbstractContextManager[object]:
        """Let tables be renamed in the block whatever others say of them."""

    def move(self, connection: sa.Connection, tables: Sequence[str]) -> dict[str, str]:
        """Move tables aside, by the names that the database has for them; return where each is now, as SQL.

        Raises:
            LegacySchemaTaken: PostgreSQL: the schema for them is there already.
        """

    def drop_moved(self, connection: sa.Connection, moved: Mapping[str, str]) -> None:
        """Drop the moved tables, where a backup has them."""

    def remember(self, connection: sa.Connection, version_table: str, copy: Path | None) -> None:
        """Write down what the new tables are, and which backup there is: an undo would lose what comes later."""

    def undo(self, connection: sa.Connection, options: Options, *, discard_new: bool) -> str:
        """Bring the legacy database back, and say in a sentence what was done."""

    def finalize(self, connection: sa.Connection, options: Options) -> Sequence[str]:
        """Drop the legacy tables that were kept, and return their names."""


class Engine:
    """The database of an adoption.

    Attributes:
        connection: to it.
        name: as SQLAlchemy says.
        version: as (15, 4).
        sql, loading: what any work on such a database needs.
    """

    survey: Surveying
    convert: Converting
    load: Loading
    unmanaged: Following
    dependents: Depending
    legacy: Moving

    def __init__(self, connection: sa.Connection) -> None:
        database = dialects.of(connection)
        self.connection, self.name, self.sql, self.loading = connection, database.name, database.sql, database.loading
        self.version = tuple(int(part) for part in connection.dialect.server_version_info or ())

    def __getattr__(self, phase: str) -> Any:
        """Import the module of a phase."""
        if phase not in Engine.__annotations__:
            raise AttributeError(phase)
        found = vars(self)[phase] = import_module(f"cts_schema.adoption.{phase}.{self.name}")
        return found


if TYPE_CHECKING:  # mypy compares the modules with their protocols
    from cts_schema.adoption.convert import postgresql as _convert_postgresql
    from cts_schema.adoption.convert import sqlite as _convert_sqlite
    from cts_schema.adoption.dependents import postgresql as _dependents_postgresql
    from cts_schema.adoption.dependents import sqlite as _dependents_sqlite
    from cts_schema.adoption.legacy import postgresql as _legacy_postgresql
    from cts_schema.adoption.legacy import sqlite as _legacy_sqlite
    from cts_schema.adoption.load import postgresql as _load_postgresql
    from cts_schema.adoption.load import sqlite as _load_sqlite
    from cts_schema.adoption.survey import postgresql as _survey_postgresql
    from cts_schema.adoption.survey import sqlite as _survey_sqlite
    from cts_schema.adoption.unmanaged import postgresql as _unmanaged_postgresql
    from cts_schema.adoption.unmanaged import sqlite as _unmanaged_sqlite

    surveying: tuple[Surveying, ...] = (_survey_postgresql, _survey_sqlite)
    converting: tuple[Converting, ...] = (_convert_postgresql, _convert_sqlite)
    loading: tuple[Loading, ...] = (_load_postgresql, _load_sqlite)
    following: tuple[Following, ...] = (_unmanaged_postgresql, _unmanaged_sqlite)
    depending: tuple[Depending, ...] = (_dependents_postgresql, _dependents_sqlite)
    moving: tuple[Moving, ...] = (_legacy_postgresql, _legacy_sqlite)
