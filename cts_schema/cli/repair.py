"""``cts-schema repair``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json, print_line, worded
from cts_schema.exceptions import EXIT_FINDINGS, EXIT_OK, WrongUsage

if TYPE_CHECKING:
    from cts_schema.health.repair.report import Repair
    from cts_schema.health.report import Finding

EXAMPLES = (
    "cts-schema repair --plan",
    "cts-schema repair",
    "cts-schema repair missing-index missing-trigger",
    "cts-schema repair orphans --orphans quarantine",
)

_LONGEST = 400
"""How many characters of a statement are shown; nobody reads twice as many in a terminal."""


def repair(
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODE]...", help="The findings to repair, by their codes in cts-schema check; default all."
        ),
    ] = None,
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Show the statements, and change nothing.")] = False,
    orphans: Annotated[
        Literal["leave", "quarantine"],
        typer.Option(
            help="Orphaned rows, and rows that require a value that the models cannot read: leave them, or move them "
            "to adoption_leftovers."
        ),
    ] = "leave",
    deep: Annotated[bool, typer.Option("--deep", help="Read every row, as cts-schema check --deep does.")] = False,
    backup: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A file or folder for the backup before the repair; default backups/ beside the SQLite file, and no "
            "backup of PostgreSQL.",
            show_default=False,
        ),
    ] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Make no backup before the repair.")] = False,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """Repair the findings of cts-schema check, all or nothing.

    No row is lost. A finding that needs a decision is explained and left as it is. Exits with 1 if an error or a
    warning is left; with --plan, if there is anything to repair.
    """
    import cts_schema

    if no_backup and backup is not None:
        raise WrongUsage(
            cause="these options exclude each other",
            options="--backup, --no-backup",
            next_step="cts-schema repair --help",
        )
    made = cts_schema.repair(
        url,
        codes or (),
        plan=plan,
        orphans=orphans,
        deep=deep,
        backup=False if no_backup else backup,
        version_table=version_table,
        schema=schema,
        wait=wait,
    )
    if json:
        print_json(dataclasses.asdict(made) | {"complete": made.complete})
    else:
        _print(made)
    return EXIT_OK if made.complete and (made.done or not made.steps) else EXIT_FINDINGS


def _print(made: Repair) -> None:
    # A constraint that is added and then validated takes two steps.
    repaired = list(dict.fromkeys(finding for step in made.steps for finding in step.repairs))
    for finding in repaired if made.done else ():
        print_line(f"repaired  {_named(finding)}", "bold")
    for step in () if made.done else made.steps:
        for finding in step.repairs:
            print_line(f"to repair  {_named(finding)}", "bold")
        for number, statement in enumerate(step.statements):
            for line_number, line in enumerate(statement.splitlines()):
                name = "" if number or line_number else "apart" if step.apart else "SQL"
                print_facts({f"  {name:6}": _shortened(line.replace("\t", "  "))})
    for one in made.left:
        print_line(f"left  {_named(one.finding)}", "yellow")
        print_facts({"  reason": worded(one.reason), "  next  ": _by_hand(one.finding)})
    if made.backup is not None:
        print_facts({"backup": made.backup})
    verb = "repaired" if made.done else "to repair"
    print_line(
        f"{made.database}: {len(repaired)} {verb}, {len(made.left)} left ({made.duration_ms / 1000:.1f} s)", "bold"
    )


def _shortened(line: str) -> str:
    rest = len(line) - _LONGEST
    return line if rest < _LONGEST else f"{line[:_LONGEST]} ... ({rest:,} more characters; --json has them)"


def _named(finding: Finding) -> str:
    return f"{finding.code} {finding.where}: {finding.message}"


def _by_hand(finding: Finding) -> str | None:
    """Return the repair of a finding, if it is not this command."""
    step = worded(finding.repair)
    return None if step is None or step.startswith("cts-schema repair") else step
