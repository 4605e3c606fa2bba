"""The suite itself leaves nothing behind."""

from __future__ import annotations

import time
from pathlib import Path

from tests.support.program import python

KILLED = """
import os, signal
from tests.support.postgres import Postgres

postgres = Postgres()
print(postgres.folder, (postgres.folder / "data" / "postmaster.pid").read_text().split()[0], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_no_server_outlives_the_process_that_started_it() -> None:
    done = python(KILLED)  # ends when nobody can write to its streams any more: neither the process nor the guard
    folder, pid = done.out.split()
    assert not Path(folder).exists()
    end = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: str) -> bool:
    """Tell whether a process has not ended; one that has ended may still wait for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
