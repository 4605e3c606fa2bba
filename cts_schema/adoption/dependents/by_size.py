"""Views and triggers that order by size what was a number and becomes text: '10' comes before '9' then.

PostgreSQL refuses to compare a text with a number, but not two texts; SQLite refuses nothing. So their SQL is read: a
comparison by size, min, max, and ORDER BY with a LIMIT. Equality means the same as before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.sql import tokens, unquoted
from cts_schema.adoption.survey import OldTable
from cts_schema.adoption.target import tables

_NUMBERS = re.compile("int|serial|num|dec|real|floa|doub")
_KINDS = ("text", "word")

# The two tokens on either side of a column. <> is no comparison by size.
_COMPARED_BEFORE = re.compile(r"(^|[^<])>=?$|<=?$|between$|(min|max)\($")
_COMPARED_AFTER = re.compile("<(?!>)|>|(not)?between")


def numbers_to_text(old: Iterable[OldTable]) -> dict[str, set[str]]:
    """Return the columns of old tables that hold numbers and whose namesakes of ours hold text, in small letters."""
    found = {}
    for table in old:
        ours = tables()[table.name.lower()].columns
        found[table.name.lower()] = {
            name.lower()
            for name, column in table.columns.items()
            if name in ours and ours[name].kind in _KINDS and _NUMBERS.search(column.type)
        }
    return found


def refused(definitions: Mapping[tuple[str, str], str], numbers: Mapping[str, Collection[str]]) -> list[Refusal]:
    """Return what would order such columns.

    Args:
        definitions: SQL by kind and name.
        numbers: the columns in question by table; see :func:`numbers_to_text`.
    """
    found = []
    for (kind, name), sql in definitions.items():
        words = [token if token[0] == "'" else unquoted(token).lower() for token in tokens(sql)]
        columns = {column for table in numbers.keys() & set(words) for column in numbers[table]}
        ordered = sorted({words[place] for place in range(len(words)) if words[place] in columns and _at(words, place)})
        if ordered:
            reason = f"it orders {', '.join(ordered)} by size, which becomes text: '10' comes before '9' then"
            found.append(Refusal(kind, name, reason))
    return found


def _at(words: list[str], place: int) -> bool:
    """Whether the column at a place is ordered there."""
    first = place
    while first >= 2 and words[first - 1] == ".":
        first -= 2
    before, after = "".join(words[max(0, first - 2) : first]), "".join(words[place + 1 : place + 3])
    return bool(
        _COMPARED_BEFORE.search(before)
        or _COMPARED_AFTER.match(after)
        or ("limit" in words and _is_order(words, first))
    )


def _is_order(words: list[str], place: int) -> bool:
    """Whether a place is in the list of an ORDER BY."""
    for start in range(place - 1, 0, -1):
        if words[start] in ("limit", "(", ")", "select", "from", "where", ";"):
            return False
        if words[start] == "by":
            return words[start - 1] == "order"
    return False
