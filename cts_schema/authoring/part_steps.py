"""The steps that add, change and remove what a table has beside columns, and that change its columns."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cts_schema.authoring import code
from cts_schema.authoring.code import Code, condition_of
from cts_schema.authoring.difference import Difference
from cts_schema.authoring.steps import Stage, Step, Token, call
from cts_schema.authoring.table_steps import actions, fill_key
from cts_schema.authoring.tokens import needs_of
from cts_schema.authoring.values import mentioned, name_of, quoted, sql_of, table_of
from cts_schema.ddl import TextEnum
from cts_schema.ddl.text import literal


class PartSteps:
    """Makes the steps of constraints, indexes, triggers and comments.

    Args:
        code: writes the parts.
    """

    def __init__(self, code: Code) -> None:
        self._code = code

    def check(self, found: Difference) -> list[Step]:
        """Return the steps of a CHECK."""
        table, name, old, new = found.table, found.name, found.old, found.new
        drop = call("ddl.replace_checks", repr(table), f"drop={[name]!r}")
        if new is None:
            return [Step(Stage.DROP_CONSTRAINT, table, [drop], [_restored_check(table, name, old)])]
        added = call("ddl.add_check_online", repr(table), repr(name), condition_of(sql_of(new.sqltext)))
        down = drop if old is None else _restored_check(table, name, old, drop=True)
        words = mentioned(sql_of(new.sqltext)) & set(table_of(new).columns.keys())
        needs: set[Token] = {("column", table, word) for word in words}
        return [*self._words_gone(found), Step(Stage.CHECK, table, [added], [down], needs=needs)]

    def _words_gone(self, found: Difference) -> list[Step]:
        """Return the step that rewrites the rows with a word that an enumeration no longer has."""
        of = found.new.parent
        if found.old is None or not isinstance(getattr(of, "type", None), TextEnum):
            return []
        gone = [word for word in code.literals(sql_of(found.old.sqltext)) if word not in of.type.values]
        if not gone:
            return []
        listed = ", ".join(map(literal, gone))
        where = condition_of(f"{quoted(of.name)} IN ({listed})")
        values = f"{{{str(of.name)!r}: ddl.TO_COMPLETE}}"
        filled = call("ddl.backfill", repr(found.table), values, f"where={where}", fill_key(of.table))
        return [Step(Stage.FILL, found.table, [filled], [])]

    def unique(self, found: Difference) -> list[Step]:
        """Return the step of a unique constraint."""
        table, name, old, new = found.table, found.name, found.old, found.new
        if new is None:
            return [Step(Stage.DROP_CONSTRAINT, table, [_drop(name, "unique")], [self._unique(old)], batch=True)]
        columns = [str(column.name) for column in new.columns]
        options = [*_when(new), *self._code.online_options(new)]
        added = call("ddl.add_unique_online", repr(table), repr(columns), f"name={name!r}", *options)
        down = [_drop(name, "unique"), *([] if old is None else [self._unique(old)])]
        needs: set[Token] = {("column", table, column) for column in columns}
        made: set[Token] = {("key", table, *sorted(columns))}
        return [Step(Stage.UNIQUE, table, [added], down, batch_down=True, needs=needs, makes=made)]

    def _unique(self, constraint: sa.UniqueConstraint) -> str:
        columns = [str(column.name) for column in constraint.columns]
        options = [*_when(constraint), *self._code.options(constraint.kwargs)]
        return call("batch.create_unique_constraint", repr(name_of(constraint)), repr(columns), *options)

    def foreign_key(self, found: Difference) -> list[Step]:
        """Return the step of a foreign key."""
        table, name, old, new = found.table, found.name, found.old, found.new
        if new is None:
            gone = _drop(name, "foreignkey")
            return [Step(Stage.DROP_FOREIGN_KEY, table, [gone], [_foreign_key(old)], batch=True)]
        key = [repr(code.local_columns(new)), repr(code.parent_of(new)), repr(code.parent_columns(new))]
        added = call("ddl.add_foreign_key_online", repr(table), *key, f"name={name!r}", *actions(new))
        down = [_drop(name, "foreignkey"), *([] if old is None else [_foreign_key(old)])]
        return [Step(Stage.FOREIGN_KEY, table, [added], down, batch_down=True, needs=needs_of(new))]

    def index(self, found: Difference) -> list[Step]:
        """Return the steps of an index: a changed one is dropped and created."""
        table, name, old, new = found.table, found.name, found.old, found.new
        drop = call("ddl.drop_index_online", repr(name), repr(table))
        steps = []
        if old is not None:
            plain, online = self._index("op.create_index", old), self._index("ddl.create_index_online", old)
            steps.append(Step(Stage.DROP_INDEX, table, [drop], [plain], online_down=[online]))
        if new is not None:
            needs: set[Token] = {("column", table, column) for column in columns_of(new)}
            made: set[Token] = {("key", table, *sorted(columns_of(new)))} if new.unique else set()
            up = [self._index("ddl.create_index_online", new)]
            steps.append(
                Step(Stage.INDEX, table, up, self.plain_drop(found), online_down=[drop], needs=needs, makes=made)
            )
        return steps

    def plain_drop(self, found: Difference) -> list[str]:
        """Return the lines that drop an index within the transaction of the revision."""
        return [call("op.drop_index", repr(found.name), f"table_name={found.table!r}")]

    def _index(self, operation: str, index: sa.Index) -> str:
        parts = f"[{', '.join(self._code.parts(index))}]"
        unique = "unique=True" if index.unique else ""
        online = operation.startswith("ddl.")
        options = self._code.online_options(index) if online else self._code.options(index.kwargs)
        return call(operation, repr(name_of(index)), repr(str(index.table.name)), parts, unique, *options)  # type: ignore[union-attr]

    def trigger(self, found: Difference) -> list[Step]:
        """Return the step of the updated_at trigger."""
        create = f"ddl.create_updated_at_trigger({found.table!r})"
        drop = f"ddl.drop_updated_at_trigger({found.table!r})"
        if found.old is None:
            return [Step(Stage.CREATE_TRIGGER, found.table, [create], [drop])]
        return [Step(Stage.DROP_TRIGGER, found.table, [drop], [create])]

    def comment(self, found: Difference) -> list[Step]:
        """Return the step of the comment of a table."""
        up, down = (f"ddl.comment_table({found.table!r}, {code.comment_of(one)})" for one in (found.new, found.old))
        return [Step(Stage.COMMENT, found.table, [up], [down])]


def _restored_check(table: str, name: str, check: sa.CheckConstraint, *, drop: bool = False) -> str:
    added = f"add=[({name!r}, {condition_of(sql_of(check.sqltext))})]"
    return call("ddl.replace_checks", repr(table), f"drop={[name]!r}" if drop else "", added)


def _drop(name: str, type_: str) -> str:
    return f"batch.drop_constraint({name!r}, type_={type_!r})"


def _foreign_key(constraint: sa.ForeignKeyConstraint) -> str:
    parent, columns = code.parent_of(constraint), code.local_columns(constraint)
    key = [repr(parent), repr(columns), repr(code.parent_columns(constraint))]
    return call("batch.create_foreign_key", repr(name_of(constraint)), *key, *actions(constraint))


def _when(constraint: sa.UniqueConstraint) -> list[str]:
    words = ("deferrable", "initially")
    return [f"{word}={getattr(constraint, word)!r}" for word in words if getattr(constraint, word) is not None]


def columns_of(index: sa.Index) -> set[str]:
    """Return the columns of its table that an index mentions."""
    table: Any = index.table
    parts = [*index.expressions, *(value for name, value in index.kwargs.items() if name.endswith("_where"))]
    words = {word for part in parts if part is not None for word in mentioned(sql_of(part))}
    return words & set(table.columns.keys())
