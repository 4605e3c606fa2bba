"""Runs ``alembic`` and ``cts-schema`` in forks of one process that has loaded them already: a tenth of the time.

python -m tests.support.forks    reads an order a line, as JSON, and answers each with the exit code
"""

from __future__ import annotations

import gc
import io
import json
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from tempfile import TemporaryDirectory
from typing import Any

import alembic.config
import psycopg  # noqa: F401  loaded once, for all commands
import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

import cts_schema.cli.app
import cts_schema.migration.environment
from cts_schema import dialects
from cts_schema.models import Base
from cts_schema.schema.declared import declared
from cts_schema.schema.scripts import ADOPTION_REVISION

_PROGRAMS: dict[str, Callable[[list[str]], Any]] = {
    "alembic": lambda arguments: alembic.config.main(arguments, prog="alembic"),
    "cts-schema": cts_schema.cli.main,
}


def serve() -> None:
    """Run what is ordered until there are no more orders."""
    _warm_up()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(**json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201  this is the answer


def _warm_up() -> None:
    """Let the forks find loaded what commands load as they go: the models, the revisions, what SQLAlchemy remembers."""
    with TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        with closing(sqlite3.connect(f"{folder}/legacy.db")) as legacy:
            legacy.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, password_hash TEXT)")
        for file, *command in (("new", "upgrade"), ("new", "status"), ("new", "check"), ("legacy", "adopt", "--yes")):
            with suppress(SystemExit):
                _PROGRAMS["cts-schema"]([*command, "--url", f"sqlite:///{folder}/{file}.db"])
        dialects.named("postgresql").shape.expected(declared(ADOPTION_REVISION))
        dialects.named("postgresql").shape.expected(Base.metadata)
    gc.collect()
    gc.freeze()  # the collector of a fork need not touch what is shared with the others


def _become(program: str, arguments: list[str], cwd: str, env: dict[str, str], out: str, err: str) -> None:
    """Do in this process what the program does, and end it."""
    for stream, path in enumerate((os.devnull, out, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    code: Any = 1
    try:
        code = _PROGRAMS[program](arguments)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    serve()
