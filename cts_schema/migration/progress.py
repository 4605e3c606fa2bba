"""How far an adoption has come: a line for a person at a terminal, and each of its parts for the run log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


class Progress:
    """One line that is written again and again.

    Args:
        write: gets the line; None where nobody looks.
        on_part: is told what is being done, each time that changes.
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
        """Return the one of standard error, silent where that is no terminal."""
        return cls(_line if sys.stderr.isatty() else None, on_part)

    def report(self, what: str) -> None:
        """Say what is being done."""
        self.what = what
        self._on_part(what)
        self._show()

    def start(self, total: int) -> None:
        """Begin to count rows."""
        self._total, self._done, self._began = total, 0, time.monotonic()

    def advance(self, rows: int) -> None:
        """Count rows that are done."""
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
        if not self._done or seconds < 1:  # too early to tell
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
