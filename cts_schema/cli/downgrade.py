"""``cts-schema downgrade``."""

from __future__ import annotations

import dataclasses
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_json, print_line
from cts_schema.exceptions import DataWouldBeDropped, UnknownRevision

if TYPE_CHECKING:
    from cts_schema.migration.report import Report

EXAMPLES = (
    "cts-schema downgrade 058",
    "cts-schema downgrade -1 --yes",
    "cts-schema downgrade base --yes --json",
)


def downgrade(
    revision: Annotated[str, typer.Argument(metavar="REV", help="A number such as 058, or -N, or base.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before dropping values.")] = False,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Downgrade a database.

    No row is lost: tables named cts_kept_REVISION_TABLE preserve what a revision drops, and an upgrade restores it. If
    values would be dropped, this asks at a terminal; elsewhere it requires --yes.
    """
    from cts_schema.database.handle import Database
    from cts_schema.migration import run
    from cts_schema.migration.terminal import Terminal

    _require_known(revision)
    terminal = None if json else Terminal(print_line)
    database = Database(url, version_table, schema, wait)

    def go(agreed: bool) -> Report:
        return run.downgrade(database, revision, yes=agreed, terminal=terminal)

    try:
        report = go(yes)
    except DataWouldBeDropped as refusal:
        if json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise
        print_line("This would drop", "bold")
        for line in str(refusal.place["dropped"]).splitlines():
            print_line(f"  {line}")
        print_line("Tables named cts_kept_REVISION_TABLE preserve it, and an upgrade restores it.")
        if not typer.confirm("Continue?"):
            raise
        report = go(True)
    prefixes = tuple(f"cts_kept_{step.revision}_" for step in report.applied)
    new = [table for table in report.preserved if table.startswith(prefixes)]
    if json:
        print_json(dataclasses.asdict(report) | {"newly_preserved": new})


def _require_known(revision: str) -> None:
    """Check that a revision is unambiguous. Alembic also accepts forms such as 06 or head-2.

    Raises:
        UnknownRevision: it is not one of our numbers, not -N and not base.
    """
    from cts_schema.schema.scripts import revisions

    if revision != "base" and not re.fullmatch(r"-\d+", revision) and revision not in revisions():
        raise UnknownRevision(revision=revision, expected="a number of three digits, or -N, or base")
