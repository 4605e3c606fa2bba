"""Whether PostgreSQL rewrites a table for a change of type, and the way that keeps it usable meanwhile."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.types import TypeEngine

_DIALECT = registry.load("postgresql")()
_TYPE = re.compile(r"(?P<name>[A-Z ]+?)\s*(?:\((?P<limits>[\d, ]+)\))?(?P<rest>[A-Z ]*)$")
_TEXTS = ("TEXT", "VARCHAR")
_INTEGERS = ("SMALLINT", "INTEGER", "BIGINT")


def rewrites(was: TypeEngine[Any], becomes: TypeEngine[Any]) -> bool:
    """Return whether ALTER TYPE rewrites the table and its indexes, and keeps readers and writers out meanwhile.

    It does not if each stored value stays as it is: for a longer VARCHAR, for TEXT, and for more digits before the
    point of a NUMERIC (postgresql.org/docs/current/sql-altertable).

    Args:
        was: the type so far.
        becomes: the new type.
    """
    (name, limits), (new_name, new_limits) = _parts(was), _parts(becomes)
    if name in _TEXTS and new_name in _TEXTS:
        return bool(new_limits) and not (limits and limits[0] <= new_limits[0])
    if name != new_name:
        return True
    if name == "NUMERIC" and new_limits:
        return not limits or limits[0] > new_limits[0] or limits[1:] != new_limits[1:]
    return bool(new_limits) and not (limits and limits <= new_limits)


def other_kind(was: TypeEngine[Any], becomes: TypeEngine[Any]) -> bool:
    """Return whether PostgreSQL compares values of one type with those of the other only after a cast.

    Such a cast stays in the CHECKs and indexes that it rebuilds with the column.

    Args:
        was: the type so far.
        becomes: the new type.
    """
    name, new_name = (_parts(one)[0] for one in (was, becomes))
    return name != new_name and not any(name in kind and new_name in kind for kind in (_TEXTS, _INTEGERS))


def expand_and_contract(table: str, column: str) -> list[str]:
    """Return the lines of a comment that says how to change a type without a rewrite.

    Args:
        table: the table's name.
        column: the column whose type changes.
    """
    return [
        f"# PostgreSQL rewrites {table}: nobody reads or writes it meanwhile. With traffic, in three releases instead:",
        f"# 1. ddl.add_columns_online with {column}_new of the new type; the application writes both columns;",
        f"#    ddl.backfill fills it: where={column + '_new IS NULL AND ' + column + ' IS NOT NULL'!r}",
        f"# 2. the application reads {column}_new",
        f"# 3. ddl.drop_columns of {column}",
    ]


def _parts(type_: TypeEngine[Any]) -> tuple[str, list[int]]:
    """Return the name of a type in PostgreSQL, and its limits: length, or digits and places."""
    written = _DIALECT.type_compiler_instance.process(type_)
    if written == "FLOAT":
        written = "DOUBLE PRECISION"
    found = _TYPE.match(written)
    if found is None:
        return written, []
    return found["name"] + found["rest"], [int(limit) for limit in (found["limits"] or "").split(",") if limit]
