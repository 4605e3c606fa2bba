"""Column types that store the same values on SQLite and on PostgreSQL.

Each type defines what is stored and what is read; nothing is rounded, shifted or reinterpreted silently.
Revisions rely on these types for ever: the meaning of a class never changes; for a new need add a class.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import TypeCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from cts_schema.ddl.numbers import ExactNumeric, FiniteNumeric

_LENGTHS = (19, 26)  # of YYYY-MM-DD HH:MM:SS, without and with microseconds


class Timestamp(TypeDecorator[datetime]):
    """A moment: timestamptz on PostgreSQL, text ``YYYY-MM-DD HH:MM:SS[.ffffff]`` in UTC on SQLite.

    The text form is that of ``CURRENT_TIMESTAMP``, so that both sort together. The ``T...Z`` form, which the old
    application also wrote, can be read. Results are always aware, in UTC.

    Raises:
        ValueError: the stored text is not a time; when bound (wrapped in StatementError) the datetime has no time zone,
            or the value is not a datetime.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise ValueError(f"{value!r} is not a datetime")
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone: use datetime.now(UTC) or .replace(tzinfo=UTC)")
        moment = value.astimezone(UTC)
        if dialect.name == "sqlite":
            return moment.replace(tzinfo=None).isoformat(sep=" ")
        return moment

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Return a function that binds a moment; one in UTC takes a short way."""
        on_sqlite = dialect.name == "sqlite"

        def bind(value: Any) -> Any:
            if type(value) is datetime and value.tzinfo is UTC:
                return value.isoformat(" ")[:-6] if on_sqlite else value
            return self.process_bind_param(value, dialect)

        return bind

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], datetime | None]:
        """Return a function that reads a moment; the form of CURRENT_TIMESTAMP takes a short way."""

        def read(value: Any) -> datetime | None:
            if type(value) is str and len(value) in _LENGTHS and value[10] == " ":
                try:
                    return datetime.fromisoformat(value + "+00:00")
                except ValueError:
                    pass
            return self.process_result_value(value, dialect)

        return read

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (OverflowError, TypeError, ValueError):  # its zone may move it before the year 1 or after 9999
            raise ValueError(f"{value!r} is not a time: YYYY-MM-DD HH:MM:SS, in UTC, is expected") from None

    def __repr__(self) -> str:
        return "Timestamp()"


class Json(TypeDecorator[Any]):
    """JSON: JSONB on PostgreSQL, checked TEXT on SQLite. ``None`` is SQL NULL; path operators work on both."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sqlite.JSON(none_as_null=True))
        return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self.impl_instance.coerce_compared_value(op, value)

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        # For offline scripts; SQLAlchemy itself writes no JSON into a statement.
        return "'" + json.dumps(value).replace("'", "''") + "'"

    def __repr__(self) -> str:
        return "Json()"


@compiles(Json, "sqlite")
def _json_text(type_: Json, compiler: TypeCompiler, **kw: Any) -> str:
    # Not JSON: that name has numeric affinity, which would store a JSON text like 1.10 as the number 1.1.
    return "TEXT"


class TextEnum(TypeDecorator[str]):
    """TEXT restricted to a list of values by a CHECK constraint, which :func:`complete_table` adds.

    Args:
        values: the allowed values, at least one.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, *values: str) -> None:
        super().__init__()
        self.values = values

    def __repr__(self) -> str:
        return f"TextEnum({', '.join(map(repr, self.values))})"


class BigInt(TypeDecorator[int]):
    """A 64-bit integer: BIGINT on PostgreSQL; INTEGER on SQLite, where only this name makes a rowid alias."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())

    def __repr__(self) -> str:
        return "BigInt()"


#: The types that a revision may use, which autogenerate writes as ``cts_ddl.<repr>``.
TYPES: tuple[type[TypeDecorator[Any]], ...] = (ExactNumeric, FiniteNumeric, Timestamp, Json, TextEnum, BigInt)
