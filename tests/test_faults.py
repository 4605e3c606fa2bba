"""What breaks in the middle leaves the old state or the new one: a sample of ``make torture``."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import downgrade
from cts_schema.database.engines import migration_engine
from cts_schema.exceptions import DatabaseUnusable
from tests.faults.faults import FAULTS
from tests.faults.operations import OPERATIONS
from tests.support.databases import Database
from tests.support.program import ROOT, environment, python


@pytest.mark.parametrize(("engine", "operation"), [(engine, one.name) for one in OPERATIONS for engine in one.engines])
def test_whatever_strikes_nothing_is_lost_and_the_next_run_succeeds(engine: str, operation: str) -> None:
    order = [sys.executable, "-m", "tests.faults", "--sample", "--engine", engine, "--operation", operation]
    done = subprocess.run(order, cwd=ROOT, env=environment(None), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    row = re.compile(rf"^{engine} +{operation} +(\w+) +(\d+) +(\d+) +(\d+) +0 +0$", re.MULTILINE)
    found = {fault: [int(number) for number in numbers] for fault, *numbers in row.findall(done.stdout)}
    assert list(found) == [fault.name for fault in FAULTS[engine]], done.stdout
    for fault, (points, old, new) in found.items():
        assert points == old + new == 3
        # The lock of a seed on PostgreSQL ends with its transaction: there is no point after the commit.
        last = (3, 0) if (operation, engine) == ("seed", "postgresql") else (2, 1)
        assert fault not in ("kill", "error") or (old, new) == last, done.stdout


@pytest.mark.parametrize("engine", FAULTS)
def test_random_commands_one_after_the_other_lose_nothing_killed_ones_either(engine: str) -> None:
    order = [sys.executable, "-m", "tests.faults.chain", "--engine", engine, "--seed", "3", "--commands", "8"]
    done = subprocess.run(order, cwd=ROOT, env=environment(None), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^ +\d+ ", done.stdout, re.MULTILINE)) == 8, done.stdout
    assert len(re.findall(r": killed at call", done.stdout)) == 2, done.stdout


HALFWAY = """
import sys
import tests.faults.__main__ as torture
from tests.faults.operations import Operation

def both_tables(place):
    with place.opened() as database:
        database.execute("CREATE TABLE IF NOT EXISTS one (a INTEGER)")
        database.execute("CREATE TABLE IF NOT EXISTS two (a INTEGER)")

torture.OPERATIONS = (Operation("halfway", lambda place: None, both_tables, both_tables),)
sys.exit(torture.main(["--engine", "sqlite", "--fault", "error"]))
"""


def test_what_commits_halfway_is_found_and_said_with_the_way_to_repeat_it() -> None:
    done = python(HALFWAY)
    assert done.code == 1, done.out + done.err
    again = "--engine sqlite --operation halfway --fault error --point"
    assert re.search(rf"^{again} \d+ of \d+, .*: neither the old state", done.out, re.MULTILINE), done.out
    assert re.search(rf"^{again} \d+ of \d+, .*: it raised OperationalError, exit code 1", done.out, re.MULTILINE)


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_disk_that_fails_while_a_column_is_dropped_is_not_taken_for_a_refusal(head: Database) -> None:
    """SQLite refuses to drop some columns, and then the table is rebuilt instead."""
    before = head.snapshot()
    engine = migration_engine(head.location)

    def fail(cursor: Any, statement: str, *_: Any) -> None:
        if statement == "ALTER TABLE pseudo_positions DROP COLUMN continuation_ratio":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname, error.sqlite_errorcode = "SQLITE_IOERR", sqlite3.SQLITE_IOERR
            raise error

    for kind in ("do_execute", "do_execute_no_params"):
        sa.event.listen(engine, kind, fail)
    with pytest.raises(DatabaseUnusable):
        downgrade(engine, "035")
    engine.dispose()
    assert head.snapshot() == before
