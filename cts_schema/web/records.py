"""Collects the log records of a run while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger("cts_schema.migration")

Take = Callable[[logging.LogRecord], None]


class _Collector(logging.Filter):
    """Passes the records of a thread to a callback, and drops those that would not be logged without it."""

    def __init__(self) -> None:
        super().__init__()
        self._takes: dict[int, Take] = {}
        self._lock = threading.Lock()
        self._own_level = self._level = logging.NOTSET

    def filter(self, record: logging.LogRecord) -> bool:
        take = self._takes.get(record.thread or 0)
        if take is not None:
            take(record)
        return record.levelno >= self._level

    @contextmanager
    def collecting(self, take: Take) -> Iterator[None]:
        """Within the block pass the records of this thread to ``take``, including those below the host's level."""
        thread = threading.get_ident()
        with self._lock:
            if not self._takes:
                self._own_level, self._level = LOGGER.level, LOGGER.getEffectiveLevel()
                LOGGER.addFilter(self)
                LOGGER.setLevel(min(logging.INFO, self._level))
            self._takes[thread] = take
        try:
            yield
        finally:
            with self._lock:
                del self._takes[thread]
                if not self._takes:
                    LOGGER.setLevel(self._own_level)
                    LOGGER.removeFilter(self)


collecting = _Collector().collecting
