"""The placeholder of a value that only the author of a revision knows."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

from cts_schema.exceptions import RevisionIncomplete


class _ToComplete:
    def __repr__(self) -> str:
        return "ddl.TO_COMPLETE"


#: Stands in a generated ``ddl.backfill`` for the value of existing rows. A revision that has it does not run.
TO_COMPLETE = _ToComplete()


def require_completed() -> None:
    """Check, before the running revision does anything, that its code has no placeholder.

    Raises:
        RevisionIncomplete: it has; names the file and the lines.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if "down_revision" in frame.f_globals and "TO_COMPLETE" in frame.f_code.co_names:
            file = Path(frame.f_code.co_filename)
            lines = [line.strip() for line in file.read_text().splitlines() if "TO_COMPLETE" in line]
            raise RevisionIncomplete(file=file.name, incomplete="\n".join(lines))
        frame = frame.f_back
