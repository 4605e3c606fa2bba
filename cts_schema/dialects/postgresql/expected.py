"""Predicts how the catalogue of PostgreSQL shows tables of SQLAlchemy after their creation.

PostgreSQL rewrites expressions. This module knows its form for the comparison of a column with values, which is what
the types of ``ddl`` imply. It leaves any other expression unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateIndex

from cts_schema.ddl.text import literal, names, plain_names, token_texts, unquote
from cts_schema.ddl.triggers import FUNCTION, CreateUpdatedAtFunction, CreateUpdatedAtTrigger, trigger_name
from cts_schema.dialects.facts import ColumnSnapshot, Definition, Part, Snapshot, TableSnapshot

# Type names that differ between statements and the catalogue (postgresql.org/docs/current/datatype.html).
_TYPES = {"varchar": "character varying", "char": "character", "decimal": "numeric", "float": "double precision"}
_ORDER = re.compile(r"(?: ASC|(?P<down> DESC))?(?: NULLS (?P<nulls>FIRST|LAST))?(?=[,)])", re.IGNORECASE)
_INTEGERS = ("integer", "bigint", "smallint")
_DIALECT = registry.load("postgresql")(paramstyle="named")

_Types = Mapping[str, str]


@cache
def expected(metadata: sa.MetaData) -> Snapshot:
    """Return the snapshot of a schema with exactly these tables."""
    tables = {table.name: _table(table) for table in metadata.tables.values()}
    if not any(table.info.get("updated_at_trigger") for table in metadata.tables.values()):
        return Snapshot(tables)
    _, body, _ = _compiled(CreateUpdatedAtFunction()).split("$$")
    head = f"CREATE OR REPLACE FUNCTION {FUNCTION}()\n RETURNS trigger\n LANGUAGE plpgsql\n"
    return Snapshot(tables, functions={FUNCTION: f"{head}AS $function${body}$function$\n"})


def _table(table: sa.Table) -> TableSnapshot:
    types = {column.name: _type(column) for column in table.columns}
    found = TableSnapshot({column.name: _column(column, types[column.name]) for column in table.columns})
    found.parts.update(
        (Part("identity", column.name), Definition(f"{types[column.name]}, increment and start 1 1"))
        for column in table.columns
        if column.identity is not None
    )
    for constraint in (*(one for column in table.columns for one in column.constraints), *table.constraints):
        if getattr(constraint, "dialect", None) != "sqlite":
            kind, text = _constraint(constraint, types)
            found.parts[Part(kind, str(constraint.name))] = Definition(text)
    for index in table.indexes:
        found.parts[Part("index", str(index.name))] = Definition(_index(index, types))
    if table.info.get("updated_at_trigger"):
        text = plain_names(_compiled(CreateUpdatedAtTrigger(table.name)))
        found.parts[Part("trigger", trigger_name(table.name))] = Definition(text, fires="O")
    return found


def _column(column: sa.Column[Any], type_: str) -> ColumnSnapshot:
    identity = "" if column.identity is None else "ALWAYS" if column.identity.always else "BY DEFAULT"
    generated = "" if column.computed is None else "STORED"
    return ColumnSnapshot(type_, not column.nullable, _default(column, type_), identity, generated)


def _constraint(constraint: sa.Constraint, types: _Types) -> tuple[str, str]:
    """Return the kind and the definition of a constraint."""
    match constraint:
        case sa.CheckConstraint():
            kind, text = "check", f"CHECK ({_condition(str(constraint.sqltext), types)})"
        case sa.ForeignKeyConstraint():
            kind, text = "foreign-key", _foreign_key(constraint)
        case sa.PrimaryKeyConstraint():
            kind, text = "primary-key", f"PRIMARY KEY ({names(column.name for column in constraint.columns)})"
        case sa.UniqueConstraint():
            nulls = " NULLS NOT DISTINCT" if constraint.kwargs.get("postgresql_nulls_not_distinct") else ""
            kind, text = "unique", f"UNIQUE{nulls} ({names(column.name for column in constraint.columns)})"
        case _:
            raise NotImplementedError(f"{type(constraint).__name__} {constraint.name}")
    text += " DEFERRABLE" if constraint.deferrable else ""
    text += " INITIALLY DEFERRED" if (constraint.initially or "").upper() == "DEFERRED" else ""
    return kind, plain_names(text)


def _foreign_key(key: sa.ForeignKeyConstraint) -> str:
    parents = [element.target_fullname.rpartition(".") for element in key.elements]
    refers = f"{names([parents[0][0]])}({names(column for _, _, column in parents)})"
    actions = {"ON UPDATE": key.onupdate, "ON DELETE": key.ondelete}
    written = "".join(f" {when} {what}" for when, what in actions.items() if what not in (None, "NO ACTION"))
    return f"FOREIGN KEY ({names(key.column_keys)}) REFERENCES {refers}{written}"


def _index(index: sa.Index, types: _Types) -> str:
    created, where, predicate = _compiled(CreateIndex(index)).partition(" WHERE ")
    created = _ORDER.sub(_order, created)
    if " USING " not in created:
        created = created.replace(" (", " USING btree (", 1)
    return plain_names(created) + (where + _condition(predicate, types) if where else "")


def _order(found: re.Match[str]) -> str:
    """Return the order of a column in an index, without what is the rule: NULL last, in descending order first."""
    rule = "FIRST" if found["down"] else "LAST"
    nulls = (found["nulls"] or rule).upper()
    return (found["down"] or "").upper() + ("" if nulls == rule else f" NULLS {nulls}")


def _type(column: sa.Column[Any]) -> str:
    written = str(column.type.compile(dialect=_DIALECT)).lower().replace(", ", ",")
    return re.sub(r"^\w+", lambda word: _TYPES.get(word[0], word[0]), written)


def _default(column: sa.Column[Any], type_: str) -> str | None:
    if column.computed is not None:
        return f"({column.computed.sqltext})"
    if column.server_default is None and column.identity is None and column is column.table.autoincrement_column:
        sequence = _DIALECT.identifier_preparer.quote(f"{column.table.name}_{column.name}_seq")
        return f"nextval({literal(sequence)}::regclass)"
    if column.server_default is None or column.identity is not None:
        return None
    text = str(_DIALECT.ddl_compiler(_DIALECT, None).get_column_default_string(column))
    if text[0] != "'":
        return text
    if type_ == "jsonb":
        text = literal(json.dumps(json.loads(unquote(text)), ensure_ascii=False))
    return f"{text}::{type_.partition('(')[0]}"


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
