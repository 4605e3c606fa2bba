"""Output that nobody reads any more, as behind ``| head``: the work goes on, quietly, and its exit code tells of it."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def swallow(stream: TextIO) -> None:
    """Let a stream whose reader has gone take what follows, and the last flush of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def flush_at_exit() -> None:
    """Flush stdout, as the last that a program does: Python would complain, and make 120 of its exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        swallow(sys.stdout)
