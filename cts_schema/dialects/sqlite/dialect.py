"""The properties of the dialect; here mypy compares its parts with their protocols."""

from typing import TYPE_CHECKING

from cts_schema.dialects.interface import Dialect

SQLITE = Dialect(
    name="sqlite",
    in_a_file=True,
    keeps_types=False,
    has_functions=False,
    alters_tables=False,
)

if TYPE_CHECKING:
    from cts_schema.dialects import interface, loading, running
    from cts_schema.dialects.sqlite import catalogue as _catalogue
    from cts_schema.dialects.sqlite import current_revision as _current_revision
    from cts_schema.dialects.sqlite import engine as _engine
    from cts_schema.dialects.sqlite import exclusive as _exclusive
    from cts_schema.dialects.sqlite import loading as _loading
    from cts_schema.dialects.sqlite import relations as _relations
    from cts_schema.dialects.sqlite import session as _session
    from cts_schema.dialects.sqlite import shape as _shape
    from cts_schema.dialects.sqlite import sql as _sql
    from cts_schema.dialects.sqlite import values as _values

    sql: interface.Sql = _sql
    shape: interface.Shape = _shape
    catalogue: interface.Catalogue = _catalogue
    values: interface.Values = _values
    session: running.Session = _session
    engine: running.Engines = _engine
    loaded: loading.Loading = _loading
    exclusive: running.Exclusive = _exclusive
    relations: interface.Relations = _relations
    current_revision: interface.CurrentRevision = _current_revision
