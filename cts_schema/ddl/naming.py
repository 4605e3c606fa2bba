"""One name for each constraint and index, the same on both databases.

PostgreSQL silently truncates an identifier at 63 bytes, SQLite never does. So the convention itself shortens
names, and a constraint has the same name on both databases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

MAX_IDENTIFIER = 63  # bytes; postgresql.org/docs/current/sql-syntax-lexical.html
LEGACY = "cts_legacy"  # the prefix of legacy tables on SQLite, and of legacy schemas on PostgreSQL


def shorten(name: str) -> str:
    """Return ``name``; if it has more than 63 bytes, its beginning with a hash of the whole."""
    if len(name.encode()) <= MAX_IDENTIFIER:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    beginning = name.encode()[: MAX_IDENTIFIER - 7].decode(errors="ignore")
    return f"{beginning}_{digest}"


def legacy_schema_of(schema: str) -> str:
    """Return the name of the PostgreSQL schema for the legacy tables of another schema."""
    return LEGACY if schema == "public" else shorten(f"{LEGACY}_{schema}")


def _name(prefix: str) -> Callable[[Any, sa.Table], str]:
    def name(constraint: Any, table: sa.Table) -> str:
        return shorten("_".join([prefix, table.name, *(column.name for column in constraint.columns)]))

    return name


#: The naming convention of the models and of all tables of revisions.
NAMING_CONVENTION: dict[str, Any] = {
    "pk": "pk_%(table_name)s",
    "uq_name": _name("uq"),
    "uq": "%(uq_name)s",
    "ix_name": _name("ix"),
    "ix": "%(ix_name)s",
    "fk_name": _name("fk"),
    "fk": "%(fk_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
