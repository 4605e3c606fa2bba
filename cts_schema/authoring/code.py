"""Writes the parts of a table as Python, as a revision defines them: the same for both databases."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.util.sqla_compat import _get_identity_options_dict
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from cts_schema.authoring.values import constraints_of, name_of, sql_of, table_of
from cts_schema.ddl import DEFAULTS, TYPES, ImpliedCheck
from cts_schema.ddl.text import token_texts
from cts_schema.exceptions import CannotCarry

_PARAMETER = re.compile(r"(?<![:\w\\]):(?=\w)(?!\w+:)")
_INNER = re.compile(r"(?<=[(=, ])(?=[A-Z]\w+\()")  # a type within a type
_CONDITIONS = ("postgresql_where", "sqlite_where")
_ONLINE = ("postgresql_include", "postgresql_nulls_not_distinct", "postgresql_using")  # what online operations name
_LONG = 90  # characters of a text after which a formatter could not break the line


class Code:
    """Writes parts as Python.

    Attributes:
        imports: the imports that the written code needs, beside those of every revision.
    """

    def __init__(self) -> None:
        self.imports: set[str] = set()

    def column(self, column: sa.Column[Any], *, keys: bool = False, **changed: Any) -> str:
        """Return a column, without its constraints.

        Args:
            column: the column.
            keys: whether its foreign keys come with it.
            changed: ``name``, ``nullable``, ``computed`` or ``server_default`` that it shall have instead.
        """
        given = [repr(str(changed.get("name", column.name))), self.type(column)]
        given += sorted(map(_key, column.foreign_keys)) if keys else []
        computed = changed.get("computed", column.computed)
        if computed is not None:
            if computed.persisted is False:
                raise CannotCarry(
                    cause="PostgreSQL before 18 has no computed columns but stored ones",
                    column=column,
                    next_step="leave persisted=False out",
                )
            stored = "" if computed.persisted is None else f", persisted={computed.persisted}"
            given.append(f"sa.Computed({_literal(sql_of(computed.sqltext))}{stored})")
        if column.identity is not None:
            options = _get_identity_options_dict(column.identity, dialect_kwargs=True)
            given.append(f"sa.Identity({_arguments(options)})")
        default = changed.get("server_default", column.server_default)
        if isinstance(default, sa.DefaultClause):
            given.append(f"server_default={self.default(default)}")
        if column.autoincrement != "auto":
            given.append(f"autoincrement={column.autoincrement!r}")
        given.append(f"nullable={changed.get('nullable', column.nullable)}")
        if column.comment is not None:
            given.append(f"comment={comment_of(column)}")
        return f"sa.Column({', '.join(given)})"

    def type(self, column: sa.Column[Any]) -> str:
        """Return the type of a column.

        Raises:
            CannotCarry: a revision cannot define it.
        """
        base = self._type(column.type, column)
        variants = getattr(column.type, "_variant_mapping", {})
        return base + "".join(
            f".with_variant({self._type(variants[name], column)}, {name!r})" for name in sorted(variants)
        )

    def _type(self, type_: TypeEngine[Any], column: sa.Column[Any]) -> str:
        module = type(type_).__module__
        if isinstance(type_, sa.Enum) and type_.native_enum:
            raise CannotCarry(
                cause="SQLite has no enumerations as types",
                column=column,
                next_step="use Literal[...] or ddl.TextEnum(...), a text with a CHECK, on both databases",
            )
        if isinstance(type_, TYPES):
            return f"ddl.{type_!r}"
        if found := re.match(r"sqlalchemy\.dialects\.(\w+)", module):
            self.imports.add(f"from sqlalchemy.dialects import {found[1]}")
            return f"{found[1]}.{_INNER.sub('sa.', repr(type_))}"
        if module.startswith("sqlalchemy."):
            return f"sa.{_INNER.sub('sa.', repr(type_))}"
        raise CannotCarry(
            cause="a revision must not import a type that may change",
            column=column,
            type=f"{module}.{type(type_).__name__}",
            next_step="move the type to cts_schema.ddl.types, and add it to TYPES; its meaning is frozen then",
        )

    def default(self, default: sa.DefaultClause | None) -> str:
        """Return a server default."""
        if default is None:
            return "None"
        if isinstance(default.arg, str):
            return repr(default.arg)
        if isinstance(default.arg, sa.True_ | sa.False_):  # SQLite gets a number
            return f"sa.{default.arg}()"
        if isinstance(default.arg, DEFAULTS):
            return f"ddl.{type(default.arg).__name__}()"
        if isinstance(default.arg, FunctionElement) and not list(default.arg.clauses):
            return f"sa.func.{default.arg.name}()"
        return self.expression(default.arg)

    def expression(self, expression: Any) -> str:
        """Return an SQL expression as a text clause, the name of a column as it is."""
        if isinstance(expression, sa.Column):
            return repr(str(expression.name))
        return f"sa.text({_literal(sql_of(expression))})"

    def constraint(self, constraint: sa.Constraint, *, use_alter: bool = False) -> str:
        """Return a constraint of a table.

        Args:
            constraint: the constraint.
            use_alter: whether PostgreSQL gets a foreign key only after the table.
        """
        options = {
            "name": _constraint_name(constraint),
            "deferrable": repr(constraint.deferrable),
            "initially": repr(constraint.initially),
        }
        match constraint:
            case sa.CheckConstraint():
                given = [_literal(sql_of(constraint.sqltext))]
            case sa.ForeignKeyConstraint():
                parents = [f"{parent_of(constraint)}.{column}" for column in parent_columns(constraint)]
                given = [repr(local_columns(constraint)), repr(parents)]
                options |= {word: repr(getattr(constraint, word)) for word in ("ondelete", "onupdate", "match")}
                options["use_alter"] = repr(use_alter or None)
            case _:
                given = [repr(str(column.name)) for column in constraint.columns]  # type: ignore[attr-defined]
        given += [f"{word}={value}" for word, value in options.items() if value not in ("None", "")]
        kind = next(one for one in type(constraint).__mro__ if one.__module__ == sa.Constraint.__module__)
        return f"sa.{kind.__name__}({', '.join([*given, *self.options(constraint.kwargs)])})"

    def index(self, index: sa.Index) -> str:
        """Return an index of a table."""
        given = [repr(str(index.name)), *self.parts(index)]
        given += ["unique=True"] * bool(index.unique)
        return f"sa.Index({', '.join([*given, *self.options(index.kwargs)])})"

    def parts(self, index: sa.Index) -> list[str]:
        """Return the columns and expressions of an index."""
        return [self.expression(part) for part in index.expressions]

    def online_options(self, item: sa.Index | sa.UniqueConstraint) -> list[str]:
        """Return the options of an index or unique constraint as arguments of an online operation."""
        options = dict(item.kwargs)
        where = [None if options.get(name) is None else sql_of(options[name]) for name in _CONDITIONS]
        found = []
        if where[0] is not None and where[0] == where[1]:
            found.append(f"where={condition_of(where[0])}")
            options = {name: value for name, value in options.items() if name not in _CONDITIONS}
        named = {name: value for name, value in options.items() if name in _ONLINE}
        found += [text.removeprefix("postgresql_") for text in self.options(named)]
        return found + list(self.options({name: value for name, value in options.items() if name not in _ONLINE}))

    def options(self, options: Any) -> Iterator[str]:
        """Yield the options of one database as arguments."""
        for name, value in options.items():
            if name == "postgresql_concurrently":
                continue
            if isinstance(value, sa.ClauseElement):
                yield f"{name}={self.expression(value)}"
            elif value in (None, False, {}, []):
                continue
            elif isinstance(value, list | tuple):
                yield f"{name}={[str(getattr(part, 'name', part)) for part in value]!r}"
            else:
                yield f"{name}={value!r}"


def _key(key: sa.ForeignKey) -> str:
    options = {word: getattr(key, word) for word in ("ondelete", "onupdate", "deferrable", "initially")}
    words = [f", {word}={value!r}" for word, value in options.items() if value is not None]
    return f"sa.ForeignKey({key.target_fullname!r}{''.join(words)})"


def explicit_checks(table: sa.Table) -> Iterator[sa.CheckConstraint]:
    """Yield the CHECKs of a table that no type implies, by name."""
    for check in sorted(constraints_of(table), key=name_of):
        if isinstance(check, sa.CheckConstraint) and not is_implied(check):
            yield check


def is_implied(constraint: sa.Constraint) -> bool:
    """Return whether the type of a column brings a constraint with it."""
    return isinstance(constraint, ImpliedCheck) or bool(getattr(constraint, "_type_bound", False))


def local_columns(constraint: sa.ForeignKeyConstraint) -> list[str]:
    """Return the columns of a foreign key."""
    return [str(element.parent.name) for element in constraint.elements]


def parent_of(constraint: sa.ForeignKeyConstraint) -> str:
    """Return the table that a foreign key refers to."""
    return str(constraint.referred_table.name)


def parent_columns(constraint: sa.ForeignKeyConstraint) -> list[str]:
    """Return the columns that a foreign key refers to."""
    return [str(element.column.name) for element in constraint.elements]


def condition_of(text: str) -> str:
    """Return an SQL text as a Python literal, on several lines if it is long."""
    pieces = textwrap.wrap(text, _LONG, drop_whitespace=False, break_long_words=False)
    return repr(text) if len(pieces) < 2 else f"({' '.join(map(repr, pieces))})"


def comment_of(part: sa.Table | sa.Column[Any]) -> str:
    """Return the comment of a table or column as a Python literal."""
    return "None" if part.comment is None else condition_of(part.comment)


def literals(condition: str) -> list[str]:
    """Return the quoted literals of a condition."""
    return [found[1:-1].replace("''", "'") for found in token_texts(condition) if found[0] == "'"]


def _literal(text: str) -> str:
    return condition_of(_PARAMETER.sub(r"\\:", text))


def _arguments(options: Any) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in options.items())


def _constraint_name(constraint: sa.Constraint) -> str:
    name = name_of(constraint)
    if not isinstance(constraint, sa.CheckConstraint):
        return repr(name)
    # The convention writes the first part of the name of a CHECK.
    prefix = f"ck_{table_of(constraint).name}_"
    return repr(name.removeprefix(prefix)) if name.startswith(prefix) else f"op.f({name!r})"
