"""Schemas drawn at random, each a change of the one before, as values that know which rows fit all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from cts_schema import ddl
from tests.support.changing import Spec

TYPES: dict[str, Callable[[], Any]] = {
    "text": sa.Text,
    "short": lambda: sa.String(20),
    "longer": lambda: sa.String(40),
    "integer": sa.Integer,
    "big": sa.BigInteger,
    "count": ddl.BigInt,
    "price": lambda: sa.Numeric(10, 2),
    "exact": lambda: sa.Numeric(20, 4),
    "money": lambda: ddl.FiniteNumeric(20, 8),
    "double": sa.Double,
    "json": ddl.Json,
    "flag": sa.Boolean,
    "time": ddl.Timestamp,
    "date": sa.Date,
    "enumeration": ddl.TextEnum,
}
WIDER = {
    "short": ("longer", "text"),
    "longer": ("text",),
    "integer": ("big", "count", "text"),
    "big": ("text",),
    "price": ("exact",),
    "enumeration": ("text",),
}
NUMBERS = {"integer", "big", "count", "price", "exact", "money", "double"}
TEXTS = {"text", "short", "longer"}
DISTINCT = {"text", "short", "longer", "integer", "big", "count", "date"}
CONSTANTS = {"text": "it's 5%", "short": "7", "longer": "7", "integer": "7", "big": "7", "count": "7", "price": "7"}
CONSTANTS |= {"exact": "7", "money": "7", "double": "7", "json": "{}", "flag": "false", "date": "2026-01-03"}
NAMES = ("c{}", "c{}", "c{}", "c{}", "c{}", "Mixed {}", "100%{}", "order {}")


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Column:
    """A column of a drawn schema.

    Attributes:
        name: its name.
        kind: a key of TYPES.
        nullable: whether it may be NULL.
        default: nothing, ``constant`` or ``volatile``.
        constant: the constant, if that is another than usual.
        words: of an enumeration.
        safe: the words that all schemas so far have.
        comment: its comment.
        distinct: whether no two rows have the same value.
        parent: the table whose keys are its values.
        doubled: the column that it is computed from, and how many times.
        once_required: whether a schema before has it NOT NULL, and this one has not.
        is_key: whether it is the key of its table.
        of_pair: whether it is one of two columns that are a foreign key together, or were.
        before: its name in the schema before, if that is another.
    """

    name: str
    kind: str
    nullable: bool = True
    default: str = ""
    constant: str = ""
    words: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    comment: str | None = None
    distinct: bool = False
    parent: int | None = None
    doubled: tuple[int, int] | None = None
    once_required: bool = False
    is_key: bool = False
    of_pair: bool = False
    before: str | None = None

    def made(self, table: Table) -> sa.Column[Any]:
        """Return it as a model has it."""
        info = {} if self.before is None else {"renamed_from": self.before}
        if self.is_key:
            return ddl.text_id() if self.kind == "text" else sa.Column(self.name, sa.Integer(), primary_key=True)
        type_ = ddl.TextEnum(*self.words) if self.kind == "enumeration" else TYPES[self.kind]()
        options: dict[str, Any] = {"nullable": self.nullable, "comment": self.comment, "info": info}
        if self.default == "constant":
            constant = self.constant or (self.safe[0] if self.safe else CONSTANTS[self.kind])
            options["server_default"] = sa.text(constant) if self.kind in NUMBERS | {"flag"} else constant
        elif self.default:
            options["server_default"] = sa.text("CURRENT_TIMESTAMP") if self.kind == "time" else ddl.uuid_text()
        computed = []
        if self.doubled is not None:
            of, times = self.doubled
            computed = [sa.Computed(f"{quoted(table.columns[of].name)} * {times}")]
        return sa.Column(self.name, type_, *computed, **options)


@dataclass
class Part:
    """A constraint or index of a drawn schema: the columns by number, and the function that makes it of their names."""

    kind: str
    columns: tuple[int, ...]
    made: Callable[[Sequence[str]], Any]
    parent: int | None = None
    parent_columns: tuple[int, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(repr=False)
class Table:
    """A table of a drawn schema; it takes no more rows if a schema before has a required column that went."""

    name: str
    columns: dict[int, Column]
    parts: dict[int, Part] = field(default_factory=dict)
    comment: str | None = None
    before: str | None = None
    closed: bool = False

    def keyed_by_text(self) -> bool:
        return any(column.is_key and column.kind == "text" for column in self.columns.values())


Schema = dict[int, Table]


def spec_of(schema: Schema) -> Spec:
    """Return a schema in the form of :mod:`tests.support.changing`."""
    return {table.name: dict(_items(schema, table)) for table in schema.values()}


def _items(schema: Schema, table: Table) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "table", lambda: {"comment": table.comment, "info": {"renamed_from": table.before} if table.before else {}}
    for number, column in table.columns.items():
        yield f"column {number}", lambda column=column: column.made(table)  # type: ignore[misc]
    for number, part in table.parts.items():
        yield f"part {number}", lambda part=part: _part(schema, table, part)  # type: ignore[misc]


def _part(schema: Schema, table: Table, part: Part) -> Any:
    names = [table.columns[one].name for one in part.columns]
    if part.parent is None:
        return part.made(names)
    parent = schema[part.parent]
    refers = [f"{parent.name}.{parent.columns[one].name}" for one in part.parent_columns]
    return sa.ForeignKeyConstraint(names, refers, **part.options)


def first() -> Schema:
    """Return the schema that each chain begins with, that of BASE in :mod:`tests.support.changing`."""
    boxes = Table(
        "boxes",
        {
            1: Column("id", "text", is_key=True, nullable=False),
            2: Column("code", "short", nullable=False, distinct=True),
            3: Column("size", "integer", nullable=False, default="constant", constant="1"),
            4: Column("label", "text"),
        },
        {5: Part("unique", (2,), lambda names: sa.UniqueConstraint(*names))},
    )
    words = ("new", "used", "broken")
    things = Table(
        "things",
        {
            11: Column("id", "text", is_key=True, nullable=False),
            12: Column("box_id", "text", parent=1),
            13: Column("name", "text", nullable=False, distinct=True),
            14: Column("state", "enumeration", nullable=False, default="constant", words=words, safe=words),
            15: Column("count", "integer", distinct=True),
            16: Column("price", "money", nullable=False, default="constant", constant="0"),
            17: Column("more", "json"),
            18: Column("sold", "flag", nullable=False, default="constant"),
            19: Column("made_at", "time", nullable=False, default="volatile"),
            20: Column("updated_at", "time", nullable=False, default="volatile"),
        },
        {
            21: Part("foreign key", (12,), list, 1, (1,), {"ondelete": "CASCADE"}),
            22: Part("check", (16,), lambda names: sa.CheckConstraint(f"{quoted(names[0])} >= 0", name="sensible")),
            23: Part("index", (12,), lambda names: sa.Index(None, *names)),
            24: Part("unique", (12, 13), lambda names: sa.UniqueConstraint(*names)),
        },
    )
    return {1: boxes, 2: things}


class Changes:
    """Draws changes, each of which makes sense in the schema before, and for rows that fit all schemas so far."""

    def __init__(self, draw: Callable[[Any], Any], before: Schema, numbers: Iterator[int]) -> None:
        self.before = before
        self.now = deepcopy(before)
        self._draw, self._numbers = draw, numbers
        for table in self.now.values():
            table.before = None
            for column in table.columns.values():
                column.before = None

    def make(self) -> None:
        """Draw and make one change; a new column if the one that was drawn does not fit."""
        changes = [getattr(self, name) for name in dir(type(self)) if name.startswith("change_")]
        if not self._draw(st.sampled_from(changes))():
            self.change_add_column()

    def _one_of(self, found: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(found)) if found else None

    def _coin(self) -> bool:
        return bool(self._draw(st.booleans()))

    def _name(self) -> str:
        return str(self._draw(st.sampled_from(NAMES))).format(next(self._numbers))

    def _table(self) -> Table:
        found: Table = self._one_of(list(self.now.values()))
        return found

    def _column(self, fits: Callable[[Table, int, Column], bool], *, old: bool = False) -> tuple[Table, int, Any]:
        """Return one of the columns that fit; with ``old`` of those that were there before."""
        found = [
            (table, number, column)
            for place, table in self.now.items()
            for number, column in table.columns.items()
            if not column.is_key and (not old or not column.of_pair) and fits(table, number, column)
            if not old or (place in self.before and number in self.before[place].columns)
        ]
        return self._one_of(found) or (self._table(), 0, None)

    def _was(self, number: int) -> Column | None:
        return next((table.columns[number] for table in self.before.values() if number in table.columns), None)

    def _needed(self, number: int) -> bool:
        """Whether a computed column or a foreign key to its table needs a column."""
        return any(
            number in part.parent_columns for table in self.now.values() for part in table.parts.values()
        ) or any(
            column.doubled is not None and column.doubled[0] == number
            for table in self.now.values()
            for column in table.columns.values()
        )

    def _has_rows(self, place: int) -> bool:
        return place in self.before and not self.before[place].closed

    # Columns

    def _new_column(self, place: int | None = None) -> Column:
        """Return a new column; ``place`` is its table if that has rows."""
        kind = self._one_of([*TYPES, "reference"])
        column = Column(self._name(), kind)
        if kind == "reference":
            column.kind, column.parent = "text", self._one_of(self._parents())
        if kind == "enumeration":
            column.words = column.safe = ("it's", "100%", "b")
        column.comment = self._one_of([None, None, "it's 100% :free"])
        choices = ["", "constant"] if (kind in CONSTANTS or column.words) and column.parent is None else [""]
        choices += ["volatile"] * (kind in ("text", "time") and column.parent is None)
        column.default = self._one_of(choices)
        column.nullable = self._coin()
        if column.parent is not None and not self._has_rows(column.parent):
            column.nullable = True
        column.distinct = kind in DISTINCT and column.default != "constant"
        if place is not None and not column.nullable and not column.default and kind not in TEXTS:
            column.distinct = False
        return column

    def _parents(self) -> list[int]:
        return [place for place, table in self.now.items() if table.keyed_by_text()]

    def _place(self, table: Table) -> int:
        return next(place for place, one in self.now.items() if one is table)

    def change_add_column(self) -> bool:
        table = self._table()
        number = next(self._numbers)
        column = table.columns[number] = self._new_column(self._place(table))
        if column.parent is not None and self._coin():
            self._refer(table, number)
        return True

    def change_add_computed(self) -> bool:
        table, number, column = self._column(lambda t, n, c: c.kind in ("integer", "big") and c.doubled is None)
        if column is None:
            return False
        made = Column(self._name(), "big", doubled=(number, 2))
        table.columns[next(self._numbers)] = made
        return True

    def change_recompute(self) -> bool:
        _, _, column = self._column(lambda t, n, c: c.doubled is not None, old=True)
        if column is None:
            return False
        column.doubled = (column.doubled[0], column.doubled[1] + 1)
        return True

    def change_drop_column(self) -> bool:
        table, number, column = self._column(
            lambda t, n, c: not self._needed(n) and len(t.columns) > 2 and self._free(t, n), old=True
        )
        if column is None:
            return False
        self._forget(table, number)
        return True

    def _free(self, table: Table, number: int) -> bool:
        """Whether no key of another table needs a unique constraint with this column."""
        return not any(
            number in part.columns and self._is_needed(table, part)
            for part in table.parts.values()
            if part.kind in ("unique", "index")
        )

    def _is_needed(self, table: Table, unique: Part) -> bool:
        return any(
            set(part.parent_columns) == set(unique.columns)
            for one in self.now.values()
            for part in one.parts.values()
            if part.parent == self._place(table)
        )

    def _forget(self, table: Table, number: int) -> None:
        column = table.columns.pop(number)
        was = self._was(number)
        required = (was is not None and not was.nullable and not was.default) or not (column.nullable or column.default)
        table.closed |= column.doubled is None and (required or column.once_required)
        table.parts = {key: part for key, part in table.parts.items() if number not in part.columns}

    def change_rename_column(self) -> bool:
        _, _, column = self._column(lambda t, n, c: c.before is None and c.name != "updated_at", old=True)
        if column is None:
            return False
        column.before, column.name = column.name, self._name()
        return True

    def change_type(self) -> bool:
        table, number, column = self._column(
            lambda t, n, c: c.kind in WIDER and c.parent is None and c.doubled is None and not self._needed(n), old=True
        )
        if column is None:
            return False
        was = self._was(number)
        assert was is not None
        if was.kind != column.kind:
            return False
        used = any(number in part.columns for part in table.parts.values())
        kinds = [kind for kind in WIDER[column.kind] if not (used and kind == "text" and column.kind not in TEXTS)]
        if not kinds:
            return False
        if column.default == "constant" and column.kind not in ("short", "longer") and kinds[-1] == "text":
            kinds = kinds[:-1] or kinds
        column.kind = self._one_of(kinds)
        return True

    def change_wider_than_computed(self) -> bool:
        _, _, column = self._column(
            lambda t, n, c: c.kind == "integer" and c.doubled is None and c.parent is None and self._needed(n), old=True
        )
        if column is None or column.is_key:
            return False
        column.kind = "big"
        return True

    def change_null(self) -> bool:
        table, number, column = self._column(
            lambda t, n, c: c.doubled is None and (c.nullable or c.parent is None or self._has_rows(c.parent)), old=True
        )
        if column is None:
            return False
        if column.nullable and column.parent is not None and not self._has_rows(column.parent):
            return False
        if column.nullable and column.distinct and (column.kind not in TEXTS or column.default == "constant"):
            if any(number in part.columns for part in table.parts.values() if part.kind in ("unique", "index")):
                return False
            column.distinct = False
        column.nullable = not column.nullable
        column.once_required |= column.nullable
        return True

    def change_default(self) -> bool:
        _, _, column = self._column(
            lambda t, n, c: c.doubled is None and c.parent is None and (c.kind in CONSTANTS or c.kind == "enumeration"),
            old=True,
        )
        if column is None:
            return False
        if column.distinct:
            return False
        column.default = "" if column.default else "constant"
        return True

    def change_comment(self) -> bool:
        table, _, column = self._column(lambda t, n, c: True)
        part: Any = table if column is None or self._coin() else column
        part.comment = self._one_of([one for one in (None, "it's", "100% :of %(it)s") if one != part.comment])
        return True

    def change_words(self) -> bool:
        _, number, column = self._column(lambda t, n, c: c.kind == "enumeration", old=True)
        if column is None:
            return False
        was = self._was(number)
        assert was is not None
        if self._coin():
            column.words = (*column.words, f"w{next(self._numbers)}")
        elif len(column.safe) > 1:
            gone = self._one_of(column.safe[1:])
            column.words = tuple(word for word in column.words if word != gone)
            column.safe = tuple(word for word in column.safe if word != gone)
        else:
            return False
        return True

    # Constraints and indexes

    def change_unique(self) -> bool:
        table, number, column = self._column(lambda t, n, c: c.distinct)
        if column is None or any(
            part.columns == (number,) for part in table.parts.values() if part.kind in ("unique", "index")
        ):
            return False
        late: dict[str, Any] = {"deferrable": True, "initially": "DEFERRED"} if self._coin() else {}
        others = [one for one, column in table.columns.items() if column.doubled is None and column.kind != "json"]
        numbers = tuple(dict.fromkeys([number, *[self._one_of(others)] * self._coin()]))
        if any(part.kind == "unique" and part.columns == numbers for part in table.parts.values()):
            return False  # they would have the same name
        table.parts[next(self._numbers)] = Part("unique", numbers, lambda names: sa.UniqueConstraint(*names, **late))
        return True

    def change_check(self) -> bool:
        table, number, column = self._column(lambda t, n, c: c.kind in NUMBERS | TEXTS and c.doubled is None)
        if column is None:
            return False
        condition = "{} >= -5" if column.kind in NUMBERS else "{} <> 'a:b 100%'"
        other = self._one_of(list(table.columns)) if self._coin() else number
        also = " OR {} IS NULL" * (other != number)

        def made(names: Sequence[str], key: int = next(self._numbers)) -> Any:
            return sa.CheckConstraint((condition + also).format(*map(quoted, names)), name=f"k{key}")

        table.parts[next(self._numbers)] = Part("check", tuple(dict.fromkeys((number, other))), made)
        return True

    def change_index(self) -> bool:
        table, number, column = self._column(lambda t, n, c: c.kind != "json" and c.doubled is None)
        if column is None:
            return False
        others = [one for one, column in table.columns.items() if column.kind != "json" and one != number]
        second = self._one_of(others) if self._coin() else None
        key = f"ix_x{next(self._numbers)}"
        kind = self._one_of(["plain", "desc", "text", "partial", "unique", "lower", "include"])
        if (kind == "lower" and column.kind not in TEXTS) or (kind == "unique" and not column.distinct):
            kind = "plain"
        if second is None and kind == "plain":
            named = [part.columns for part in table.parts.values() if part.kind == "index"]
            key = key if (number,) in named else ""

        def made(names: Sequence[str]) -> Any:
            one, sql, rest = names[0], quoted(names[0]), list(names[1:])
            where = {f"{database}_where": sa.text(f"{sql} IS NOT NULL") for database in ("postgresql", "sqlite")}
            parts: dict[str, tuple[list[Any], dict[str, Any]]] = {
                "plain": ([one, *rest], {}),
                "desc": ([sa.desc(sa.column(one)), *rest], {}),
                "text": ([sa.text(f"{sql} DESC"), *rest], {}),
                "partial": ([one, *rest], where),
                "unique": ([one, *rest], {"unique": True}),
                "lower": ([sa.text(f"lower({sql})"), *rest], {}),
                "include": ([one], {"postgresql_include": rest}),
            }
            return sa.Index(key or None, *parts[kind][0], **parts[kind][1])

        numbers = (number,) if second is None else (number, second)
        table.parts[next(self._numbers)] = Part("index", numbers, made)
        return True

    def change_drop_part(self) -> bool:
        found = [
            (table, key)
            for place, table in self.now.items()
            for key, part in table.parts.items()
            if place in self.before
            and key in self.before[place].parts
            and not (part.kind in ("unique", "index") and self._is_needed(table, part))
        ]
        if not found:
            return False
        table, key = self._one_of(found)
        del table.parts[key]
        return True

    def _refer(self, table: Table, number: int) -> None:
        parent = table.columns[number].parent
        assert parent is not None
        (key,) = (one for one, column in self.now[parent].columns.items() if column.is_key)
        options = {"ondelete": self._one_of(["CASCADE", None, "SET NULL" if table.columns[number].nullable else None])}
        if self._coin():
            options |= {"onupdate": "CASCADE", "deferrable": True, "initially": "DEFERRED"}
        table.parts[next(self._numbers)] = Part("foreign key", (number,), list, parent, (key,), options)

    def change_foreign_key(self) -> bool:
        table, number, column = self._column(lambda t, n, c: c.parent is not None)
        if column is None:
            return False
        for key in [key for key, part in table.parts.items() if part.parent is not None and part.columns == (number,)]:
            del table.parts[key]
        self._refer(table, number)
        return True

    def change_composite_key(self) -> bool:
        """Add two columns that refer to a parent by its key and another column of it, which become unique there."""
        table, place = self._table(), self._one_of(self._parents())
        parent = self.now[place]
        (key,) = (one for one, column in parent.columns.items() if column.is_key)
        found = [
            one
            for one, column in parent.columns.items()
            if column.kind in ("text", "short", "integer") and not column.is_key and column.doubled is None
        ]
        if not found:
            return False
        other = self._one_of(found)
        unique = (key, other)
        if not any(part.kind == "unique" and part.columns == unique for part in parent.parts.values()):
            parent.parts[next(self._numbers)] = Part("unique", unique, lambda names: sa.UniqueConstraint(*names))
        numbers = next(self._numbers), next(self._numbers)
        table.columns[numbers[0]] = Column(self._name(), "text", of_pair=True)
        table.columns[numbers[1]] = Column(self._name(), parent.columns[other].kind, of_pair=True)
        table.parts[next(self._numbers)] = Part("foreign key", numbers, list, place, unique)
        return True

    # Tables

    def change_add_table(self) -> bool:
        place = next(self._numbers)
        name = self._one_of(["t{}", "T {}", "order{}"]).format(place)
        kind = self._one_of(["text", "integer"])
        made = Table(name, {next(self._numbers): Column("id", kind, is_key=True, nullable=False)})
        self.now[place] = made
        for _ in range(self._one_of([1, 2, 3])):
            number = next(self._numbers)
            made.columns[number] = self._new_column()
            if made.columns[number].parent is not None:
                self._refer(made, number)
        if self._coin():
            made.columns[next(self._numbers)] = Column("updated_at", "time", nullable=False, default="volatile")
        return True

    def change_rename_table(self) -> bool:
        found = [table for place, table in self.now.items() if place in self.before and table.before is None]
        if not found:
            return False
        table = self._one_of(found)
        table.before, table.name = table.name, f"t{next(self._numbers)}"
        return True

    def change_drop_table(self) -> bool:
        found = [place for place in self.now if place in self.before]
        if len(found) < 2:
            return False
        place = self._one_of(found)
        leaving = [
            (table, number)
            for one, table in self.now.items()
            for number, column in table.columns.items()
            if column.parent == place and one != place
        ]
        if any(self._needed(number) or not self._free(table, number) for table, number in leaving):
            return False
        if self.now[place].before is not None:
            return False
        del self.now[place]
        for table, number in leaving:
            self._forget(table, number)
        for table in self.now.values():
            table.parts = {key: part for key, part in table.parts.items() if part.parent != place}
        return True


@st.composite
def chains(draw: Callable[[Any], Any], most: int = 5) -> list[Schema]:
    """Draw a chain of schemas, the first of which is always the same."""
    numbers = count(101)
    found = [first()]
    for _ in range(draw(st.integers(1, most))):
        changes = Changes(draw, found[-1], numbers)
        for _ in range(draw(st.integers(1, 3))):
            changes.make()
        found.append(changes.now)
    return found
