"""Progress of an adoption, for the terminal and the run log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


class Progress:
    """A progress line that is rewritten.

    Args:
        write: prints the line; None away from a terminal.
        on_part: called with each part of the work as it begins.
    """

    def __init__(
        self, write: Callable[[str], None] | None = None, on_part: Callable[[str], None] = lambda what: None
    ) -> None:
        self._write = write
        self._on_part = on_part
        self._total = self._done = 0
        self._began = 0.0
        self.what = ""

    @classmethod
    def of_terminal(cls, on_part: Callable[[str], None] = lambda what: None) -> Progress:
        """Return the progress line of standard error, silent if that is not a terminal."""
        return cls(_line if sys.stderr.isatty() else None, on_part)

    def report(self, what: str) -> None:
        """Begin a part of the work."""
        self.what = what
        self._on_part(what)
        self._show()

    def start(self, total: int) -> None:
        """Start to count rows."""
        self._total, self._done, self._began = total, 0, time.monotonic()

    def advance(self, rows: int) -> None:
        """Count completed rows."""
        self._done += rows
        self._show()

    def end(self) -> None:
        """Clear the line."""
        if self._write is not None:
            self._write("")

    def _show(self) -> None:
        if self._write is None:
            return
        seconds = time.monotonic() - self._began
        if not self._done or seconds < 1:  # too early for a rate
            self._write(self.what)
            return
        rate = self._done / seconds
        left = (self._total - self._done) / rate
        self._write(
            f"{self.what}   {self._done:,} of {self._total:,} rows   {rate:,.0f} rows/s   {max(left, 0):.0f} s left"
        )


def _line(text: str) -> None:
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()
