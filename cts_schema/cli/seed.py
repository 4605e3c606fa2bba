"""``cts-schema seed``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json

EXAMPLES = (
    "cts-schema seed production",
    "cts-schema seed demo --rows 100000",
    "cts-schema seed test --json",
)


def seed(
    name: Annotated[str, typer.Argument(metavar="NAME", help="production, demo or test.")],
    *,
    rows: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="About how many rows demo gets; at least 10,000, the default.", show_default=False
        ),
    ] = None,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Add a data set to a database at head, once.

    production is what every installation needs, demo a month of invented trading, test a few fixed rows. Existing rows
    never change. demo and test need a database of their own, and are refused if CTS_ENV is production.
    """
    from cts_schema.database.handle import Database
    from cts_schema.migration.progress import Progress
    from cts_schema.seeds import apply

    progress = Progress() if json else Progress.of_terminal()
    done = apply.seed(Database(url, version_table, schema, wait), name, rows=rows, progress=progress)
    if json:
        print_json(dataclasses.asdict(done))
        return
    before = "already applied" if done.before == done.version else f"before: {done.before or 'none'}"
    tables = f"{len(done.rows)} table{'' if len(done.rows) == 1 else 's'}"
    added = f"{sum(done.rows.values()):,} rows in {tables}, {done.duration_ms / 1000:.1f} s"
    print_facts(
        {
            "database": done.database,
            "data set": f"{done.name}, version {done.version} ({before})",
            "added": added if done.rows else "nothing",
        }
    )
