"""``cts-schema backup``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json

EXAMPLES = (
    "cts-schema backup",
    "cts-schema backup /mnt/backups/",
    "cts-schema backup before-the-change.db --json",
)


def backup(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]",
            help="A file, or a folder in which the backup gets a name; by default backups/ beside the SQLite file, or "
            "backups/ here for PostgreSQL.",
            show_default=False,
        ),
    ] = None,
    *,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Copy a database into one file, while others use it.

    A manifest with the same name plus .json lists its contents. It never overwrites a file. PostgreSQL needs pg_dump,
    on PATH or in the folder CTS_PG_BIN.
    """
    import cts_schema

    made = cts_schema.backup(url, path, version_table=version_table, schema=schema, wait=wait)
    if json:
        print_json(dataclasses.asdict(made))
        return
    print_facts(
        {
            "database": made.database,
            "backup": made.path,
            "revision": made.revision or "none",
            "tables": f"{made.tables}, with {made.rows:,} rows",
            "size": f"{made.bytes:,} bytes",
            "restore": f"cts-schema restore {made.path}",
        }
    )
