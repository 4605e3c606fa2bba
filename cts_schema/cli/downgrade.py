"""``cts-schema downgrade``."""

from __future__ import annotations

import dataclasses
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import say, say_json
from cts_schema.exceptions import UnknownRevision, WrongUsage

if TYPE_CHECKING:
    from cts_schema.migration.report import Status

EXAMPLES = (
    "cts-schema downgrade 058",
    "cts-schema downgrade -1 --yes",
    "cts-schema downgrade base --yes --json",
)


def downgrade(
    revision: Annotated[str, typer.Argument(metavar="REV", help="A number such as 058, or -N, or base.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Take a database down.

    No row is lost: what a revision drops is kept in tables named cts_kept_REVISION_TABLE, and an upgrade pours it back.
    Without --yes a terminal is asked, and anything else refused.
    """
    import cts_schema
    from cts_schema.migration.terminal import Terminal

    _require_known(revision)

    def look() -> Status:
        return cts_schema.status(url, version_table=version_table, schema=schema, wait=wait)

    undone = [] if yes else _undone(look(), revision)
    if undone:
        _ask(undone, may_ask=not json)
    terminal = None if json else Terminal(say)
    report = cts_schema.downgrade(
        url, revision, version_table=version_table, schema=schema, wait=wait, terminal=terminal
    )
    prefixes = tuple(f"cts_kept_{step.revision}_" for step in report.applied)
    kept = [table for table in look().unmanaged if table.startswith(prefixes)]
    if json:
        say_json(dataclasses.asdict(report) | {"kept": kept})
    elif kept:
        say(f"kept for the way up: {', '.join(kept)}")


def _require_known(revision: str) -> None:
    """Check that it is plain what would be undone. Alembic has more ways to say it, as 06 or head-2.

    Raises:
        UnknownRevision: it is no number of ours, no -N and not base.
    """
    from cts_schema.migration.scripts import revisions

    if revision != "base" and not re.fullmatch(r"-\d+", revision) and revision not in revisions():
        raise UnknownRevision(revision=revision, expected="a number of three digits, or -N, or base")


def _undone(status: Status, revision: str) -> list[str]:
    """Return what would be undone, newest first."""
    from cts_schema.migration.scripts import revisions

    line = list(revisions())
    applied = line[: line.index(status.revision) + 1] if status.revision in line else []
    if revision == "base":
        left = 0
    elif re.fullmatch(r"-\d+", revision):
        left = max(0, len(applied) + int(revision))
    else:
        left = applied.index(revision) + 1 if revision in applied else len(applied)
    return [f"{one}  {revisions()[one]}" for one in reversed(applied[left:])]


def _ask(undone: list[str], *, may_ask: bool) -> None:
    """Ask for a yes.

    Raises:
        WrongUsage: it was not given, or there is nobody to ask.
    """
    refusal = WrongUsage(
        cause="going down needs a yes; nothing was done",
        undone="\n".join(undone),
        kept="what they drop, in tables named cts_kept_REVISION_TABLE",
        next_step="repeat the command with --yes",
    )
    if not (may_ask and sys.stdin.isatty() and sys.stdout.isatty()):
        raise refusal
    say("This undoes", "bold")
    for one in undone:
        say(f"  {one}")
    say("What they drop is kept in tables named cts_kept_REVISION_TABLE.")
    if not typer.confirm("Go on?"):
        raise refusal
