"""The fast path of ``cts-schema wait``, for a container that probes every few seconds.

To import the parser of the other commands takes longer than to query the database. So this module parses the common
options itself, and leaves everything else, such as ``--help`` or an invalid number, to that parser and its messages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cts_schema.cli.output import print_json, print_line

_TEXTS = ("--url", "--schema", "--version-table")
_FLAGS = ("--json", "--debug")


def parse(arguments: Sequence[str]) -> dict[str, Any] | None:
    """Return the options of a plain ``wait``, or None for any other command line."""
    if not arguments or arguments[0] != "wait":
        return None
    found: dict[str, Any] = {}
    rest = iter(arguments[1:])
    for argument in rest:
        name = argument.removeprefix("--").replace("-", "_")
        if argument in _FLAGS:
            found[name] = True
        elif argument in _TEXTS:
            found[name] = next(rest, "-")
        elif argument == "--timeout":
            found[name] = _seconds(next(rest, ""))
        else:
            return None
        if found[name] is None or str(found[name]).startswith("-"):
            return None
    return found


def wait(
    *,
    timeout: float = 60,
    url: str | None = None,
    schema: str | None = None,
    version_table: str = "alembic_version",
    json: bool = False,
    debug: bool = False,
) -> None:
    """Wait for head, and print the revision."""
    import cts_schema
    from cts_schema.schema.scripts import head

    seconds = cts_schema.wait_for_head(url, timeout=timeout, version_table=version_table, schema=schema)
    if json:
        print_json({"revision": head(), "waited": seconds})
    else:
        print_line(f"at head, revision {head()}")


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
