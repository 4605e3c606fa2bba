"""What an adoption cannot do by itself, and how PostgreSQL says that it will not do something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cts_schema.ddl.text import run
from cts_schema.exceptions import first_line

_REFUSALS = ("0A", "22", "23", "2B", "3F", "42", "44", "P0", "55000", "55006")
_DATA_EXCEPTION = "22"


@dataclass(frozen=True)
class Refusal:
    """Something that cannot be carried over to the new tables, which a person must decide about or fix.

    Attributes:
        kind: what it is: view, trigger, foreign key, ...
        name: how the database calls it.
        reason: why, in the words of the database where it said so.
        blocking: it cannot be left out either: a name is taken, a privilege is missing.
    """

    kind: str
    name: str
    reason: str
    blocking: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.reason}"


def is_refusal(error: DBAPIError) -> bool:
    """Tell whether PostgreSQL understood a statement and will not do it, whenever it is asked.

    Not so where a lock was not had in time, the disk is full or the connection is gone.
    """
    return state(error).startswith(_REFUSALS)


def reason(error: DBAPIError) -> str:
    """Return what PostgreSQL said, in one line and without the value of a row."""
    said = first_line(error.orig)
    return said.split(":")[0] if state(error).startswith(_DATA_EXCEPTION) else said


def state(error: DBAPIError) -> str:
    """Return the SQLSTATE of an error, empty where the driver gives none."""
    return getattr(error.orig, "sqlstate", None) or ""


def run_first_of(connection: sa.Connection, alternatives: Sequence[str]) -> None:
    """Run the first of some statements that PostgreSQL does not refuse; the last one must work."""
    for statement in alternatives[:-1]:
        try:
            with connection.begin_nested():
                run(connection, statement)
        except DBAPIError as error:
            if not is_refusal(error):
                raise
        else:
            return
    for statement in alternatives[-1:]:
        run(connection, statement)
