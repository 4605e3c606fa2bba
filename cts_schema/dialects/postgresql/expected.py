"""Predicts how the catalogue of PostgreSQL shows tables of SQLAlchemy after their creation.

PostgreSQL rewrites expressions. This module knows its form for the comparison of a column with values, which is what
the types of ``ddl`` imply. It leaves any other expression unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateIndex

from cts_schema.ddl.text import literal, names, plain_names, quote, token_texts, unquote
from cts_schema.ddl.triggers import FUNCTION, CreateUpdatedAtFunction, CreateUpdatedAtTrigger, trigger_name
from cts_schema.dialects.facts import Fingerprint

# Type names that differ between statements and the catalogue (postgresql.org/docs/current/datatype.html).
_TYPES = {"varchar": "character varying", "char": "character", "decimal": "numeric", "float": "double precision"}
_INTEGERS = ("integer", "bigint", "smallint")
_DIALECT = registry.load("postgresql")(paramstyle="named")

_Types = Mapping[str, str]


@cache
def expected(metadata: sa.MetaData) -> Fingerprint:
    """Return the fingerprint of a schema with exactly these tables."""
    found: Fingerprint = {f"table {table.name}": dict(_parts(table)) for table in metadata.sorted_tables}
    if not any(table.info.get("updated_at_trigger") for table in metadata.tables.values()):
        return found
    _, body, _ = _compiled(CreateUpdatedAtFunction()).split("$$")
    head = f"CREATE OR REPLACE FUNCTION {FUNCTION}()\n RETURNS trigger\n LANGUAGE plpgsql\n"
    found[f"function {FUNCTION}"] = {"sql": f"{head}AS $function${body}$function$\n"}
    return found


def _parts(table: sa.Table) -> Iterator[tuple[str, Any]]:
    types = {column.name: _type(column) for column in table.columns}
    for column in table.columns:
        yield from _column(column, types[column.name])
    for constraint in (*(one for column in table.columns for one in column.constraints), *table.constraints):
        yield from _constraint(constraint, types)
    for index in table.indexes:
        yield f"index {index.name}", (_index(index, types), True)
    if table.info.get("updated_at_trigger"):
        yield f"trigger {trigger_name(table.name)}", (_compiled(CreateUpdatedAtTrigger(table.name)), "O")


def _column(column: sa.Column[Any], type_: str) -> Iterator[tuple[str, Any]]:
    identity = "" if column.identity is None else "a" if column.identity.always else "d"
    generated = "" if column.computed is None else "s"
    collation = "default" if type_.startswith(("text", "character")) else None
    default = _default(column, type_)
    yield f"column {column.name}", (type_, not column.nullable, default, identity, generated, collation, "rp")
    if identity:
        yield f"sequence {column.name}", (type_, "1 1")


def _constraint(constraint: sa.Constraint, types: _Types) -> Iterator[tuple[str, Any]]:
    match constraint:
        case sa.CheckConstraint():
            if getattr(constraint, "dialect", None) == "sqlite":
                return
            text = f"CHECK ({_condition(str(constraint.sqltext), types)})"
        case sa.ForeignKeyConstraint():
            text = _foreign_key(constraint)
        case sa.PrimaryKeyConstraint() | sa.UniqueConstraint():
            columns = f"({names(column.name for column in constraint.columns)})"
            nulls = " NULLS NOT DISTINCT" if constraint.kwargs.get("postgresql_nulls_not_distinct") else ""
            text = f"{'UNIQUE' if isinstance(constraint, sa.UniqueConstraint) else 'PRIMARY KEY'}{nulls} {columns}"
            index = (
                f"CREATE UNIQUE INDEX {constraint.name} ON {quote(constraint.table.name)} USING btree {columns}{nulls}"
            )
            yield f"index {constraint.name}", (plain_names(index), True)
        case _:
            raise NotImplementedError(f"{type(constraint).__name__} {constraint.name}")
    text += " DEFERRABLE" if constraint.deferrable else ""
    text += " INITIALLY DEFERRED" if (constraint.initially or "").upper() == "DEFERRED" else ""
    yield f"constraint {constraint.name}", (plain_names(text), True)


def _foreign_key(key: sa.ForeignKeyConstraint) -> str:
    parents = [element.target_fullname.rpartition(".") for element in key.elements]
    refers = f"{names([parents[0][0]])}({names(column for _, _, column in parents)})"
    actions = {"ON UPDATE": key.onupdate, "ON DELETE": key.ondelete}
    written = "".join(f" {when} {what}" for when, what in actions.items() if what not in (None, "NO ACTION"))
    return f"FOREIGN KEY ({names(key.column_keys)}) REFERENCES {refers}{written}"


def _index(index: sa.Index, types: _Types) -> str:
    created, where, predicate = _compiled(CreateIndex(index)).partition(" WHERE ")
    if " USING " not in created:
        created = created.replace(" (", " USING btree (", 1)
    return plain_names(created) + (where + _condition(predicate, types) if where else "")


def _type(column: sa.Column[Any]) -> str:
    written = str(column.type.compile(dialect=_DIALECT)).lower().replace(", ", ",")
    return re.sub(r"^\w+", lambda word: _TYPES.get(word[0], word[0]), written)


def _default(column: sa.Column[Any], type_: str) -> str | None:
    if column.server_default is None or column.computed is not None or column.identity is not None:
        return None
    text = str(_DIALECT.ddl_compiler(_DIALECT, None).get_column_default_string(column))
    if text[0] != "'":
        return text
    if type_ == "jsonb":
        text = literal(json.dumps(json.loads(unquote(text)), ensure_ascii=False))
    return f"{text}::{type_}"


def _condition(text: str, types: _Types) -> str:
    """Return a condition in the form of PostgreSQL if it is known; otherwise unchanged, in parentheses."""
    tokens = list(token_texts(text))
    for joint in ("AND", "OR"):
        written = [_comparison(part, types) for part in _split(tokens, joint)]
        if None not in written:
            return f"({f' {joint} '.join(map(str, written))})" if written[1:] else str(written[0])
    return f"({text})"


def _split(tokens: Sequence[str], joint: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.upper() == joint:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _comparison(tokens: Sequence[str], types: _Types) -> str | None:
    """Return the comparison of a column with values; None for any other expression."""
    column, *rest = tokens or [""]
    name, type_ = plain_names(column), types.get(unquote(column)) if column else None
    if type_ is None:
        return None
    match [token.upper() if token.isalpha() else token for token in rest]:
        case ["IS", "NULL"]:
            return f"({name} IS NULL)"
        case ["IS", "NOT", "NULL"]:
            return f"({name} IS NOT NULL)"
        case ["IN", "(", *listed, ")"]:
            values = [_value(token, type_) for token in listed[::2]]
            if None not in values:
                found = f"ANY (ARRAY[{', '.join(map(str, values))}])" if values[1:] else values[0]
                return f"({name} = {found})"
        case [*operator, token] if "".join(operator) in ("=", "<>", "<", ">", "<=", ">="):
            value = _value(token, type_)
            return None if value is None else f"({name} {''.join(operator)} {value})"
    return None


def _value(token: str, type_: str) -> str | None:
    kind = type_.partition("(")[0]
    if token[0] == "'":
        return f"{token}::{kind}" if kind in ("text", "numeric") else None
    if token.isdigit():
        return token if kind in _INTEGERS else f"({token})::numeric" if kind == "numeric" else None
    return None


def _compiled(construct: Any) -> str:
    return str(construct.compile(dialect=_DIALECT)).strip()
