"""``check``: runs all checks in one read-only transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace

from sqlalchemy.exc import DBAPIError

from cts_schema import dialects
from cts_schema.database.handle import Database
from cts_schema.dialects.sqlite.untrusted import readable_without_collations
from cts_schema.exceptions import NextCommand, NextStep
from cts_schema.health import (
    drift,
    files,
    ids,
    indexes,
    ledger,
    references,
    sequences,
    sizes,
    status,
    times,
    unreadable,
)
from cts_schema.health.context import CheckContext
from cts_schema.health.report import REPAIRABLE, SEVERITIES, Finding, Health
from cts_schema.migration.state import read_status
from cts_schema.schema.scripts import head

Check = Callable[[CheckContext], Iterator[Finding]]

_AT_HEAD: dict[str, Check] = {
    "the schema": drift.findings,
    "indexes": indexes.findings,
    "references": references.findings,
    "sequences": sequences.findings,
    "values": unreadable.findings,
    "dead rows": sizes.findings,
}
_IF_ANY_VALUE_FITS: dict[str, Check] = {"types of ids": ids.findings, "forms of times": times.findings}
# SQLSTATEs that end one check but not the others: a lock or a statement that took too long, a missing privilege, a
# standby that had to apply changes.
_INCOMPLETE = {
    "55P03": "another session has locked it",
    "57014": "it took too long; with --deep there is no limit",
    "42501": "the user may not read it",
    "40001": "the standby server cancelled the query",
}


def check(database: Database, *, deep: bool = False) -> Health:
    """Find the problems of a database, and write nothing. ``deep`` reads every row."""
    began = time.perf_counter()
    options = database.options
    with (
        database.connected(reading=True) as connection,
        dialects.of(connection).session.reading_only(connection, options, deep=deep),
        dialects.of(connection).values.tolerant(connection),
    ):
        context = CheckContext(connection, read_status(connection, options), deep, options.version_table)
        found = list(findings(context))
        readable = all(finding.code != "corrupt" for finding in found)
        with readable_without_collations(connection) if readable else nullcontext():
            tables = sizes.tables(context) if readable else ()
        catalogue = context.dialect.catalogue
        size, since = catalogue.database_bytes(connection), catalogue.statistics_since(connection)
        used = indexes.use(context)
        applied = ledger.migrations(context) if readable else ()
    return Health(
        database=database.name,
        revision=context.status.revision,
        head=head(),
        deep=deep,
        findings=tuple(
            sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), finding.code, finding.where))
        ),
        tables=tables,
        indexes=used,
        migrations=applied,
        bytes=size,
        statistics_since=since,
        journal=context.status.journal,
        duration_ms=(time.perf_counter() - began) * 1000,
    )


def findings(context: CheckContext) -> Iterator[Finding]:
    """Yield all findings, in no order."""
    for finding in _found(context):
        repairable = finding.repair is None and finding.code in REPAIRABLE and finding.severity != "info"
        step = NextStep("{}", NextCommand("repair", finding.code))
        yield replace(finding, repair=step) if repairable else finding


def _found(context: CheckContext) -> Iterator[Finding]:
    damage = list(files.findings(context)) if context.dialect.in_a_file else []
    yield from damage
    if any(finding.code == "corrupt" for finding in damage):
        return  # nothing else in such a file can be trusted
    with readable_without_collations(context.connection):
        yield from _of_a_sound_database(context)


def _of_a_sound_database(context: CheckContext) -> Iterator[Finding]:
    yield from status.preserved(context)
    not_comparable = list(status.findings(context))
    yield from not_comparable
    if context.status.revision is not None:
        yield from _tried(context, "the ledger", ledger.findings)
    if not not_comparable:
        for what, find in (_AT_HEAD if context.dialect.keeps_types else _AT_HEAD | _IF_ANY_VALUE_FITS).items():
            yield from _tried(context, what, find)


def _tried(context: CheckContext, what: str, find: Check) -> Iterator[Finding]:
    """Yield the findings of a check, and one more if PostgreSQL ended the check early."""
    found: list[Finding] = []
    try:
        # An error would end the transaction.
        with context.dialect.session.attempt(context.connection):
            found.extend(find(context))
    except DBAPIError as error:
        reason = _INCOMPLETE.get(getattr(error.orig, "sqlstate", None) or "")
        if reason is None:
            raise
        found.append(Finding("not-checked", "warning", what, f"the check is incomplete: {reason}"))
    yield from found
