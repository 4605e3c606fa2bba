"""Output streams that fail: a reader that closed the pipe does not stop the work; a full disk is an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cts_schema.exceptions import OutputFailed, of_alembic


def open_what_is_closed() -> None:
    """Discard the output of a program that was started without stdout or stderr, for which Python has no stream."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  until the process ends
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115


def swallow(stream: TextIO) -> None:
    """Discard further output of a stream that failed, including the last flush of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def written(stream: TextIO) -> Iterator[None]:
    """Write to a stream within the block; a closed pipe is no error.

    Raises:
        OutputFailed: the stream cannot be written.
    """
    try:
        yield
    except BrokenPipeError:
        swallow(stream)
    except OSError as error:
        raise failed(stream, error) from error


def failed(stream: TextIO, error: OSError) -> OutputFailed:
    """Return the error for a stream that cannot be written, and discard what it still holds."""
    swallow(stream)
    return OutputFailed(reported=error.strerror)


def flush_at_exit() -> None:
    """Flush stdout at the end of a program. Otherwise Python would print an error of its own and exit with 120."""
    try:
        with written(sys.stdout):
            sys.stdout.flush()
    except OutputFailed as error:
        print(f"error: {error.worded(of_alembic)}", file=sys.stderr)  # noqa: T201  this is the command line
