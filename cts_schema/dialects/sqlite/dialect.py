"""The parts of the dialect, put together."""

from cts_schema.dialects.interface import Dialect
from cts_schema.dialects.sqlite import (
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

SQLITE = Dialect(
    name="sqlite",
    in_a_file=True,
    keeps_types=False,
    has_functions=False,
    alters_tables=False,
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
