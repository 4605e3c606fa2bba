"""The client programs of PostgreSQL: which ones are there, whether they are new enough, and how they are told where.

What they are told on their command line anyone on the machine can read. So the password goes through the environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from cts_schema.exceptions import ProgramMissing, ProgramTooOld

FOLDER = "CTS_PG_BIN"
"""The variable with the folder of the programs, instead of PATH."""

_SECRET = ("password", "sslpassword")


def program(name: str, server: int) -> Path:
    """Find a program that can deal with a server.

    Args:
        name: ``pg_dump`` or ``pg_restore``.
        server: the major version of the server.

    Raises:
        ProgramMissing: it is not there, or does not run.
        ProgramTooOld: it is older than the server.
    """
    folder = os.environ.get(FOLDER, "").strip() or None
    found = shutil.which(name, path=folder)
    if found is None:
        raise ProgramMissing(program=name, looked_in=f"{FOLDER}={folder}" if folder else "PATH", server=server)
    try:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    except OSError as error:
        raise ProgramMissing(program=found, reported=error.strerror, server=server) from error
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    if version is None:
        raise ProgramMissing(
            cause="the program is none of PostgreSQL's", program=found, reported=said[:200] or "nothing", server=server
        )
    if int(version[1]) < server:
        raise ProgramTooOld(program=found, its_version=version[1], server=server)
    return Path(found)


def conninfo(url: sa.URL) -> str:
    """Return how libpq reaches a database, without what is secret."""
    return make_conninfo(**{name: value for name, value in _parameters(url).items() if name not in _SECRET})


def environment(url: sa.URL) -> dict[str, str]:
    """Return the environment of a program that connects to a database."""
    variables = {**os.environ, "LC_ALL": "C", "PGAPPNAME": "cts"}
    variables.pop("PGCLIENTENCODING", None)  # a dump is in the encoding of the database
    password = _parameters(url).get("password")
    return variables if password is None else {**variables, "PGPASSWORD": str(password)}


def complaint(stderr: str) -> str:
    """Return the line that says why a program failed. Further lines may quote rows."""
    lines = [line for line in stderr.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in lines if re.search(r"ERROR|FATAL|error:", line)), lines[0])


def _parameters(url: sa.URL) -> dict[str, Any]:
    url = url.set(drivername="postgresql+psycopg")  # whose parameters are libpq's
    _, parameters = sa.create_engine(url).dialect.create_connect_args(url)
    del parameters["context"]  # the one that is psycopg's own
    return {"connect_timeout": 10, **parameters}
