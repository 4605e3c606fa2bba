"""Errors of a legacy database, its adoption and the undo."""

# ruff: noqa: N818 - an error is named after what happened: `DiskFull`, not `DiskFullError`

from cts_schema.exceptions.error import EXIT_DECISION, EXIT_FAULT, EXIT_USAGE, SchemaError
from cts_schema.exceptions.next_step import NextCommand, NextStep


class UnadoptedDatabase(SchemaError):
    """the database has CTS tables that this package did not make; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = NextStep(
        "adopt it: {}; to see first what that does: {}", NextCommand("upgrade"), NextCommand("adopt", plan=True)
    )


class DecisionNeeded(SchemaError):
    """the legacy database can be adopted only if you agree to what is listed; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = NextStep(
        "to see the whole plan: {}\nto agree to all of it: {}",
        NextCommand("adopt", plan=True),
        NextCommand("adopt", yes=True),
    )


class AdoptionBlocked(SchemaError):
    """the legacy database cannot be adopted as it is; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = NextStep("fix what is listed, then repeat: {}", NextCommand("upgrade"))


class AdoptionFailed(SchemaError):
    """the adopted data differs from the legacy data; everything was rolled back"""

    exit_code = EXIT_FAULT
    next_step = NextStep("report this with the lines above; the legacy database is as it was")


class ChangedSince(SchemaError):
    """the new tables have changed since the adoption, and an undo would lose the changes; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = NextStep("to undo it and lose them: {}", NextCommand("adopt", undo=True, discard_new=True))


class LegacySchemaTaken(SchemaError):
    """the schema for the legacy tables exists already"""

    exit_code = EXIT_DECISION
    unlisted = ("schema",)
    next_step = NextStep(
        "if it holds the legacy tables of an earlier adoption, and nobody needs them: {}\n"
        "if it is yours: ALTER SCHEMA {schema} RENAME TO another_name",
        NextCommand("adopt", finalize=True),
    )


class StillInUse(SchemaError):
    """something of yours depends on tables that would be dropped; nothing was dropped"""

    exit_code = EXIT_DECISION
    next_step = NextStep("drop or change what is listed, then repeat")


class NoAdoption(SchemaError):
    """there is no adoption to undo"""

    exit_code = EXIT_USAGE
    next_step = NextStep("see the current revision: {}", NextCommand("status"))
