"""Output that nobody can read: the work goes on, quietly, where its reader has gone; without room it is an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cts_schema.exceptions import OutputFailed, of_alembic


def open_what_is_closed() -> None:
    """Let a program that was started without stdout or stderr write into nothing; Python has no stream then."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  until the process ends
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115


def swallow(stream: TextIO) -> None:
    """Let a stream that cannot be written take what follows, and the last flush of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def written(stream: TextIO) -> Iterator[None]:
    """Write to a stream within the block, whose reader may have gone.

    Raises:
        OutputFailed: it cannot be written.
    """
    try:
        yield
    except BrokenPipeError:
        swallow(stream)
    except OSError as error:
        raise failed(stream, error) from error


def failed(stream: TextIO, error: OSError) -> OutputFailed:
    """Return the error for a stream that cannot be written; what it still holds is not tried again."""
    swallow(stream)
    return OutputFailed(reported=error.strerror)


def flush_at_exit() -> None:
    """Flush stdout, as the last that a program does: Python would complain, and make 120 of its exit code."""
    try:
        with written(sys.stdout):
            sys.stdout.flush()
    except OutputFailed as error:
        print(f"error: {error.worded(of_alembic)}", file=sys.stderr)  # noqa: T201  this is the command line
