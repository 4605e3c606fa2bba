"""How a value becomes one of another type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.types import TypeEngine

TRUE = "('t', 'tr', 'tru', 'true', 'y', 'ye', 'yes', 'on', '1')"  # postgresql.org/docs/current/datatype-boolean
FALSE = "('f', 'fa', 'fal', 'fals', 'false', 'n', 'no', 'of', 'off', '0')"


@dataclass(frozen=True)
class Cast:
    """How values become those of another type.

    Attributes:
        value: the new value as SQL; None where the database does it by itself.
        kept: the condition that a value means the same afterwards; None where each does.
    """

    value: str | None = None
    kept: str | None = None


def short_enough(text: str, becomes: TypeEngine[Any]) -> str | None:
    """Return the condition that a text has room in another type; None where every text has."""
    length = getattr(becomes, "length", None)
    return None if length is None else f"length({text}) <= {length}"
