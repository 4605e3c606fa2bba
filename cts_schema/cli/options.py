"""The options that all commands share."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import typer

VERSION_TABLE = "alembic_version"
"""The value of cts_schema.database.options, which would import SQLAlchemy for --help."""

EXIT_CODES = """
\b
Exit codes:
  0    done, or nothing to do
  1    not at head (status, wait, seed), different from the models (rehearse), or findings (check)
  2    wrong usage
  3    the database cannot be reached or used
  4    a lock was not free in time
  5    a decision is needed: see cts-schema adopt --plan (restore: the database is not empty;
       seed: the database has rows of your own)
  6    not enough disk
  70   a bug in the package or in a revision
  130  interrupted
"""


def _seconds(wait: float) -> float:
    if not 0 <= wait < math.inf:
        raise typer.BadParameter("it must be a number of seconds, 0 or more")
    return wait


Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME. By default the one that the "
        "environment names (DATABASE_URL and others), or sqlite:///data/cts.db.",
        show_default=False,
    ),
]
Schema = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The PostgreSQL schema; by default the first of the search path.", show_default=False
    ),
]
VersionTable = Annotated[
    str, typer.Option(metavar="TABLE", help="The table with the revision, if the application uses alembic_version.")
]
Wait = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        callback=_seconds,
        help="How long to wait for another migration and locks.",
    ),
]
Orphans = Annotated[
    Literal["quarantine", "fail"],
    typer.Option(help="Orphaned rows: quarantine moves them to adoption_leftovers, fail stops before any change."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; for an error, on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def epilog(*examples: str) -> str:
    """Return the end of the help of a command: examples, each a command line, and the exit codes."""
    return "\b\nExamples:\n" + "\n".join(f"  $ {example}" for example in examples) + "\n" + EXIT_CODES
