"""One name for each constraint and index, the same on both databases.

PostgreSQL silently truncates an identifier at 63 bytes, SQLite never does. So the convention itself shortens
names, and a constraint has the same name on both databases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
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


def renamed(name: str, prefix: str, before: Sequence[str], after: Sequence[str]) -> str:
    """Return the name of a constraint or an index after its table or a column got another name.

    Args:
        name: its name so far; one that is not of the convention stays.
        prefix: of its kind: pk, uq, ix or fk.
        before: the names of the table and the columns so far.
        after: their new names.
    """
    return shorten("_".join([prefix, *after])) if name == shorten("_".join([prefix, *before])) else name


def renamed_check(name: str, columns: Iterable[str], before: str, after: str) -> str:
    """Return the name of a CHECK after its table got another name.

    Args:
        name: its name so far; one without that of the table stays.
        columns: the columns of the table.
        before: the name of the table so far.
        after: its new name.
    """
    whole = [name, *(f"ck_{before}_{column}{end}" for column in columns for end in ("", "_finite"))]
    for found in whole:
        if shorten(found) == name and found.startswith(f"ck_{before}_"):
            return shorten(f"ck_{after}_{found.removeprefix(f'ck_{before}_')}")
    return name


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
