"""Exact decimal numbers on SQLite and on PostgreSQL: money, quantities and ratios."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

# A double keeps every decimal number of up to this many significant digits (IEEE 754; sqlite.org/floatingpoint).
SQLITE_EXACT_DIGITS = 15

# Independent of the program's decimal context and its 28 digits.
_CONTEXT = Context(prec=1000, rounding=ROUND_HALF_UP)
_FACTOR_OPERATORS = {operators.mul, operators.truediv, operators.floordiv, operators.mod}


class _Arithmetic(TypeDecorator.Comparator[Decimal], sa.Numeric.Comparator[Decimal]):
    """Gives a calculation the finer scale of its columns; SQLAlchemy would use that of the right column."""

    def operate(self, op: OperatorType, *other: Any, **kwargs: Any) -> sa.ColumnElement[Any]:
        return _finer(super().operate(op, *other, **kwargs))

    def reverse_operate(self, op: OperatorType, other: Any, **kwargs: Any) -> sa.ColumnElement[Any]:
        return _finer(super().reverse_operate(op, other, **kwargs))


def _finer(result: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    if isinstance(result, sa.BinaryExpression) and isinstance(result.type, (ExactNumeric, _Factor)):
        sides: list[Any] = [result.left.type, result.right.type]
        finest: ExactNumeric = max(
            (side for side in sides if isinstance(side, ExactNumeric)), key=lambda side: side.scale
        )
        result.type = finest
    return result


class ExactNumeric(TypeDecorator[Decimal]):
    """NUMERIC(precision, scale) that is a ``Decimal`` in Python on both databases.

    SQLite keeps numbers as 64-bit integers or doubles. So a value is bound as the double nearest to
    it, and read through its shortest representation, which has the same digits up to 15 significant ones.
    A calculated result is rounded to the finer scale of its columns; a factor or divisor of a column
    is not rounded. SQLite calculates with doubles: use PostgreSQL or Python for exact sums of many rows.

    Args:
        precision: total digits.
        scale: digits after the point. More digits are rounded half away from zero, as PostgreSQL does.

    Raises:
        ValueError: the value is not a finite number; when bound (wrapped in StatementError) also if it has more digits
            before the point than the column holds, or, on SQLite, more than 15 significant digits.
    """

    impl = sa.Numeric
    cache_ok = True
    comparator_factory = _Arithmetic

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale
        self._step = Decimal(1).scaleb(-scale)
        self._limit = Decimal(1).scaleb(precision - scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            # asdecimal=False avoids a warning of SQLAlchemy about Decimal: this class converts.
            return dialect.type_descriptor(sqlite.NUMERIC(self.precision, self.scale, asdecimal=False))
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        number = self._quantize(value)
        if dialect.name != "sqlite":
            return number
        if len(number.normalize(_CONTEXT).as_tuple().digits) > SQLITE_EXACT_DIGITS:
            raise ValueError(
                f"{number} has more than {SQLITE_EXACT_DIGITS} significant digits: SQLite would round it; "
                "use PostgreSQL for such values, or round it yourself"
            )
        return float(number)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Return a function that binds a value; a number that needs no rounding takes a short way."""
        on_sqlite, whole = dialect.name == "sqlite", self.precision - self.scale
        most = SQLITE_EXACT_DIGITS if on_sqlite else self.precision

        def bind(value: Any) -> Any:
            if type(value) is Decimal:
                _, digits, exponent = value.as_tuple()
                if (
                    type(exponent) is int
                    and -self.scale <= exponent <= 0
                    and len(digits) <= min(most, whole - exponent)
                ):
                    return float(value) if on_sqlite else value
            return self.process_bind_param(value, dialect)

        return bind

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Decimal | None]:
        """Return a function that reads a value; what the column itself has stored takes a short way."""
        zeros = ["0" * (self.scale - digits) for digits in range(self.scale + 1)]

        def read(value: Any) -> Decimal | None:
            if value is None:
                return None
            if type(value) is float:
                text = repr(value)
                digits = text.partition(".")[2]
                if len(digits) <= self.scale and digits.isdigit():  # neither 1e-08 nor inf
                    return Decimal(text + zeros[len(digits)])
            elif type(value) is Decimal and value.is_finite():
                return value.quantize(self._step, context=_CONTEXT)
            return self.process_result_value(value, dialect)

        return read

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        # The old application could store any text in a NUMERIC column of SQLite, which must not become a number.
        return None if value is None else _finite(value).quantize(self._step, context=_CONTEXT)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return _Factor() if op in _FACTOR_OPERATORS else self

    def _quantize(self, value: Any) -> Decimal:
        number = _finite(value)
        # Refuse a far too large number before it is written out and rounded, and check again after.
        if number.copy_abs() < self._limit:
            rounded = number.quantize(self._step, context=_CONTEXT)
            if rounded.copy_abs() < self._limit:
                return rounded
        raise ValueError(f"{value!r} does not fit into NUMERIC({self.precision}, {self.scale})")

    def __repr__(self) -> str:
        return f"ExactNumeric({self.precision}, {self.scale})"


class FiniteNumeric(ExactNumeric):
    """:class:`ExactNumeric` that refuses ``NaN`` on PostgreSQL, by a CHECK that :func:`complete_table` adds."""

    cache_ok = True

    def __repr__(self) -> str:
        return f"FiniteNumeric({self.precision}, {self.scale})"


class _Factor(TypeDecorator[Decimal]):
    """A factor or divisor of a column, bound with all its digits, regardless of the column's scale."""

    impl = sa.Numeric
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        number = _finite(value)
        return float(number) if dialect.name == "sqlite" else number


def _finite(value: Any) -> Decimal:
    """Return ``value`` as a number; a float by its shortest representation."""
    try:
        number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return number
