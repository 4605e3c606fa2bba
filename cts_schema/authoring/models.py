"""Loads the models, which only a comparison needs."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from cts_schema.authoring.broken import told_as
from cts_schema.exceptions import BrokenModels


def models() -> sa.MetaData:
    """Return the metadata of the models.

    Raises:
        BrokenModels: they cannot be imported, or a foreign key refers to nothing.
    """
    with told_as(BrokenModels, Path(__file__).parent.parent / "models"):
        from cts_schema.models import Base

        for table in Base.metadata.tables.values():
            for key in table.foreign_keys:
                _ = key.column
    return Base.metadata
