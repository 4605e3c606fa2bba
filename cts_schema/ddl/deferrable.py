"""A UNIQUE that a transaction checks at its end, which SQLite lacks: there it is checked with each row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler


class DeferrableUnique(sa.UniqueConstraint):
    """A UNIQUE with DEFERRABLE."""

    inherit_cache = False


@compiles(DeferrableUnique)
def _render(element: DeferrableUnique, compiler: DDLCompiler, **kw: Any) -> str:
    return str(compiler.visit_unique_constraint(element, **kw))


@compiles(DeferrableUnique, "sqlite")
def _without(element: DeferrableUnique, compiler: DDLCompiler, **kw: Any) -> str:
    columns = ", ".join(compiler.preparer.quote(column.name) for column in element.columns)
    return f"CONSTRAINT {compiler.preparer.quote(str(element.name))} UNIQUE ({columns})"


def make_deferrable(table: sa.Table) -> None:
    """Make the deferrable UNIQUEs of a table such that both databases take them."""
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint) and constraint.deferrable:
            constraint.__class__ = DeferrableUnique
