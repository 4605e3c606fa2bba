"""The parts of the dialect, put together."""

from cts_schema.dialects.interface import Dialect
from cts_schema.dialects.postgresql import (
    catalogue,
    comparison,
    engine,
    exclusive,
    loading,
    relations,
    session,
    shape,
    sql,
    standing,
    values,
)

POSTGRESQL = Dialect(
    name="postgresql",
    in_a_file=False,
    keeps_types=True,
    has_functions=True,
    alters_tables=True,
    sql=sql,
    shape=shape,
    catalogue=catalogue,
    values=values,
    session=session,
    engine=engine,
    loading=loading,
    comparison=comparison,
    exclusive=exclusive,
    relations=relations,
    standing=standing,
)
