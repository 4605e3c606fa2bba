"""The steps that add, change and remove tables and columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from cts_schema.authoring import code
from cts_schema.authoring.code import Code
from cts_schema.authoring.steps import Stage, Step, Token, call
from cts_schema.authoring.tokens import comes_with_columns, makes_of, needs_of
from cts_schema.authoring.values import mentioned, name_of, quoted, sql_of
from cts_schema.ddl.operations import is_volatile
from cts_schema.ddl.tables import indexes_of
from cts_schema.ddl.text import literal
from cts_schema.exceptions import CannotCarry

REWRITES = [
    "Each row gets its computed value: if it is stored, PostgreSQL rewrites the table, and nobody reads or writes it "
    "meanwhile.",
    "lint: allow adding-field-with-default because the table is small, or the application is stopped",
]


class TableSteps:
    """Makes the steps of tables and columns.

    Args:
        code: writes the parts.
        late: foreign keys of new tables that form a circle.
        dropped_by: the revisions that have dropped tables, by the names of those.
    """

    def __init__(self, code: Code, late: set[sa.ForeignKeyConstraint], dropped_by: Mapping[str, str]) -> None:
        self._code = code
        self._late = late
        self._dropped_by = dropped_by

    def created(self, table: sa.Table, *, needed_online: bool) -> Iterator[Step]:
        """Yield the steps of a new table.

        Args:
            table: the table.
            needed_online: whether an online operation needs it.
        """
        twin = "_online" if needed_online else ""
        keys = table.foreign_key_constraints
        again = self._dropped_by.get(table.name)
        create, drop = _trigger("create", table), _trigger("drop", table)
        if needed_online and create:  # a trigger would commit nothing, and online operations follow
            yield Step(Stage.CREATE_TRIGGER, table.name, create, drop)
            create = drop = []
        yield Step(
            Stage.CREATE_TABLE_ONLINE if needed_online else Stage.CREATE_TABLE,
            table.name,
            [self._create(table, twin), *create],
            [*drop, self._drop(table)],
            needs={need for one in keys - self._late for need in needs_of(one)},
            makes=makes_of(table),
            warning=[f"Revision {again} dropped this table: the rows that it preserved come back."] if again else [],
        )
        for constraint in sorted(keys & self._late, key=name_of):
            yield self._late_key(constraint)

    def dropped(self, table: sa.Table) -> Iterator[Step]:
        """Yield the step that drops a table whose model is gone."""
        up = [*_trigger("drop", table), self._drop(table)]
        yield Step(Stage.DROP_TABLE, table.name, up, [self._create(table, ""), *_trigger("create", table)])

    def _late_key(self, constraint: sa.ForeignKeyConstraint) -> Step:
        """Return the step for a key of a circle. SQLite has it in its CREATE TABLE, before the parent exists."""
        name, table = repr(name_of(constraint)), repr(constraint.table.name)
        key = [repr(code.parent_of(constraint)), repr(code.local_columns(constraint))]
        made = call(
            "op.create_foreign_key", name, table, *key, repr(code.parent_columns(constraint)), *actions(constraint)
        )
        dropped = call("op.drop_constraint", name, table, "type_='foreignkey'")
        up, down = (["if ddl.on_postgresql():", f"    {line}"] for line in (made, dropped))
        return Step(Stage.LATE_FOREIGN_KEY, constraint.table.name, up, down)

    def _create(self, table: sa.Table, twin: str) -> str:
        """Return the call that creates a table, with its constraints and indexes."""
        items = [self._code.column(column) for column in table.columns]
        constraints: list[Any] = [table.primary_key] if table.primary_key.columns else []
        others = (one for one in table.constraints if isinstance(one, sa.UniqueConstraint | sa.ForeignKeyConstraint))
        constraints += sorted(others, key=lambda one: (one.__visit_name__, name_of(one)))
        constraints += code.explicit_checks(table)
        items += [self._code.constraint(one, use_alter=one in self._late) for one in constraints]
        items += [self._code.index(index) for index in indexes_of(table)]
        comment = f"comment={code.comment_of(table)}" if table.comment is not None else ""
        return call(f"ddl.create_table{twin}", self._revision(table), repr(table.name), *items, comment)

    def _drop(self, table: sa.Table) -> str:
        return call("ddl.drop_table", self._revision(table), repr(table.name), key_of(table))

    def _revision(self, table: sa.Table) -> str:
        """Return the code of the revision under which the rows of a table are preserved."""
        again = self._dropped_by.get(table.name)
        return "revision" if again is None else repr(again)

    def columns_added(self, table: sa.Table, columns: list[sa.Column[Any]]) -> Iterator[Step]:
        """Yield the steps of new columns of a table that exists."""
        names = {column.name for column in columns}
        keys = [one for one in table.foreign_key_constraints if comes_with_columns(one, names)]
        checks = [one for one in code.explicit_checks(table) if _is_of(one, table, names)]
        items = [self._new_column(column) for column in columns]
        items += [self._code.constraint(one) for one in [*sorted(keys, key=name_of), *checks]]
        name = repr(table.name)
        yield Step(
            Stage.ADD_COLUMNS,
            table.name,
            [call("ddl.add_columns_online", "revision", name, *items, key_of(table))],
            [_drop_columns(table, columns)],
            needs={need for one in keys for need in needs_of(one) if need[1] != table.name},
            makes={("column", table.name, column.name) for column in columns},
            warning=list(REWRITES) if any(column.computed is not None for column in columns) else [],
        )
        for column in columns:
            yield from self._filled(column)

    def _new_column(self, column: sa.Column[Any]) -> str:
        if column.identity is not None:
            raise CannotCarry(
                cause="an identity column cannot be added to a table that has rows: SQLite has none",
                column=column,
                next_step="make it the key of a new table, or number the rows by a default",
            )
        return self._code.column(column, nullable=column.nullable or _needs_filling(column))

    def _filled(self, column: sa.Column[Any]) -> Iterator[Step]:
        """Yield the step that fills a new column, and makes it required."""
        if _needs_filling(column):
            yield self.required(column, down=[])

    def required(self, column: sa.Column[Any], *, down: list[str]) -> Step:
        """Return the step that gives every row a value, and makes the column NOT NULL if it is.

        Args:
            column: the column.
            down: the lines back.
        """
        table, values = column.table.name, f"{{{str(column.name)!r}: {self._value(column)}}}"
        empty = f"where={f'{quoted(column.name)} IS NULL'!r}"
        up = [call("ddl.backfill", repr(table), values, empty, fill_key(column.table))]
        if not column.nullable:
            up.append(f"ddl.set_not_null_online({table!r}, {str(column.name)!r})")
        here: Token = ("column", table, column.name)
        return Step(Stage.FILL, table, up, down, batch_down=True, needs={here})

    def _value(self, column: sa.Column[Any]) -> str:
        """Return the default of a column as the value of an UPDATE."""
        match column.server_default:
            case sa.DefaultClause(arg=str() as text):
                return self._code.expression(literal(text))
            case sa.DefaultClause() as default:
                return self._code.default(default)
        return "ddl.TO_COMPLETE"

    def columns_dropped(self, table: sa.Table, columns: list[sa.Column[Any]]) -> Iterator[Step]:
        """Yield the steps of columns that are gone, with the constraints that go with them.

        Args:
            table: the table before.
            columns: its columns to drop.
        """
        name, names = repr(table.name), {column.name for column in columns}
        keys = [one for one in table.foreign_key_constraints if comes_with_columns(one, names)]
        checks = [one for one in code.explicit_checks(table) if _is_of(one, table, names)]
        items = [
            self._code.column(column, nullable=True, server_default=None)
            if _needs_filling(column)
            else self._code.column(column)
            for column in columns
        ]
        items += [self._code.constraint(one) for one in [*sorted(keys, key=name_of), *checks]]
        down = [call("ddl.add_columns", "revision", name, *items, key_of(table))]
        for column in columns:
            if _needs_filling(column):
                down += self._required_again(column)
        yield Step(Stage.DROP_COLUMNS, table.name, [_drop_columns(table, columns)], down)

    def _required_again(self, column: sa.Column[Any]) -> Iterator[str]:
        """Yield the lines that give a restored column its default, and make it NOT NULL if it was."""
        table, name = column.table.name, str(column.name)
        if isinstance(column.server_default, sa.DefaultClause):
            default = f"server_default={self._code.default(column.server_default)}"
            yield call(
                "ddl.fill", repr(table), f"{{{name!r}: {self._value(column)}}}", f"where={f'{quoted(name)} IS NULL'!r}"
            )
            yield f"with ddl.alter_table({table!r}) as batch:"
            yield "    " + call("batch.alter_column", repr(name), default)
        if not column.nullable:
            yield required_again(column)


def required_again(column: sa.Column[Any]) -> str:
    """Return the line that makes a column NOT NULL on the way down, and counts the rows that prevent it."""
    return f"ddl.set_not_null({column.table.name!r}, {str(column.name)!r})"


def _drop_columns(table: sa.Table, columns: Iterable[sa.Column[Any]]) -> str:
    """Return the call that drops columns, first the computed ones, which may need others of them."""
    names = [repr(str(one.name)) for one in sorted(columns, key=lambda one: one.computed is None)]
    return call("ddl.drop_columns", "revision", repr(table.name), *names, key_of(table))


def key_of(table: sa.Table) -> str:
    """Return the argument for the primary key of a table, empty for ``id``."""
    columns = tuple(str(column.name) for column in table.primary_key.columns)
    return "" if columns == ("id",) else f"key={columns!r}"


def fill_key(table: sa.Table) -> str:
    """Return the argument for the key of a backfill, empty for ``id``."""
    columns = [str(column.name) for column in table.primary_key.columns]
    return "" if columns == ["id"] or not columns else f"key={columns[0]!r}"


def actions(constraint: sa.ForeignKeyConstraint) -> Iterator[str]:
    """Yield the options of a foreign key as arguments."""
    for word in ("ondelete", "onupdate", "deferrable", "initially", "match"):
        if getattr(constraint, word) is not None:
            yield f"{word}={getattr(constraint, word)!r}"


def _needs_filling(column: sa.Column[Any]) -> bool:
    """Return whether rows that exist get no value by ADD COLUMN, and need one."""
    if column.computed is not None:
        return False
    return not column.nullable if column.server_default is None else is_volatile(column)


def _is_of(check: sa.CheckConstraint, table: sa.Table, names: Iterable[str]) -> bool:
    """Return whether a CHECK mentions some of the columns, and no others of its table."""
    words = mentioned(sql_of(check.sqltext)) & set(table.columns.keys())
    return bool(words) and words <= set(names)


def _trigger(verb: str, table: sa.Table) -> list[str]:
    return [f"ddl.{verb}_updated_at_trigger({table.name!r})"] * bool(table.info.get("updated_at_trigger"))
