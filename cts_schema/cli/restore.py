"""``cts-schema restore``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json

EXAMPLES = (
    "cts-schema restore backups/cts-20261123T101500.db",
    "cts-schema restore backups/cts-20261123T101500.dump --force",
    "cts-schema restore pre_v3.1_dump.sql --url postgresql://cts@db.example/cts",
)


def restore(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A backup, a dump of pg_dump, an SQL script, or a SQLite file.")
    ],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the contents of the database, and keep a copy of them.")
    ] = False,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Restore a database from a backup, all or nothing.

    Without --force the database must be empty. A dump in the custom format needs pg_restore, on PATH or in the folder
    CTS_PG_BIN.
    """
    import cts_schema

    done = cts_schema.restore(path, url, force=force, version_table=version_table, schema=schema, wait=wait)
    if json:
        print_json(dataclasses.asdict(done))
        return
    print_facts(
        {
            "database": done.database,
            "restored": done.path,
            "revision": done.revision or "none",
            "verified": None if done.rows is None else f"{done.tables} tables, {done.rows:,} rows, as in its manifest",
            "replaced": done.kept,
            "note": done.note,
            "next": "cts-schema upgrade (adopts it)" if done.unadopted else "cts-schema status",
        }
    )
