"""Backups and restores that are killed at a step. Run as a program: what it forks must have no threads.

python -m tests.support.stops backup|restore URL

reads lines of a number and a file, and prints how each has ended, as JSON. A step is a call of a function of
cts_schema.maintenance: of a SQLite file that is restored, each page is one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import cts_schema.maintenance.restore  # noqa: F401  loaded once, for all processes
from cts_schema import backup, restore


def steps_of(work: Callable[[], object], last: int) -> str:
    """Do some work in a process of its own, which dies at a step; return how many it took, or what went wrong."""
    answer, say = os.pipe()
    pid = os.fork()
    if pid:
        os.close(say)
        with os.fdopen(answer) as stream:
            said = stream.read()
        os.waitpid(pid, 0)
        return said
    done = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal done
        if event == "call" and "/maintenance/" in frame.f_code.co_filename:
            done += 1
            if done == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        work()
        said = str(done)
    except Exception:
        said = traceback.format_exc()
    sys.setprofile(None)
    with os.fdopen(say, "w") as stream:
        stream.write(said)
    os._exit(0)


if __name__ == "__main__":
    what, url = sys.argv[1:]
    for line in sys.stdin:
        step, file = line.split()
        work = partial(backup, url, file) if what == "backup" else partial(restore, file, url, force=True)
        sys.stdout.write(json.dumps(steps_of(work, int(step))) + "\n")
        sys.stdout.flush()
