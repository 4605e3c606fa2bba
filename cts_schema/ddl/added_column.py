"""ADD COLUMN with a foreign key of the column, which PostgreSQL then takes without reading the rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.ddl.base import AddColumn, visit_add_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import DDLCompiler


class AddColumnWithKey(AddColumn):
    """ADD COLUMN with at most one foreign key.

    Args:
        table: the table's name.
        column: the column.
        key: a foreign key of this column alone.
    """

    def __init__(self, table: str, column: sa.Column[Any], key: sa.ForeignKeyConstraint | None) -> None:
        super().__init__(table, column)
        self.key = key


def inline_key(compiler: DDLCompiler, key: sa.ForeignKeyConstraint) -> str:
    """Return a foreign key as a constraint of its column, which does not name the column."""
    text = compiler.process(key)
    return text[: text.index("FOREIGN KEY")] + text[text.index("REFERENCES") :]


@compiles(AddColumnWithKey)
def _render(element: AddColumnWithKey, compiler: DDLCompiler, **kw: Any) -> str:
    text = visit_add_column(element, compiler, **kw)
    return text if element.key is None else f"{text} {inline_key(compiler, element.key)}"
