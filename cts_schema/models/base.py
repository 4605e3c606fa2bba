"""The base class of all models, and one type alias per kind of column.

An alias defines type, unit and precision once, so that a model reads like its table.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, dataclass_transform
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import DeclarativeBase, InstanceState, Mapped, mapped_column

from cts_schema.ddl import (
    MAX_IDENTIFIER,
    NAMING_CONVENTION,
    BigInt,
    FiniteNumeric,
    Json,
    Timestamp,
    complete_table,
    uuid_text,
)
from cts_schema.exceptions import WrongUsage
from cts_schema.models.enums import COLUMN_TYPES

NOW = sa.text("CURRENT_TIMESTAMP")
TRUE = sa.text("true")
FALSE = sa.text("false")


def new_id(context: DefaultExecutionContext) -> str:
    """Return a random id in the form of the server default.

    With the server default only, SQLAlchemy would have to insert row by row to get each id.
    """
    return uuid4().hex if context.dialect.name == "sqlite" else str(uuid4())


LogId = Annotated[int, mapped_column(BigInt(), sa.Identity(), primary_key=True)]
"""The ascending number of a log line or a point of a time series; never reused."""

ExchangeOrderId = Annotated[str, mapped_column(doc="the exchange's own identifier of the order")]
ExchangePositionId = Annotated[str, mapped_column(doc="the exchange's own identifier of the position")]

Money = Annotated[Decimal, mapped_column(FiniteNumeric(20, 8))]
"""A price or an amount in the quote currency of the symbol, a quantity or a volume in its base currency; 8 places.

A name with ``_usd`` means US dollars.
"""

Ratio = Annotated[Decimal, mapped_column(FiniteNumeric(10, 4))]
"""A ratio, factor or rate with four places; a percentage or a time only if name or doc says so."""

TrailStart = Annotated[Decimal, mapped_column(FiniteNumeric(10, 4), doc="gain from which the stop trails the price")]
TrailStop = Annotated[Decimal, mapped_column(FiniteNumeric(10, 4), doc="how far behind the price the stop trails")]
Volatility = Annotated[Decimal, mapped_column(FiniteNumeric(10, 4), doc="of the price over the window, without unit")]

Momentum = Annotated[Decimal, mapped_column(FiniteNumeric(12, 6), doc="rate of change, without unit")]
"""A rate of change with six places."""

TimeWindow = Annotated[int, mapped_column(doc="length of the window, in the unit of the indication's settings")]

BigCount = Annotated[int, mapped_column(BigInt())]
"""A count that may exceed 32 bits."""

# SQLAlchemy does not notice a change inside a JSON value: assign the whole changed value.
JsonObject = Annotated[dict[str, Any], mapped_column(Json())]
JsonList = Annotated[list[Any], mapped_column(Json())]
JsonValue = Annotated[Any, mapped_column(Json())]
"""Any JSON value: older and newer rows hold different kinds."""


# For type checkers only: they learn the keywords of a model's constructor from its columns, and check their values. A
# keyword is optional if its column is assigned, so each column is assigned, at least to ``mapped_column()``.
@dataclass_transform(kw_only_default=True, eq_default=False)
class Base(DeclarativeBase):
    """Base of all models; its metadata is the schema at the head revision."""

    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it as a plain class attribute
        str: sa.Text(),
        int: sa.Integer(),
        bool: sa.Boolean(),
        float: sa.Double(),
        datetime: Timestamp(),
        **COLUMN_TYPES,
    }

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if isinstance(table, sa.Table):
            _require_short_names(table)
            complete_table(table)

    def __repr__(self) -> str:
        """Return only the key: a row may hold credentials, and a repr may be logged."""
        state: InstanceState[Any] = sa.inspect(self)
        names = [state.mapper.get_property_by_column(column).key for column in state.mapper.primary_key]
        # A commit expires the attributes until their next access; the identity stays, and needs no query.
        values = state.identity or [state.dict.get(name) for name in names]
        key = ", ".join(f"{name}={value!r}" for name, value in zip(names, values, strict=True))
        return f"<{type(self).__name__} {key}>"


def _require_short_names(table: sa.Table) -> None:
    """Check that PostgreSQL takes the names of a table: it would cut one off, and the name would differ for ever.

    Raises:
        WrongUsage: one is too long.
    """
    checks = (check for column in table.columns for check in column.constraints)
    named = [table, *table.columns, *checks, *table.constraints, *table.indexes]
    for name in (str(one.name) for one in named if one.name is not None):
        if len(name.encode()) > MAX_IDENTIFIER:
            raise WrongUsage(
                cause="a name in a model is longer than PostgreSQL takes",
                table=table.name,
                name=name,
                expected=f"at most {MAX_IDENTIFIER} bytes, and not {len(name.encode())}",
                next_step="give it a shorter name in the model",
            )


class Entity(Base):
    """A row with a random text id."""

    __abstract__ = True

    # A sentinel: SQLAlchemy distinguishes the rows of one INSERT by the ids that it made, so it need not insert each
    # separately. Beside a server default this must be explicit, and an Annotated type would not pass it on.
    id: Mapped[str] = mapped_column(
        primary_key=True, default=new_id, server_default=uuid_text(), insert_sentinel=True, sort_order=-1
    )


class Timestamps(Base):
    """When the row was created, and when it last changed; a trigger maintains the second."""

    __abstract__ = True

    created_at: Mapped[datetime] = mapped_column(server_default=NOW, sort_order=1000)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW, server_onupdate=sa.FetchedValue(), sort_order=1001)
