"""The deadline of a run, and pauses with jitter that do not block an event loop."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.util import await_only

_LONGEST_PAUSE = 2.0


class Deadline:
    """A number of seconds from now, shared by all waits of a run."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    @property
    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def pauses(self) -> Iterator[float]:
        """Yield increasing pauses in seconds, one before each attempt, until the time is over."""
        pause = 0.1
        while self.remaining >= pause:
            yield pause
            pause = min(pause * 2, _LONGEST_PAUSE)


def pause(connection: sa.Connection, seconds: float) -> None:
    """Sleep with jitter, so that many waiters do not retry in step. Does not block an event loop."""
    seconds *= random.uniform(0.5, 1.5)  # noqa: S311  no secret depends on it
    if connection.dialect.is_async:
        import asyncio

        await_only(asyncio.sleep(seconds))
    else:
        time.sleep(seconds)
