"""The kinds of columns of tables: one name implies type, unit, default and NULL.

A column may be NULL unless it is required or has a default. Revisions rely on these for ever, as on the
types: the result of a function never changes; for a new need add a function or use ``sa.Column``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from cts_schema.ddl.defaults import uuid_text
from cts_schema.ddl.numbers import FiniteNumeric
from cts_schema.ddl.types import BigInt, Json, TextEnum, Timestamp


def text_id() -> sa.Column[str]:
    """Return the key ``id`` of an entity: a random text that the database generates."""
    return sa.Column("id", sa.Text(), primary_key=True, server_default=uuid_text())


def log_id() -> sa.Column[int]:
    """Return the key ``id`` of a log or a time series: an ascending number that is never reused."""
    return sa.Column("id", BigInt(), sa.Identity(), primary_key=True)


def reference(
    name: str, table: str, on_delete: Literal["CASCADE", "SET NULL"], *, required: bool = False
) -> sa.Column[str]:
    """Return a foreign key to the ``id`` of an entity, with its action when the parent is deleted."""
    return sa.Column(name, sa.Text(), sa.ForeignKey(f"{table}.id", ondelete=on_delete), nullable=not required)


def string(name: str, *, required: bool = False, default: str | None = None) -> sa.Column[str]:
    """Return a text of any length."""
    return _column(name, sa.Text(), required, default)


def enum(name: str, *values: str, required: bool = False, default: str | None = None) -> sa.Column[str]:
    """Return a text column that a CHECK restricts to ``values``."""
    return _column(name, TextEnum(*values), required, default)


def flag(name: str, *, default: bool = False) -> sa.Column[bool]:
    """Return a boolean."""
    return _column(name, sa.Boolean(), True, sa.text("true" if default else "false"))


def integer(name: str, *, required: bool = False, default: int | None = None) -> sa.Column[int]:
    """Return an integer of 32 bits; its name or a comment gives the unit."""
    return _column(name, sa.Integer(), required, _number(default))


def count(name: str) -> sa.Column[int]:
    """Return a count, 0 by default."""
    return integer(name, default=0)


def money(name: str, *, required: bool = False, default: float | None = None) -> sa.Column[Decimal]:
    """Return a price or an amount in the quote currency, a quantity or a volume in the base currency; 8 places.

    A name with ``_usd`` means US dollars.
    """
    return _column(name, FiniteNumeric(20, 8), required, _number(default))


def ratio(name: str, *, required: bool = False, default: float | None = None) -> sa.Column[Decimal]:
    """Return a ratio, factor or rate with 4 places; a percentage or a time if name or comment says so."""
    return _column(name, FiniteNumeric(10, 4), required, _number(default))


def json(name: str, *, required: bool = False, default: str | None = None) -> sa.Column[Any]:
    """Return a JSON document; the default is its text."""
    return _column(name, Json(), required, default)


def timestamp(name: str, *, required: bool = False, now: bool = False) -> sa.Column[datetime]:
    """Return a moment in UTC; with ``now`` its default is the time of the INSERT."""
    return _column(name, Timestamp(), required, sa.text("CURRENT_TIMESTAMP") if now else None)


def timestamps() -> tuple[sa.Column[datetime], sa.Column[datetime]]:
    """Return when the row was made, and when it was changed last, which a trigger keeps from revision 060 on."""
    return timestamp("created_at", now=True), timestamp("updated_at", now=True)


def each(kind: Callable[..., sa.Column[Any]], *names: str, **options: Any) -> tuple[sa.Column[Any], ...]:
    """Return a column of the same kind for each name: ``ddl.each(ddl.money, "bid", "ask")``."""
    return tuple(kind(name, **options) for name in names)


def uniques(*columns: str) -> tuple[sa.UniqueConstraint, ...]:
    """Return a unique constraint for each list of columns, as :func:`indexes` takes them."""
    return tuple(sa.UniqueConstraint(*one.split(", ")) for one in columns)


def indexes(*columns: str) -> tuple[sa.Index, ...]:
    """Return an index for each list of columns: ``ddl.indexes("status, closed_at", "user_id")``."""
    return tuple(sa.Index(None, *one.split(", ")) for one in columns)


def _number(default: float | None) -> sa.TextClause | None:
    return None if default is None else sa.text(str(default))


def _column(name: str, type_: TypeEngine[Any], required: bool, default: str | sa.TextClause | None) -> sa.Column[Any]:
    return sa.Column(name, type_, server_default=default, nullable=not required and default is None)
