"""The plan of a repair: the statements for each finding, in order, and the findings that are left, with reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cts_schema.ddl.text import literal, quote
from cts_schema.exceptions import NextCommand, NextStep, WrongUsage
from cts_schema.health import check
from cts_schema.health.context import CheckContext
from cts_schema.health.repair import alter, indexes, orphans, remake, statements, unreadable, values
from cts_schema.health.repair.report import Left, OrphanPolicy, RepairStep
from cts_schema.health.report import REPAIRABLE, SEVERITIES, Finding
from cts_schema.migration import ledger
from cts_schema.models import Base
from cts_schema.schema.scripts import revisions

# One of these findings stops any repair; the finding itself names the next command.
_STOPPING = {
    "corrupt": "a repair never writes to a damaged file",
    "empty-database": "there is nothing to repair yet",
    "old-database": "adopt it first",
    "not-at-head": "upgrade it to head first",
    "unknown-revision": "this package does not know the schema of that revision",
    "false-version": "all tables are missing, and only a backup has their rows",
}
_PARTS = ("check", "foreign-key", "unique", "primary-key", "constraint", "identity", "trigger", "index")
_EXPLAINED = {
    **{f"extra-{part}": "somebody added it; if it causes trouble, its owner may drop it" for part in _PARTS},
    "extra-column": "somebody added it, and it may hold values; if it causes trouble, its owner may drop it",
    "duplicate-index": "somebody added it, and may rely on its name; its owner may drop it",
    "unused-index": "you must decide whether it is still needed",
    "foreign-key-without-index": "the owner of the key must decide whether the index is worth its cost",
    "bloat": "it is not broken; vacuum may take long",
    "slow-migration": "it is over",
    "failed-migration": "it is over; an upgrade completes what it left undone",
    "unmanaged-tables": "they belong to their owners",
    "preserved-rows": "an upgrade restores them",
    "stranded-rows": "you must decide which of them you still need",
    "refused-values": "you must decide what the values should be",
    "not-checked": "a repair needs a complete check",
}
CODES = tuple(sorted({*REPAIRABLE, *_STOPPING, *_EXPLAINED}))
"""All codes that a repair accepts."""

_SHAPES = ("column", "identity", "primary-key", "unique", "check", "foreign-key")


@dataclass(frozen=True)
class Asked:
    """The request for a repair.

    Attributes:
        codes: the codes to repair; empty for all.
        orphans: what to do with orphans, and with rows that must move because of an unreadable value.
        concurrently: whether statements may run outside of the transaction, concurrently with traffic (PostgreSQL).
    """

    codes: tuple[str, ...] = ()
    orphans: OrphanPolicy = "leave"
    concurrently: bool = False


@dataclass(frozen=True)
class Planned:
    """The plan of a repair.

    Attributes:
        revision: the current revision of the database.
        found: all findings, including those that were not requested.
        steps: the steps for the requested findings; those outside of the transaction come last.
        left: the requested findings that are left.
    """

    revision: str | None
    found: tuple[Finding, ...]
    steps: tuple[RepairStep, ...]
    left: tuple[Left, ...]

    @property
    def together(self) -> list[RepairStep]:
        """The steps within the transaction."""
        return [step for step in self.steps if not step.apart]


def require_known(codes: Iterable[str]) -> None:
    """Check that codes are those of findings.

    Raises:
        WrongUsage: one is not.
    """
    for code in codes:
        if code not in CODES:
            next_step = NextStep("see the findings: {}", NextCommand("check"))
            raise WrongUsage(cause="there is no such finding", code=code, known=", ".join(CODES), next_step=next_step)


def make(context: CheckContext, asked: Asked) -> Planned:
    """Plan the steps, in order, and what is left."""
    found = sorted(check.findings(context), key=lambda one: (SEVERITIES.index(one.severity), one.code, one.where))
    wanted = [one for one in found if not asked.codes or one.code in asked.codes]
    if stopping := [one for one in found if one.code in _STOPPING]:
        why = _STOPPING[stopping[0].code]
        left = [Left(one, why if one in stopping else f"{stopping[0].code}: {why}") for one in wanted]
        return Planned(context.status.revision, tuple(found), (), tuple(left))
    made = list(_made(context, asked, found, wanted))
    steps = sorted((one for one in made if isinstance(one, RepairStep)), key=lambda step: step.apart)
    if not asked.concurrently:
        steps = [replace(step, apart=False, undo=()) for step in steps]
    left = [one for one in made if isinstance(one, Left)]
    reported = {finding for step in steps for finding in step.repairs} | {one.finding for one in left}
    left += [Left(finding, "no repair is known") for finding in wanted if finding not in reported]
    return Planned(context.status.revision, tuple(found), tuple(steps), tuple(left))


def _made(
    context: CheckContext, asked: Asked, found: Sequence[Finding], wanted: Sequence[Finding]
) -> Iterator[RepairStep | Left]:
    by_code: dict[str, list[Finding]] = {}
    for finding in wanted:
        by_code.setdefault(finding.code, []).append(finding)
    dialect = context.connection.dialect
    for code in ("missing-function", "changed-function"):
        for finding in by_code.pop(code, ()):
            yield RepairStep((finding,), (statements.create_function(dialect),))
    missing = {finding.where: finding for finding in by_code.pop("missing-table", ())}
    yield from _tables(context, missing)
    for finding in by_code.pop("time-form", ()):
        yield from values.plan_times(context, context.tables[_table(finding)], finding)
    blobs = [finding for finding in by_code.get("wrong-id-type", ()) if finding.found is None]
    for finding in blobs:
        yield from values.plan_blobs(context, context.tables[_table(finding)], finding)
    settled = set[str]()
    for one in _rows(context, asked, by_code, missing.keys()):
        settled |= {finding.where for finding in one.repairs} if isinstance(one, RepairStep) else set()
        yield one
    yield from _shapes(context, found, wanted, settled)
    for code in ("missing-trigger", "changed-trigger"):
        for finding in by_code.pop(code, ()):
            table, there = context.tables[_table(finding)], code == "changed-trigger"
            yield RepairStep((finding,), tuple(statements.trigger(table, dialect, there=there)), (table.name,))
    codes = ("missing-index", "changed-index", "invalid-index")
    of_indexes = [one for code in codes for one in by_code.pop(code, ())]
    yield from indexes.plan(context, of_indexes, concurrently=asked.concurrently)
    for finding in by_code.pop("sequence-behind", ()):
        name, _, column = finding.where.partition(".")
        sequence = f"pg_get_serial_sequence({literal(quote(name))}, {literal(column)})"
        yield RepairStep((finding,), (statements.set_sequence(name, column, sequence),))
    astray = [*by_code.pop("ledger-row-missing", ()), *by_code.pop("ledger-row-surplus", ())]
    yield from _ledger(context, [*astray, *(one for name, one in missing.items() if name == ledger.LEDGER.name)])
    yield from (Left(one, _EXPLAINED[code]) for code in by_code if code in _EXPLAINED for one in by_code[code])


def _tables(context: CheckContext, missing: Mapping[str, Finding]) -> Iterator[RepairStep | Left]:
    """Yield what creates the tables that are missing, unless a downgrade has preserved their rows."""
    for table in Base.metadata.sorted_tables:
        preserved = [one for one in context.status.preserved if one[13:] == table.name]
        if table.name in missing and preserved:
            below = max((one for one in revisions() if one < preserved[0][9:12]), default="--purge base")
            reason = f"{preserved[0]} has its rows: alembic stamp {below}, then: alembic upgrade head"
            yield Left(missing[table.name], reason)
        elif table.name in missing:
            created = statements.create_table(table, context.connection.dialect)
            yield RepairStep((missing[table.name],), tuple(created))


def _rows(
    context: CheckContext, asked: Asked, by_code: dict[str, list[Finding]], missing: Collection[str]
) -> Iterator[RepairStep | Left]:
    """Yield what settles values that the models cannot read, and rows without their parents."""
    refused = unreadable.sort(context, by_code.pop("unreadable-values", []))
    strayed = by_code.pop("orphans", [])
    leaving = [one for one in refused if one.leaving] if asked.orphans == "quarantine" else []
    yield from unreadable.plan(context, refused, asked.orphans, made=missing)
    yield from orphans.plan(context, strayed, asked.orphans, made=missing, unreadable=leaving)


def _shapes(
    context: CheckContext, found: Sequence[Finding], wanted: Sequence[Finding], settled: Collection[str]
) -> Iterator[RepairStep | Left]:
    """Yield what brings columns and constraints to what the models say."""
    shapes = [finding for finding in wanted if _is_shape(finding)]
    if not context.dialect.alters_tables:
        yield from _remade(context, [finding for finding in found if _is_shape(finding)], shapes)
        return
    # Columns first: constraints may need them. Keys before the foreign keys that need them.
    for kind in ("table", "column", "type", "identity", "primary-key", "unique", "check", "foreign-key", "validated"):
        for finding in shapes:
            if finding.code.endswith(f"-{kind}"):
                yield from alter.plan(context, context.tables[_table(finding)], finding, settled)


def _table(finding: Finding) -> str:
    return finding.where.partition(".")[0]


def _is_shape(finding: Finding) -> bool:
    """Whether it is about columns or constraints of a table, which SQLite can only rebuild as a whole."""
    change, _, kind = finding.code.partition("-")
    if finding.code == "wrong-id-type":
        return finding.found is not None  # else the keys are blobs
    return finding.code in ("not-validated", "changed-table") or (change in ("missing", "changed") and kind in _SHAPES)


def _remade(context: CheckContext, found: Sequence[Finding], wanted: Sequence[Finding]) -> Iterator[RepairStep | Left]:
    for name in sorted({_table(finding) for finding in wanted}):
        whole = [finding for finding in found if _table(finding) == name]
        repairs = [finding for finding in wanted if _table(finding) == name]
        if others := sorted({finding.code for finding in whole if finding not in repairs}):
            for finding in repairs:
                yield Left(finding, f"the table is rebuilt as a whole; request these codes, too: {' '.join(others)}")
        else:
            yield from remake.plan(context, context.tables[name], repairs)


def _ledger(context: CheckContext, found: Sequence[Finding]) -> Iterator[RepairStep]:
    if not found:
        return
    from alembic.script import ScriptDirectory

    from cts_schema.migration.command import quiet_config

    script = ScriptDirectory.from_config(quiet_config())
    rows, _ = ledger.corrections(context.connection, script, context.status.revision)
    dialect = context.connection.dialect
    texts = (str(row.compile(dialect=dialect, compile_kwargs={"literal_binds": True})) for row in rows)
    yield RepairStep(tuple(found), tuple(texts), moves=(ledger.LEDGER.name,))
