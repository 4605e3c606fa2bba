"""Column types that store the same thing on SQLite and on PostgreSQL.

Each type says what reaches the database and what comes back; nothing is rounded, shifted or reinterpreted silently.
A revision that uses a type relies on it for ever: the meaning of a class here never changes, a new need is a new class.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import TypeCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

# A double holds every decimal number of up to this many significant digits exactly (IEEE 754; sqlite.org/floatingpoint).
SQLITE_EXACT_DIGITS = 15


class ExactNumeric(TypeDecorator[Decimal]):
    """NUMERIC(precision, scale) that is a ``Decimal`` in Python on both databases.

    SQLite keeps numbers as 64-bit integers or doubles. A value is therefore bound as the shortest double that stands
    for it, and read back through its shortest representation, which gives the same digits up to 15 significant ones.

    Args:
        precision: digits in all.
        scale: digits after the point. Binding more digits rounds half away from zero, as PostgreSQL does.

    Raises:
        ValueError: (wrapped in StatementError) a value that is no finite number, that has more digits before the point
            than the column holds, or, on SQLite, one of more than 15 significant digits.
    """

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale
        self._step = Decimal(1).scaleb(-scale)
        self._limit = Decimal(1).scaleb(precision - scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            # asdecimal=False keeps SQLAlchemy from warning that the driver knows no Decimal: this class converts.
            return dialect.type_descriptor(sqlite.NUMERIC(self.precision, self.scale, asdecimal=False))
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        number = self._quantize(value)
        if dialect.name != "sqlite":
            return number
        if len(number.normalize().as_tuple().digits) > SQLITE_EXACT_DIGITS:
            raise ValueError(
                f"{number} has more than {SQLITE_EXACT_DIGITS} significant digits: SQLite would round it; "
                "use PostgreSQL for such values, or round it yourself"
            )
        return float(number)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        # The old application could store any text in a NUMERIC column of SQLite; a wrong word must not become a number.
        try:
            return Decimal(str(value)).quantize(self._step, ROUND_HALF_UP)
        except InvalidOperation:
            raise ValueError(f"{value!r} is not a number") from None

    def _quantize(self, value: Any) -> Decimal:
        try:
            number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
        except (InvalidOperation, TypeError, ValueError):
            raise ValueError(f"{value!r} is not a number") from None
        if not number.is_finite():
            raise ValueError(f"{value!r} is not a finite number")
        if abs(number) >= self._limit:
            raise ValueError(f"{value!r} does not fit into NUMERIC({self.precision}, {self.scale})")
        rounded = number.quantize(self._step, ROUND_HALF_UP)
        if abs(rounded) >= self._limit:
            raise ValueError(f"{value!r} does not fit into NUMERIC({self.precision}, {self.scale})")
        return rounded

    def __repr__(self) -> str:
        return f"ExactNumeric({self.precision}, {self.scale})"


class Timestamp(TypeDecorator[datetime]):
    """A moment: timestamptz on PostgreSQL, text ``YYYY-MM-DD HH:MM:SS[.ffffff]`` in UTC on SQLite.

    The text form is that of ``CURRENT_TIMESTAMP``, so that both sort together. The ``T...Z`` form, which the old
    application wrote too, is understood when read. What comes back is always aware, in UTC.

    Raises:
        ValueError: (wrapped in StatementError) a naive datetime is bound, or the stored text is no time.
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
        if value.tzinfo is None or value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone: use datetime.now(UTC) or .replace(tzinfo=UTC)")
        moment = value.astimezone(UTC)
        if dialect.name == "sqlite":
            return moment.replace(tzinfo=None).isoformat(sep=" ")
        return moment

    def process_literal_param(self, value: datetime | None, dialect: Dialect) -> str:
        bound = self.process_bind_param(value, dialect)
        return "NULL" if bound is None else f"'{bound}'"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def __repr__(self) -> str:
        return "Timestamp()"


class _JsonText(sqlite.JSON):
    """JSON in a TEXT column: the declared type JSON would have numeric affinity and turn ``"5"`` into a number."""


@compiles(_JsonText, "sqlite")
def _json_text(type_: _JsonText, compiler: TypeCompiler, **kw: Any) -> str:
    return "TEXT"


class Json(TypeDecorator[Any]):
    """JSON: JSONB on PostgreSQL, checked TEXT on SQLite. ``None`` is SQL NULL; path operators work on both."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_JsonText(none_as_null=True))
        return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self.impl_instance.coerce_compared_value(op, value)

    def __repr__(self) -> str:
        return "Json()"


class Word(TypeDecorator[str]):
    """TEXT restricted to a list of words by a CHECK constraint, which :func:`complete_table` adds.

    Args:
        words: the words allowed, at least one.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, *words: str) -> None:
        super().__init__()
        self.words = words

    def __repr__(self) -> str:
        return f"Word({', '.join(map(repr, self.words))})"


class BigInt(TypeDecorator[int]):
    """A 64-bit integer: BIGINT on PostgreSQL; INTEGER on SQLite, where only that word makes a rowid alias."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())

    def __repr__(self) -> str:
        return "BigInt()"


#: What a revision may name, and autogenerate writes as ``cts_ddl.<repr>``.
TYPES: tuple[type[TypeDecorator[Any]], ...] = (ExactNumeric, Timestamp, Json, Word, BigInt)
