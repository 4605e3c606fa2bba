"""``cts-schema wait``."""

from __future__ import annotations

from typing import Annotated

import typer

from cts_schema.cli import probe
from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable

EXAMPLES = (
    "cts-schema wait",
    "cts-schema wait --timeout 300 --url sqlite:///data/cts.db",
    "cts-schema wait --timeout 0 --json",
)


def wait(
    *,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long to keep asking; 0 asks once, as a probe does.")
    ] = 60,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Wait until another process has upgraded a database to head.

    Changes nothing. Exits with 1 if the database is not at head in time, with 3 if it cannot be reached.
    """
    probe.wait(timeout=timeout, url=url, schema=schema, version_table=version_table, json=json, debug=debug)
