"""Finds the client programs of PostgreSQL, checks their versions, and passes them the connection.

Anyone on the machine can read their command line, so the password goes through the environment.
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
    """Find a program that supports a server version.

    Args:
        name: ``pg_dump`` or ``pg_restore``.
        server: the major version of the server.

    Raises:
        ProgramMissing: it is missing, or does not run.
        ProgramTooOld: it is older than the server.
    """
    folder = os.environ.get(FOLDER, "").strip() or None
    found = shutil.which(name, path=folder)
    if found is None:
        raise ProgramMissing(program=name, looked_in=f"{FOLDER}={folder}" if folder else "PATH", server=server)
    try:
        output = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    except OSError as error:
        raise ProgramMissing(program=found, reported=error.strerror, server=server) from error
    version = re.search(r"\(PostgreSQL\) (\d+)", output)
    if version is None:
        raise ProgramMissing(
            cause="the program is not one of PostgreSQL",
            program=found,
            reported=output[:200] or "nothing",
            server=server,
        )
    if int(version[1]) < server:
        raise ProgramTooOld(program=found, its_version=version[1], server=server)
    return Path(found)


def conninfo(url: sa.URL) -> str:
    """Return the connection string of libpq, without secrets."""
    return make_conninfo(**{name: value for name, value in _parameters(url).items() if name not in _SECRET})


def environment(url: sa.URL) -> dict[str, str]:
    """Return the environment of a program that connects to a database."""
    variables = {**os.environ, "LC_ALL": "C", "PGAPPNAME": "cts"}
    variables.pop("PGCLIENTENCODING", None)  # a dump is in the encoding of the database
    password = _parameters(url).get("password")
    return variables if password is None else {**variables, "PGPASSWORD": str(password)}


def error_line(stderr: str) -> str:
    """Return the first error line of a program. Further lines may quote rows."""
    lines = [line for line in stderr.splitlines() if line.strip()] or ["no output"]
    return next((line for line in lines if re.search(r"ERROR|FATAL|error:", line)), lines[0])


def _parameters(url: sa.URL) -> dict[str, Any]:
    url = url.set(drivername="postgresql+psycopg")  # its parameters are those of libpq
    _, parameters = sa.create_engine(url).dialect.create_connect_args(url)
    del parameters["context"]  # psycopg's own parameter
    return {"connect_timeout": 10, **parameters}
