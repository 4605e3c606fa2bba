"""``cts-schema rehearse``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Orphans, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json, print_line
from cts_schema.exceptions import EXIT_FINDINGS, EXIT_OK

EXAMPLES = (
    "cts-schema rehearse",
    "cts-schema rehearse 058 --url sqlite:///data/cts.db",
    "cts-schema rehearse --yes --json",
)


def rehearse(
    revision: Annotated[str, typer.Argument(metavar="REV", help="A number such as 058, or +N, or head.")] = "head",
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to the decisions of an adoption.")] = False,
    orphans: Orphans = "quarantine",
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """Upgrade a copy of a database, and report times and locks.

    The database itself does not change, and the copy is removed. Exits with 1 if the upgraded copy differs from the
    models.
    """
    from cts_schema.database.handle import Database
    from cts_schema.maintenance import rehearsal
    from cts_schema.migration.terminal import Terminal

    terminal = None if json else Terminal(print_line)
    if not json:
        print_line("on a copy, which will be removed")
    database = Database(url, version_table, schema, wait)
    done = rehearsal.rehearse(database, revision, yes=yes, orphans=orphans, terminal=terminal)
    if json:
        print_json(dataclasses.asdict(done))
    else:
        locked = max(done.locks.items(), key=lambda lock: lock[1], default=None)
        print_facts(
            {
                "rehearsed": done.database,
                "copied": f"{done.bytes_before:,} bytes in {done.copy_ms / 1000:.1f} s",
                "afterwards": f"{done.bytes_after:,} bytes",
                "locked": locked and f"{len(done.locks)}, {locked[0]} longest: {locked[1] / 1000:.1f} s",
                "the real run": f"about {done.duration_ms / 1000:.1f} s",
            }
        )
        for difference in done.differences:
            print_line(f"differs: {difference}", "bold red")
    return EXIT_FINDINGS if done.differences else EXIT_OK
