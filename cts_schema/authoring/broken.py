"""Names the file of an author that is wrong, where a traceback would lead through Alembic."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.util import CommandError

from cts_schema.exceptions import SchemaError
from cts_schema.exceptions.error import in_a_line


@contextmanager
def told_as(kind: type[SchemaError], folder: Path) -> Iterator[None]:
    """Raise whatever the files of an author raise within the block as one error with file and line.

    Args:
        kind: the class of the error.
        folder: the folder of the files.

    Raises:
        SchemaError: of that class; one that already says what is wrong stays.
    """
    try:
        yield
    except (SchemaError, CommandError):
        raise
    except Exception as error:
        raise kind(file=_place(error, folder), error=in_a_line(error)) from error


def _place(error: Exception, folder: Path) -> str | None:
    """Return the last file and line of a folder that an error comes from."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(folder)]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None
