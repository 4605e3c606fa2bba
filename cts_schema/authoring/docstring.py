"""The docstring of a generated revision: what its code does to each database, and what stays if it stops.

It is read from the code, so that it says what a person finds below it. Only the reason is left to the author.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from cts_schema.authoring.calls import Call, calls
from cts_schema.authoring.locks import lock, rebuilt

#: What an author replaces; ``make lint`` asks for it.
REASON = "write here why the schema changes"

_WIDTH = 120
_ONLINE = ("_online", "backfill")


def docstring(sentence: str, upgrade: Sequence[str], downgrade: Sequence[str]) -> str:
    """Return the docstring of a revision, without its quotes.

    Args:
        sentence: what the revision does, without a period.
        upgrade: the lines of its upgrade.
        downgrade: the lines of its downgrade.
    """
    up, down = calls(upgrade), calls(downgrade)
    parts = {
        "Why": f"{REASON}.",
        "PostgreSQL": _sentences([lock(call, down) for call in up]) or "nothing.",
        "SQLite": _on_sqlite(up, down),
        "Stopped": _stopped(up),
        "Down": _down(up, down),
    }
    lines = [f"{sentence}.", "", *(line for name, text in parts.items() for line in _wrapped(name, text))]
    return "\n".join([*lines, ""])


def _on_sqlite(up: Sequence[Call], down: Sequence[Call]) -> str:
    tables = dict.fromkeys(call.table for call in up if rebuilt(call, down))
    if not up:
        return "nothing."
    if not tables:
        return "one transaction, without a copy of a table."
    return f"one transaction, which copies {_listed(tables)} once for each change that SQLite has no ALTER for."


def _stopped(up: Sequence[Call]) -> str:
    online = [call for call in up if call.name.endswith(_ONLINE)]
    if not online:
        return "an interruption leaves nothing."
    return (
        f"on PostgreSQL what is done stays, up to the last online operation ({online[-1].name}); the next run repeats "
        "the revision, skips that, and completes what is half done. On SQLite nothing stays."
    )


def _down(up: Sequence[Call], down: Sequence[Call]) -> str:
    told: list[str] = []
    told += [
        f"restores {f'{_listed(call.columns)} of ' if call.columns else ''}{call.table}, which the upgrade preserves"
        for call in up
        if call.name in ("drop_columns", "drop_table")
    ]
    if tables := [call.table for call in down if call.name == "drop_table"]:
        told.append(f"preserves {_listed(tables)} as cts_kept_<revision>_<table>, and an upgrade restores it")
    told += [
        f"preserves the values of {_listed(call.columns)} of {call.table}, and an upgrade restores them"
        for call in down
        if call.name == "drop_columns"
    ]
    new = {(call.table, column) for call in up for column in call.added}
    for call in up:
        stays = [column for column in call.columns if (call.table, column) not in new]
        if call.name in ("backfill", "fill") and stays:
            told.append(f"leaves {_listed(stays)} of {call.table} as the upgrade has filled it")
        if call.name == "change_type":
            told.append(
                f"converts {_listed(call.columns)} of {call.table} back, and stops if a value would not be the same"
            )
    told += [
        f"stops if rows have no value in {_listed(call.columns)} of {call.table}, and counts them"
        for call in down
        if call.name == "set_not_null"
    ]
    told += [
        f"stops if rows of {call.table} refer to rows that are gone"
        for call in down
        if call.name == "create_foreign_key"
    ]
    if any(call.name == "replace_checks" and call.keyword("add") is not None for call in down):
        told.append("stops if rows have values that the CHECK of before refuses, and names them")
    return _sentences(told) or ("reverts it; no value is lost." if down else "nothing.")


def _sentences(told: Sequence[str]) -> str:
    return " ".join(f"{one[0].upper() if place else one[0]}{one[1:]}." for place, one in enumerate(dict.fromkeys(told)))


def _listed(names: Sequence[str] | dict[str, None]) -> str:
    *first, last = dict.fromkeys(names)
    return f"{', '.join(first)} and {last}" if first else last


def _wrapped(name: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{name:12}", subsequent_indent=" " * 12, break_long_words=False)
