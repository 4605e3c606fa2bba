"""``cts-schema adopt``."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Orphans, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_json, print_line
from cts_schema.exceptions import EXIT_DECISION, EXIT_OK, WrongUsage

EXAMPLES = (
    "cts-schema adopt --plan",
    "cts-schema adopt --plan --json --orphans fail",
    "cts-schema adopt --yes",
    "cts-schema adopt --undo",
    "cts-schema adopt --finalize",
)


def adopt(
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would happen, and change nothing.")] = False,
    orphans: Orphans = "quarantine",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to the decisions in the plan.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Bring the legacy database back as it was.")] = False,
    discard_new: Annotated[
        bool, typer.Option("--discard-new", help="With --undo: discard what was written since the adoption.")
    ] = False,
    finalize: Annotated[
        bool, typer.Option("--finalize", help="Drop the legacy tables that were kept; --undo is impossible afterwards.")
    ] = False,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """Adopt a database of the old application.

    It keeps every row and every value: values without a column go to adoption_leftovers. If the plan needs a decision,
    or you must fix something first, it changes nothing and exits with 5. So does --plan.
    """
    from cts_schema.adoption import run
    from cts_schema.database.handle import Database
    from cts_schema.migration.terminal import Terminal

    _require_sense(plan=plan, undo=undo, finalize=finalize, yes=yes, discard_new=discard_new)
    database = Database(url, version_table, schema, wait)
    if plan:
        found = run.plan_adoption(database, orphans)
        _print({"plan": None if found is None else found.as_dict()}, str(found or "nothing to adopt"), json=json)
        return EXIT_DECISION if found is not None and (found.decisions or found.blockers) else EXIT_OK
    if undo:
        sentence = run.undo_adoption(database, discard_new=discard_new)
        _print({"undone": sentence}, sentence, json=json)
    elif finalize:
        dropped = run.finalize_adoption(database)
        _print({"dropped": dropped}, f"dropped: {', '.join(dropped) or 'nothing, because nothing was kept'}", json=json)
    else:
        terminal = None if json else Terminal(print_line)
        report = run.adopt(database, yes=yes, orphans=orphans, terminal=terminal)
        if json:
            print_json(dataclasses.asdict(report))
    return EXIT_OK


def _print(answer: dict[str, Any], text: str, *, json: bool) -> None:
    if json:
        print_json(answer)
        return
    for line in text.splitlines():
        print_line(line)


def _require_sense(*, plan: bool, undo: bool, finalize: bool, yes: bool, discard_new: bool) -> None:
    """Check the options against each other.

    Raises:
        WrongUsage: two of them contradict each other.
    """
    help_step = "cts-schema adopt --help"
    asked = [name for name, given in (("--plan", plan), ("--undo", undo), ("--finalize", finalize)) if given]
    if yes and asked:
        asked.append("--yes")
    if discard_new and not undo:
        raise WrongUsage(cause="--discard-new needs --undo", next_step=help_step)
    if len(asked) > 1:
        raise WrongUsage(cause="these options exclude each other", options=", ".join(asked), next_step=help_step)
