"""What an adoption loads into: the tables of the adoption revision, frozen.

The models go on, that revision does not. So its tables are kept here as data: what each column holds in
``target.json``, the statements that make them on either database in ``schema.<database>.sql``, and what is there then
in ``fingerprint.<database>.json``, which an adopted database must equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from cts_schema.ddl import BigInt, ExactNumeric, Json, TextEnum, Timestamp
from cts_schema.ddl.text import run
from cts_schema.dialects.facts import Fingerprint

Kind = Literal["text", "word", "number", "integer", "float", "boolean", "timestamp", "json"]

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Column:
    """A column of the adoption revision.

    Attributes:
        name: its name.
        kind: what it holds.
        nullable: whether it may be NULL.
        default: whether the database fills it in where nothing is given.
        size: of a number (precision, scale); of an integer (its bits,).
        words: those that a word may be.
        check: a condition that its value must meet, as SQL.
        parent: the table whose key it refers to.
    """

    name: str
    kind: Kind
    nullable: bool
    default: bool = False
    size: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    check: str | None = None
    parent: str | None = None

    @property
    def required(self) -> bool:
        """Whether a row without a value for it cannot be kept."""
        return not self.nullable and not self.default


@dataclass(frozen=True)
class Table:
    """A table of the adoption revision: its columns, and the keys and conditions that its rows must meet."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    checks: tuple[str, ...]

    @property
    def counted(self) -> bool:
        """Whether the database numbers the rows: a log or a time series."""
        return self.columns[self.key[0]].kind == "integer"


@cache
def tables() -> dict[str, Table]:
    """Return the tables by name, each after those that it refers to."""
    found = json.loads((FOLDER / "target.json").read_text(encoding="utf-8"))
    return {name: _table(name, facts) for name, facts in found.items()}


@cache
def indexed_texts(table: str) -> dict[str, int]:
    """Return the text columns of a table that PostgreSQL has in an index, with the bytes that one may have there.

    A row of an index takes 2704 bytes at most (nbtree.h, BTMaxItemSize), of all its columns together.
    """
    columns, found = tables()[table].columns, dict[str, int]()
    for name, facts in frozen_fingerprint("postgresql")[f"table {table}"].items():
        if name.startswith("index "):
            listed = re.findall(r"\w+", facts[0].partition(" USING btree (")[2].partition(")")[0])
            texts = [column for column in listed if column in columns and columns[column].kind == "text"]
            for column in texts:
                found[column] = min(found.get(column, 2600), 2600 // len(texts))
    return found


@cache
def frozen_fingerprint(dialect: str) -> Fingerprint:
    """Return the schema of the adoption revision on a database, as it is after JSON."""
    found: Fingerprint = json.loads((FOLDER / f"fingerprint.{dialect}.json").read_text(encoding="utf-8"))
    return found


def create(connection: sa.Connection) -> None:
    """Create the tables as they are at the adoption revision, empty: to try on them what is to be put on the real ones.

    Args:
        connection: on PostgreSQL with the schema to create them in first in its search path.
    """
    for statement in _statements(connection.dialect.name):
        run(connection, statement)


def create_temporary(connection: sa.Connection, names: Collection[str]) -> None:
    """Create some of the tables as temporary ones, without indexes and triggers: to load into them on trial.

    Args:
        connection: on PostgreSQL with the temporary schema first in its search path.
        names: the tables, and all that they refer to.
    """
    for statement in _statements(connection.dialect.name):
        what, _, rest = statement.partition("CREATE TABLE ")
        if not what and rest.partition(" ")[0] in names:
            run(connection, f"CREATE TEMP TABLE {rest}")


def _statements(dialect: str) -> list[str]:
    script = (FOLDER / f"schema.{dialect}.sql").read_text(encoding="utf-8")
    return script.removesuffix(";\n").split(";\n\n")


def describe(metadata: sa.MetaData) -> dict[str, Any]:
    """Return of the models what ``target.json`` says: how that was written, while the two were equal."""
    found: dict[str, Any] = {}
    for table in metadata.sorted_tables:
        found[table.name] = {
            "columns": {column.name: _describe(column) for column in table.columns},
            "key": [column.name for column in table.primary_key],
            "unique": sorted(
                [column.name for column in constraint.columns]
                for constraint in table.constraints
                if isinstance(constraint, sa.UniqueConstraint)
            ),
            "checks": sorted(
                str(constraint.sqltext) for constraint in table.constraints if type(constraint) is sa.CheckConstraint
            ),
        }
    return found


def _describe(column: sa.Column[Any]) -> dict[str, Any]:
    kind, facts = _kind(column.type)
    parents = [key.column.table.name for key in column.foreign_keys]
    checks = [str(check.sqltext) for check in column.constraints if type(check) is sa.CheckConstraint]
    filled = column.server_default is not None or column.identity is not None
    return {
        "kind": kind,
        "nullable": bool(column.nullable),
        **({"default": True} if filled or (column.primary_key and kind == "integer") else {}),
        **facts,
        **({"check": checks[0]} if checks else {}),
        **({"parent": parents[0]} if parents else {}),
    }


def _kind(type_: Any) -> tuple[Kind, dict[str, Any]]:
    if isinstance(type_, ExactNumeric):
        return "number", {"size": [type_.precision, type_.scale]}
    if isinstance(type_, TextEnum):
        return "word", {"words": list(type_.values)}
    if isinstance(type_, BigInt):
        return "integer", {"size": [64]}
    kinds: dict[type[Any], Kind] = {
        Timestamp: "timestamp",
        Json: "json",
        sa.Boolean: "boolean",
        sa.Double: "float",
        sa.Integer: "integer",
        sa.Text: "text",
    }
    kind = next(kind for known, kind in kinds.items() if isinstance(type_, known))
    return kind, {"size": [32]} if kind == "integer" else {}


def _table(name: str, facts: dict[str, Any]) -> Table:
    columns = {
        column: Column(
            column,
            **dict[str, Any]({key: tuple(value) if isinstance(value, list) else value for key, value in about.items()}),
        )
        for column, about in facts["columns"].items()
    }
    return Table(name, columns, tuple(facts["key"]), tuple(map(tuple, facts["unique"])), tuple(facts["checks"]))
