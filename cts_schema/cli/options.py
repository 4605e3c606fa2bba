"""The options that all commands share."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import typer

VERSION_TABLE = "alembic_version"
"""That of cts_schema.database.options, which would import SQLAlchemy for a mere --help."""

EXIT_CODES = """
\b
Exit codes:
  0    done, or nothing to do
  1    not at head (status, wait, seed), different from the models (rehearse), or findings (check)
  2    wrong usage
  3    the database cannot be reached or used
  4    a lock was not had in time
  5    a decision is needed: see cts-schema adopt --plan (restore: the database is not empty;
       seed: somebody's own rows are there)
  6    not enough disk
  70   a fault of the package, or of a revision
  130  interrupted
"""


def _seconds(wait: float) -> float:
    if not 0 <= wait < math.inf:
        raise typer.BadParameter("it is a number of seconds, 0 or more")
    return wait


Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME. By default what the "
        "environment says (DATABASE_URL and its like), or else sqlite:///data/cts.db.",
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
    str, typer.Option(metavar="TABLE", help="The table with the revision; another where the application has its own.")
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
    typer.Option(help="Rows whose parent is gone: quarantine keeps them aside, fail stops before anything."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object; an error too, on stderr.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]


def epilog(*examples: str) -> str:
    """Return what stands below the help of a command: examples, each a command line, and the exit codes."""
    return "\b\nExamples:\n" + "\n".join(f"  $ {example}" for example in examples) + "\n" + EXIT_CODES
