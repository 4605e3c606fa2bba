"""Comments of tables and columns, which PostgreSQL has and SQLite lacks: there nothing is done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SetColumnComment, SetTableComment

from cts_schema.ddl.sql import on_postgresql


def comment_table(table: str, comment: str | None) -> None:
    """Change the comment of a table; None removes it."""
    made = sa.Table(table, sa.MetaData(), comment=comment)
    if on_postgresql():
        op.execute(SetTableComment(made))


def comment_column(table: str, column: str, comment: str | None) -> None:
    """Change the comment of a column; None removes it."""
    made = sa.Table(table, sa.MetaData(), sa.Column(column, sa.Text(), comment=comment))
    if on_postgresql():
        op.execute(SetColumnComment(made.columns[column]))


def comment_as_made(table: sa.Table) -> None:
    """Give a new table, or new columns of one, the comments that they are made with."""
    if not on_postgresql():
        return
    if table.comment is not None:
        op.execute(SetTableComment(table))
    for column in table.columns:
        if column.comment is not None:
            op.execute(SetColumnComment(column))
