"""The suite itself leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
