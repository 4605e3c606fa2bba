"""``cts-schema upgrade``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_json, print_line

EXAMPLES = (
    "cts-schema upgrade",
    "cts-schema upgrade 058 --url sqlite:///data/cts.db",
    "cts-schema upgrade +1 --json",
)


def upgrade(
    revision: Annotated[str, typer.Argument(metavar="REV", help="A number such as 058, or +N, or head.")] = "head",
    *,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    no_checkpoint: Annotated[
        bool, typer.Option("--no-checkpoint", help="Run each revision on a new database, instead of their scripts.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Upgrade a database.

    It adopts a legacy database on the way. If that needs a decision, it changes nothing.
    """
    from cts_schema.database.handle import Database
    from cts_schema.migration import run
    from cts_schema.migration.terminal import Terminal

    terminal = None if json else Terminal(print_line)
    report = run.upgrade(
        Database(url, version_table, schema, wait), revision, checkpoint=not no_checkpoint, terminal=terminal
    )
    if json:
        print_json(dataclasses.asdict(report))
