"""Rows that a new CHECK, NOT NULL, key or type refuses, named before the database does it without saying which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from cts_schema.ddl import sql
from cts_schema.ddl.text import literal, names, quote, token_texts, unquote
from cts_schema.exceptions import RowsRefused
from cts_schema.exceptions.error import in_a_line

_MOST = 20  # words in a message


def require_met(table: str, name: str, condition: str, by: str = "fill") -> None:
    """Check that all rows of ``table`` meet the condition of a CHECK that is about to come.

    Args:
        table: the table's name.
        name: the name of the CHECK.
        condition: its condition.
        by: the operation that changes rows at this place of a revision.

    Raises:
        RowsRefused: some do not; names them.
    """
    if not sql.offline() and sql.any_row(quote(table), f"NOT ({condition})"):
        raise refused(table, name, condition, by)


def require_filled(table: str, column: str, by: str) -> None:
    """Check that all rows of ``table`` have a value in a column that is about to become NOT NULL.

    Args:
        table: the table's name.
        column: the column.
        by: the operation that changes rows at this place of a revision.

    Raises:
        RowsRefused: some have none; has their number.
    """
    if sql.offline():
        return
    count = sql.scalar(f"SELECT count(*) FROM {quote(table)} WHERE {quote(column)} IS NULL")
    if count:
        raise RowsRefused(
            cause="rows have no value in a column that becomes NOT NULL; it was not changed",
            table=table,
            column=column,
            refused=_rows(count),
            code=f'ddl.{by}("{table}", {{"{column}": VALUE}}, where="{column} IS NULL")',
        )


def require_kept(table: str, column: str, kept: str | None) -> None:
    """Check that all values of a column come through the change of its type.

    Args:
        table: the table's name.
        column: the column.
        kept: the condition that a value means the same afterwards.

    Raises:
        RowsRefused: some do not; has their number.
    """
    if kept is None or sql.offline():
        return
    if sql.on_postgresql():
        # The change takes this lock anyway, and so no value comes after the look.
        sql.execute(f"LOCK TABLE {quote(table)}")
    lost = f"FROM {quote(table)} WHERE {quote(column)} IS NOT NULL AND NOT ({kept})"
    with fitting(table, column):
        count = sql.scalar(f"SELECT count(*) {lost}")
    if count:
        raise RowsRefused(
            cause="values would not be the same in the new type; it was not changed",
            table=table,
            column=column,
            refused=_rows(count),
            next_step="correct these rows, or say in the revision what becomes of them, by using= of ddl.change_type\n"
            f"to see them: SELECT * {lost}",
        )


@contextmanager
def fitting(table: str, column: str) -> Iterator[None]:
    """Raise what a cast of the database refuses within the block as an error about the rows.

    Args:
        table: the table's name.
        column: the column.

    Raises:
        RowsRefused: a value is none of the new type.
    """
    try:
        yield
    except sa.exc.DataError as error:
        raise RowsRefused(
            cause="a value is none of the new type; it was not changed",
            table=table,
            column=column,
            reported=in_a_line(error),
            next_step="correct it, or say in the revision what becomes of it, by using= of ddl.change_type",
        ) from error


def duplicated(name: str, table: str, columns: Sequence[str], where: str | None = None) -> RowsRefused:
    """Return the error about rows of ``table`` that a unique index on columns refuses."""
    listed = names(columns)
    conditions = [] if where is None else [f"({where})"]
    conditions += [f"{quote(column)} IS NOT NULL" for column in columns]
    found = (
        f"SELECT {listed}, count(*) FROM {quote(table)} WHERE {' AND '.join(conditions)} "
        f"GROUP BY {listed} HAVING count(*) > 1"
    )
    return RowsRefused(
        cause="rows have the same values in the columns of a unique index or constraint; it was not added",
        table=table,
        unique=name,
        refused=f"values that several rows have: {sql.scalar(f'SELECT count(*) FROM ({found}) doubled')}",
        next_step=f"change or delete these rows, then repeat; to see them:\n{found}",
    )


def orphaned(name: str, table: str, columns: Sequence[str], parent: str, parent_columns: Sequence[str]) -> RowsRefused:
    """Return the error about rows of ``table`` that refer to missing rows of ``parent``."""
    filled = " AND ".join(f"c.{quote(column)} IS NOT NULL" for column in columns)
    pairs = zip(columns, parent_columns, strict=True)
    same = " AND ".join(f"p.{quote(other)} = c.{quote(column)}" for column, other in pairs)
    lacking = f"{filled} AND NOT EXISTS (SELECT 1 FROM {quote(parent)} p WHERE {same})"
    return RowsRefused(
        cause="rows refer to rows that do not exist; the foreign key was not added",
        table=table,
        foreign_key=name,
        refused=_rows(sql.scalar(f"SELECT count(*) FROM {quote(table)} c WHERE {lacking}")),
        next_step=f"correct or delete these rows, then repeat; to see them:\n"
        f"SELECT * FROM {quote(table)} c WHERE {lacking}",
    )


def refused(table: str, name: str, condition: str, by: str) -> RowsRefused:
    """Return the error about the rows of ``table`` that do not meet a condition."""
    words = enumerated(condition)
    if words is None:
        count = sql.scalar(f"SELECT count(*) FROM {quote(table)} WHERE NOT ({condition})")
        code = f'ddl.{by}("{table}", {{COLUMN: VALUE}}, where="NOT ({condition})")'
        return RowsRefused(table=table, check=name, refused=_rows(count), code=code)
    column, known = quote(words[0]), ", ".join(map(literal, words[1]))
    found = sql.rows(
        f"SELECT {column}, count(*) FROM {quote(table)} WHERE {column} NOT IN ({known}) "
        f"GROUP BY {column} ORDER BY {column} LIMIT {_MOST}"
    )
    one = found[0][0] if found else "..."
    return RowsRefused(
        table=table,
        check=name,
        refused="\n".join(f"{word!r} in {_rows(count)}" for word, count in found),
        code=f'ddl.{by}("{table}", {{"{words[0]}": "{words[1][0]}"}}, where="{words[0]} = {literal(one)}")',
    )


def enumerated(condition: str) -> tuple[str, list[str]] | None:
    """Return the column and the words of a condition ``column IN ('one', 'two')``; None for any other."""
    column, *rest = [*token_texts(condition), ""]
    match [word.upper() if word.isalpha() else word for word in rest]:
        case ["IN", "(", *words, ")", ""] if all(word[0] == "'" for word in words[::2]):
            return unquote(column), [unquote(word) for word in words[::2]]
    return None


def _rows(count: int) -> str:
    return f"{count} row{'s' * (count != 1)}"
