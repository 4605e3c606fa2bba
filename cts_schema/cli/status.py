"""``cts-schema status``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json
from cts_schema.exceptions import EXIT_DECISION, EXIT_FINDINGS, EXIT_OK
from cts_schema.migration.report import by_purpose

if TYPE_CHECKING:
    from cts_schema.migration.report import Status

EXAMPLES = (
    "cts-schema status",
    "cts-schema status --json",
)


def status(
    *,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """Show the status of a database, and change nothing.

    Exits with 0 at head, 1 below it, 5 for a legacy database that is not adopted yet.
    """
    import cts_schema

    found = cts_schema.status(url, version_table=version_table, schema=schema, wait=wait)
    if json:
        print_json(dataclasses.asdict(found) | {"at_head": found.at_head})
    else:
        print_facts(_facts(found))
    if found.unadopted:
        return EXIT_DECISION
    return EXIT_OK if found.at_head else EXIT_FINDINGS


def _facts(found: Status) -> dict[str, str | None]:
    from cts_schema.schema.scripts import revisions

    line = list(revisions())
    revision, next_step = found.revision or "none", "cts-schema upgrade"
    if found.unadopted:
        revision, next_step = "none; the tables are of the old application", "cts-schema adopt --plan"
    elif found.revision is not None and found.revision not in line:
        revision = f"{found.revision}, unknown to this package, which has {line[0]} to {line[-1]}"
        next_step = "install the version that made it; if another application owns the table: --version-table TABLE"
    return {
        "database": found.database,
        "revision": f"{revision} (head)" if revision == found.head else revision,
        "head": None if found.revision == found.head else found.head,
        "pending": ", ".join(found.pending) or None,
        "journal": found.journal,
        "not in the ledger": ", ".join(found.missing_in_ledger) or None,
        "to be adopted": ", ".join(found.unadopted) or None,
        "unmanaged": ", ".join(one for one in found.unmanaged if one not in found.preserved) or None,
        **{purpose: ", ".join(those) or None for purpose, those in by_purpose(found.preserved, found.revision).items()},
        "next": None if found.at_head else next_step,
    }
