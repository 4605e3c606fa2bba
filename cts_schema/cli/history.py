"""``cts-schema history``."""

from __future__ import annotations

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_json, print_table

EXAMPLES = (
    "cts-schema history",
    "cts-schema history --json",
)


def history(
    *,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the revisions, and when a database got each."""
    import cts_schema
    from cts_schema.schema.scripts import revisions

    found = cts_schema.status(url, version_table=version_table, schema=schema, wait=wait)
    line = revisions()
    # For an unknown revision we do not know which revisions came before it.
    reached = "applied" if found.revision in line else "unknown"
    states = {one: "pending" if one in found.pending else reached for one in line}
    if json:
        listed = [
            {"revision": one, "name": name, "state": states[one], "executed_at": found.executed_at.get(one)}
            for one, name in line.items()
        ]
        print_json({"database": found.database, "revision": found.revision, "revisions": listed})
        return
    print_table(
        ("revision", "name", "state", "executed at (UTC)"),
        [(one, name, states[one], found.executed_at.get(one, "")) for one, name in line.items()],
        [None if states[one] == "applied" else "yellow" for one in line],
    )
