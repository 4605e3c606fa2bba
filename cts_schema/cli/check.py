"""``cts-schema check``."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from cts_schema.cli.options import VERSION_TABLE, Debug, Json, Schema, Url, VersionTable, Wait
from cts_schema.cli.output import print_facts, print_json, print_line, print_table, worded
from cts_schema.exceptions import EXIT_FINDINGS, EXIT_OK

if TYPE_CHECKING:
    from cts_schema.health.report import Finding, Health

EXAMPLES = (
    "cts-schema check",
    "cts-schema check --deep",
    "cts-schema check --json",
)
_STYLES = {"error": "red", "warning": "yellow", "info": None}


def check(
    *,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every row, however long it takes; by default it samples large tables.")
    ] = False,
    url: Url = None,
    schema: Schema = None,
    version_table: VersionTable = VERSION_TABLE,
    wait: Wait = 60,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """List the findings of a database, each with its repair.

    It changes nothing, and works on a hot standby, too. Exits with 1 if it finds an error or a warning.
    """
    import cts_schema

    found = cts_schema.check(url, deep=deep, version_table=version_table, schema=schema, wait=wait)
    if json:
        print_json(dataclasses.asdict(found) | {"healthy": found.healthy})
    else:
        _print(found)
    return EXIT_OK if found.healthy else EXIT_FINDINGS


def _print(found: Health) -> None:
    if found.findings:
        rows = [
            (
                finding.severity,
                finding.code,
                finding.where,
                f"{finding.count:,}" if finding.count else "",
                _summary(finding),
            )
            for finding in found.findings
        ]
        styles = [_STYLES[finding.severity] for finding in found.findings]
        print_table(("severity", "code", "where", "count", "what"), rows, styles)
    for finding in found.findings:
        _print_details(finding)
    counts = Counter[str](finding.severity for finding in found.findings)
    numbers = ", ".join(f"{counts[severity]} {severity}" for severity in _STYLES if counts[severity]) or "nothing found"
    revision = f"revision {found.revision}" if found.revision else "no revision"
    rows_ = sum(table.rows or 0 for table in found.tables)
    size = f"{len(found.tables)} tables, {'' if found.deep else 'about '}{rows_:,} rows, {found.bytes:,} bytes"
    size += "" if found.journal is None else f", journal {found.journal}"
    print_line(f"{found.database}: {revision}, {size}: {numbers} ({found.duration_ms / 1000:.1f} s)", "bold")


def _summary(finding: Finding) -> str:
    return finding.message if not finding.examples else f"{finding.message}: {', '.join(finding.examples)}"


def _print_details(finding: Finding) -> None:
    more = {"found": finding.found, "expected": finding.expected, "repair": worded(finding.repair)}
    if not any(more.values()):
        return
    print_line("")
    print_line(f"{finding.code} {finding.where}", "bold")
    for name, text in more.items():
        for number, line in enumerate((text or "").splitlines()):
            print_facts({f"  {name if number == 0 else '':8}": line.replace("\t", "  ")})
