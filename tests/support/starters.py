"""Many processes at once, and processes that are killed. Run as a program: what it forks must have no threads.

python -m tests.support.starters together URL COUNT    prints the outcome of each process, as JSON
python -m tests.support.starters killed URL SEED TIMES prints what each kill has left, as JSON
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import alembic.command  # noqa: F401  loaded once, for all processes
import psycopg  # noqa: F401
import sqlalchemy as sa

import cts_schema.migration.environment  # noqa: F401
from cts_schema import downgrade, initialize, status, upgrade
from cts_schema.database.engines import migration_engine
from cts_schema.models import Base


def together(url: str, count: int) -> list[Any]:
    """Start ``count`` processes at the same moment; return what each of them applied, or its error."""
    start, go = os.pipe()
    children = [_fork(partial(initialize, url), wait_for=start, close=go) for _ in range(count)]
    os.close(go)  # now
    outcomes = []
    for pid, answer in children:
        with os.fdopen(answer) as stream:
            outcomes.append(json.loads(stream.read() or '"it said nothing"'))
        os.waitpid(pid, 0)
    return outcomes


def killed(url: str, seed: int, times: int) -> list[dict[str, Any]]:
    """Kill upgrades and downgrades at random moments; after each, look, and let the next run succeed."""
    generator = random.Random(seed)
    began = time.monotonic()
    upgrade(url)
    took = time.monotonic() - began
    downgrade(url, "base")
    found = []
    for number in range(times):
        down = number % 2 == 1
        step: Callable[[], Any] = partial(downgrade, url, "base") if down else partial(upgrade, url)
        pid, answer = _fork(step)
        time.sleep(took * generator.uniform(0, 1.1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(answer)
        state = _state(url)
        step()
        found.append({"down": down, "left": state, "then": _state(url)})
    return found


def _state(url: str) -> list[Any]:
    """The revision, how many of our tables there are, and how many others, kept ones aside."""
    seen = status(url)
    strange = [name for name in seen.unmanaged if not name.startswith("cts_kept_")]
    with migration_engine(sa.make_url(url)).connect() as connection:
        ours = set(sa.inspect(connection).get_table_names()) & set(Base.metadata.tables)
    return [seen.revision, len(ours), strange]


def _fork(call: Callable[[], Any], *, wait_for: int | None = None, close: int | None = None) -> tuple[int, int]:
    answer, say = os.pipe()
    pid = os.fork()
    if pid:
        os.close(say)
        return pid, answer
    if wait_for is not None and close is not None:
        os.close(close)
        os.read(wait_for, 1)  # returns when the parent closes the other end
    try:
        outcome: Any = [done.revision for done in call().applied]
    except Exception:
        outcome = traceback.format_exc()
    with os.fdopen(say, "w") as stream:
        json.dump(outcome, stream)
    os._exit(0)


if __name__ == "__main__":
    verb, where, *numbers = sys.argv[1:]
    verbs: dict[str, Callable[..., Any]] = {"together": together, "killed": killed}
    json.dump(verbs[verb](where, *map(int, numbers)), sys.stdout)
