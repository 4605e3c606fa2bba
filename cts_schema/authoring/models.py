"""Loads the models, which only a comparison needs."""

from __future__ import annotations

import traceback
from pathlib import Path

import sqlalchemy as sa

from cts_schema.exceptions import BrokenModels, SchemaError
from cts_schema.exceptions.error import in_a_line

_PACKAGE = Path(__file__).parent.parent


def models() -> sa.MetaData:
    """Return the metadata of the models.

    Raises:
        BrokenModels: they cannot be imported, or a foreign key refers to nothing.
    """
    try:
        from cts_schema.models import Base

        for table in Base.metadata.tables.values():
            for key in table.foreign_keys:
                _ = key.column
    except SchemaError:
        raise
    except Exception as error:  # whatever the author of a model has made raise
        raise BrokenModels(file=_place(error), error=in_a_line(error)) from error
    return Base.metadata


def _place(error: Exception) -> str | None:
    """Return the file and line of the models where an error has its cause."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if one.filename.startswith(str(_PACKAGE / "models"))]
    return f"{ours[-1].filename}:{ours[-1].lineno}" if ours else None
