"""What every model shares: the base class, and one alias for each kind of column.

An alias says type, unit and precision once, so that the body of a model reads as its table does.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cts_schema.ddl import NAMING_CONVENTION, BigInt, ExactNumeric, Json, Timestamp, complete_table, uuid_text

NOW = sa.text("CURRENT_TIMESTAMP")
TRUE = sa.text("true")
FALSE = sa.text("false")


def new_id(context: DefaultExecutionContext) -> str:
    """Return a random id in the form that the database's own default gives.

    The server default alone would do, but then SQLAlchemy must insert row by row to learn each id.
    """
    return uuid4().hex if context.dialect.name == "sqlite" else str(uuid4())


TextId = Annotated[str, mapped_column(sa.Text(), primary_key=True, default=new_id, server_default=uuid_text())]
"""Random text id of an entity."""

LogId = Annotated[int, mapped_column(BigInt(), sa.Identity(), primary_key=True)]
"""Ascending number of a log line or a point of a time series; never given twice."""

Money = Annotated[Decimal, mapped_column(ExactNumeric(20, 8))]
"""A price, a quantity, a volume or an amount, to eight places."""

Ratio = Annotated[Decimal, mapped_column(ExactNumeric(10, 4))]
"""A ratio, factor, rate or percentage, to four places."""

Momentum = Annotated[Decimal, mapped_column(ExactNumeric(12, 6))]
"""A rate of change, to six places."""

BigCount = Annotated[int, mapped_column(BigInt())]
"""A count that may pass two thousand millions."""

JsonObject = Annotated[dict[str, Any], mapped_column(Json())]
JsonList = Annotated[list[Any], mapped_column(Json())]
JsonValue = Annotated[Any, mapped_column(Json())]
"""Any JSON value: rows of different age hold different kinds."""


class Base(DeclarativeBase):
    """Base of all models; its metadata is the schema at the head revision."""

    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it as a plain class attribute
        str: sa.Text(),
        int: sa.Integer(),
        bool: sa.Boolean(),
        float: sa.Double(),
        datetime: Timestamp(),
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if isinstance(table, sa.Table):
            complete_table(table)

    def __repr__(self) -> str:
        """Name the row by its key alone: a row may hold credentials, and a repr ends in logs."""
        key = ", ".join(
            f"{attribute.key}={self.__dict__.get(attribute.key)!r}"
            for attribute in sa.inspect(type(self)).column_attrs
            if attribute.columns[0].primary_key
        )
        return f"<{type(self).__name__} {key}>"


class Timestamps:
    """When the row was made, and when it was last changed; a trigger keeps the second."""

    created_at: Mapped[datetime] = mapped_column(server_default=NOW, sort_order=1000)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW, server_onupdate=sa.FetchedValue(), sort_order=1001)
