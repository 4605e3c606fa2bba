"""Whether SQL as text changes what a declared state holds: tables, columns, constraints, indexes, comments."""

from __future__ import annotations

import re

from cts_schema.ddl.text import token_texts

_CHANGE = re.compile(
    r"\b(ALTER|CREATE|DROP)\s+(UNIQUE\s+|UNLOGGED\s+)?(TABLE|INDEX)\b|\bCOMMENT\s+ON\s+(TABLE|COLUMN)\b", re.IGNORECASE
)


def changes_tables(statement: str) -> bool:
    """Return whether SQL creates, changes or drops a table or an index, anywhere in it.

    Args:
        statement: one statement or several; a block of PostgreSQL may also execute a string.
    """
    words = list(token_texts(statement))
    executes = any(word.upper() == "EXECUTE" for word in words)
    return bool(_CHANGE.search(" ".join(word for word in words if word[0] != "'" or executes)))
