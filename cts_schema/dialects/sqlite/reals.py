"""Converts real numbers of SQLite to text and back, to the last bit.

SQLite writes 15 digits of a double although 17 may be needed, and may read a text as the neighbour of the
correct double. Python does both correctly, so the statements of an adoption call its functions.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

_TEXT_OF_REAL = "cts_text_of_real"
_REAL_OF_TEXT = "cts_real_of_text"


def register(connection: sa.Connection) -> None:
    """Allow statements of a SQLite connection to use :func:`text_of` and :func:`real_of`."""
    driver: Any = connection.connection.dbapi_connection
    driver.create_function(_TEXT_OF_REAL, 1, _text, deterministic=True)
    driver.create_function(_REAL_OF_TEXT, 1, _real, deterministic=True)


def text_of(value: str) -> str:
    """Return SQL for the shortest text of exactly this real number."""
    return f"{_TEXT_OF_REAL}({value})"


def real_of(value: str) -> str:
    """Return SQL for the real number nearest to a text; NULL if the text is not a number."""
    return f"{_REAL_OF_TEXT}({value})"


def _text(value: float | None) -> str | None:
    if value is None:
        return None
    return repr(float(value)) if math.isfinite(value) else ("Inf" if value > 0 else "-Inf")


def _real(value: object) -> float | None:
    if isinstance(value, str):
        with suppress(ValueError):
            return float(value)
    return float(value) if isinstance(value, int | float) else None
