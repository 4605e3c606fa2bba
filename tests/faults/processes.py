"""Runs an operation in a fork of this process, which a fault may strike; this process must have no threads."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cts_schema.dialects.postgresql.lock
from cts_schema.exceptions import SchemaError
from tests.faults.driver import Call, watch
from tests.faults.faults import Ended, Fault
from tests.faults.operations import Operation
from tests.faults.places import Place

_PATIENCE = 300  # seconds until a process that does not end is ended


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        calls: what it asked of the driver and did to files, one after the other.
        struck: the call that the fault struck.
        status: as of ``os.waitstatus_to_exitcode``.
        error: the name of the error; None where the run succeeded, or did not live to tell.
        text: its message; of what is no SchemaError, its first line and where it comes from.
        code: its exit code.
        printed: what it wrote to standard error.
        left: sessions and locks that it held when it was over.
    """

    calls: list[str] = field(default_factory=list)
    struck: str | None = None
    status: int = 0
    error: str | None = None
    text: str = ""
    code: int = 0
    printed: str = ""
    left: list[str] = field(default_factory=list)


def plainly(action: Callable[[Place], Any], place: Place) -> Outcome:
    """Run something that nothing strikes; its calls are counted."""
    return _forked(action, place, None, 0)


def broken(operation: Operation, place: Place, fault: Fault, point: int) -> Outcome:
    """Run an operation that a fault strikes at its ``point``-th call."""
    return _forked(operation.run, place, fault, point)


def _forked(action: Callable[[Place], Any], place: Place, fault: Fault | None, point: int) -> Outcome:
    answer, say = os.pipe()
    printed = place.folder.with_suffix(".stderr")
    pid = os.fork()
    if pid == 0:
        _child(action, place, fault, point, say, printed)
    os.close(say)
    with os.fdopen(answer) as stream:
        said = [json.loads(line) for line in stream]
    _, status = os.waitpid(pid, 0)
    outcome = Outcome(status=os.waitstatus_to_exitcode(status), printed=printed.read_text())
    for part in said:
        for name, value in part.items():
            setattr(outcome, name, value)
    return outcome


def _child(
    action: Callable[[Place], Any], place: Place, fault: Fault | None, point: int, say: int, printed: Path
) -> None:
    """Run in this process, which ends with it."""
    gc.disable()  # a short life; and what only the collector would close counts as left open
    signal.alarm(_PATIENCE)
    os.dup2(os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), sys.stderr.fileno())
    sys.dont_write_bytecode = True
    cts_schema.dialects.postgresql.lock.LOCK_TIMEOUT = "50ms"  # what a lock that is held takes each time
    calls: list[str] = []
    ends: list[Ended] = []

    def tell(**facts: Any) -> None:
        os.write(say, json.dumps(facts).encode() + b"\n")

    def before(call: Call) -> None:
        calls.append(call.what)
        if fault is not None and len(calls) == point:
            tell(struck=call.what)
            ended = fault.strike(call, place)
            if ended is not None:
                ends.append(ended)

    told: dict[str, Any] = {}
    try:
        watch(place.folder, before)
        action(place)
    except SchemaError as error:
        told = {"error": type(error).__name__, "text": str(error), "code": error.exit_code}
    except BaseException as error:
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "cts_schema" in frame.filename]
        where = f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else "nowhere of ours"
        told = {"error": type(error).__name__, "text": f"{str(error).splitlines()[:1]} in {where}", "code": 1}
    done = list(calls)
    try:
        for end in ends:
            end()
        tell(**told, calls=done if fault is None else [], left=place.settle())
        os._exit(0)
    finally:
        os._exit(1)  # never back into what the parent is doing
