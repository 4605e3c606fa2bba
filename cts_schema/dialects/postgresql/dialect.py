"""The properties of the dialect; here mypy compares its parts with their protocols."""

from typing import TYPE_CHECKING

from cts_schema.dialects.interface import Dialect

POSTGRESQL = Dialect(
    name="postgresql",
    in_a_file=False,
    keeps_types=True,
    has_functions=True,
    alters_tables=True,
)

if TYPE_CHECKING:
    from cts_schema.dialects import interface, loading, running
    from cts_schema.dialects.postgresql import catalogue as _catalogue
    from cts_schema.dialects.postgresql import current_revision as _current_revision
    from cts_schema.dialects.postgresql import engine as _engine
    from cts_schema.dialects.postgresql import exclusive as _exclusive
    from cts_schema.dialects.postgresql import loading as _loading
    from cts_schema.dialects.postgresql import relations as _relations
    from cts_schema.dialects.postgresql import session as _session
    from cts_schema.dialects.postgresql import shape as _shape
    from cts_schema.dialects.postgresql import sql as _sql
    from cts_schema.dialects.postgresql import values as _values

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
