"""Views and triggers that order by size what was a number and becomes text: '10' comes before '9' then.

PostgreSQL refuses to compare a text with a number, but not two texts; SQLite refuses nothing. So their SQL is read:
where such a column, or what is made of it under another name, is compared by size, in an ORDER BY, or given to a
function that looks for the least or the greatest. Equality means the same as before, and so does a cast to a number.

Rather one too many is found than one too few: it is a person who decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise

from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.tables import LegacyTable
from cts_schema.adoption.target import tables
from cts_schema.ddl.text import closing, opening, token_texts, unquote

_KINDS = ("text", "enum")
_NUMBER = re.compile("(big|small)?int|num|dec|real|floa|doub")
_NAME = re.compile(r"[^\W\d][\w$ ]*")

# Functions that only count what they are given, and those that look for the least or the greatest.
_COUNTING = ("count", "length", "typeof")
_ORDERING = ("min", "max", "greatest", "least", "first_value", "last_value", "nth_value")
_END_ORDER = [
    *("limit", "offset", "fetch", "rows", "range", "groups", "for"),
    *("union", "except", "intersect", "window", ";"),
]
_END_OPERAND = [
    *["and", "or", "not", "where", "on", "having", "when", "then", "else", "case", "end", "select", "distinct", "from"],
    *["group", "order", "as", "set", "begin", "is", "in", "like", "collate", "=", "<", ">", "between", ","],
    *_END_ORDER,
]


def numbers_to_text(old: Iterable[LegacyTable]) -> dict[str, set[str]]:
    """Return the columns of legacy tables that hold numbers and whose namesakes of ours hold text, in small letters."""
    found = {}
    for table in old:
        ours = tables()[table.name.lower()].columns
        found[table.name.lower()] = {
            name.lower()
            for name, column in table.columns.items()
            if name in ours and ours[name].kind in _KINDS and column.is_number
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
        words = _without_harmless([word if word[0] == "'" else unquote(word).lower() for word in token_texts(sql)])
        columns = {column for table in numbers.keys() & set(words) for column in numbers[table]}
        names = _renamed(words, columns)
        ordered = sorted({word for part in _ordered(words) for word in part} & names)
        if ordered:
            reason = f"it orders {', '.join(ordered)} by size, which becomes text: '10' comes before '9' then"
            found.append(Refusal(kind, name, reason))
    return found


def _without_harmless(words: list[str]) -> list[str]:
    """Return the words without what is counted only, and without what is cast to a number."""
    left: list[str] = []
    place = 0
    while place < len(words):
        word, opens = words[place], words[place + 1 : place + 2] == ["("]
        end = closing(words, place + 1) if opens else place
        cast = words[place:end] if word == "cast" and opens else []
        kind = next((cast[at + 1] for at in range(len(cast) - 2, 0, -1) if cast[at] == "as"), "")
        if (word in _COUNTING and opens) or _NUMBER.match(kind):
            left.append("?")
            place = end + 1
        elif words[place : place + 2] == [":", ":"] and _NUMBER.match("".join(words[place + 2 : place + 3])):
            del left[len(left) - len(_before(left, len(left))) :]
            left.append("?")
            place += 3
        else:
            left.append(word)
            place += 1
    return left


def _renamed(words: list[str], columns: Collection[str]) -> set[str]:
    """Return columns and all names that are given to what is made of them."""
    names: set[str] = set()
    more = set(columns)
    while more - names:
        names |= more
        for place, word in enumerate(words):
            following = words[place + 1 : place + 2]
            if word == "as" and following in (["("], ["select"]) and words[place - 1] == ")":
                # The list of columns of a view, or of a query with a name.
                body = words[place + 1 : closing(words, place + 1) if following == ["("] else len(words)]
                listed = words[opening(words, place - 1) : place]
                more |= {name for name in listed if _NAME.fullmatch(name)} if names & set(body) else set()
            elif word == "as" and following and _NAME.fullmatch(following[0]):
                more |= set(following) if names & set(_before(words, place)) else set()
            elif word in names and following and _NAME.fullmatch(following[0]):
                more |= set(following) - {*_END_OPERAND, "asc", "desc", "nulls", "union", "left", "join", "using"}
    return names


def _ordered(words: list[str]) -> Iterator[list[str]]:
    """Yield the parts of some SQL that are ordered by size."""
    for place, word in enumerate(words):
        before, after = words[place - 1] if place else "", "".join(words[place + 1 : place + 2])
        if word in _ORDERING and after == "(":
            yield words[place + 2 : closing(words, place + 1)]
        elif word == "by" and before == "order":
            items = _after(words, place + 1, _END_ORDER)
            numbered = any(one in ("by", ",") and item.isdigit() for one, item in pairwise(["by", *items]))
            yield words if numbered else items
        elif word == "between":
            lower = _after(words, place + 1)
            upper = _after(words, place + 2 + len(lower))
            yield _returned([*_before(words, place - (before == "not")), *lower, *upper])
        elif word in ("<", ">") and before not in ("<", "-", "@") and after not in ("<>".strip(word), "@"):
            yield _returned([*_before(words, place), *_after(words, place + 1 + (after == "="))])


def _returned(words: list[str]) -> list[str]:
    """Return the words of operands, of a query among them only what it selects."""
    left: list[str] = []
    place = 0
    while place < len(words):
        end = closing(words, place)
        if words[place : place + 2] == ["(", "select"]:
            left += _after(words[place + 1 : end], 0, ["from"])
            place = end
        else:
            left.append(words[place])
        place += 1
    return left


def _before(words: list[str], place: int) -> list[str]:
    """Return the operand that ends before a place."""
    return list(_operand(reversed(words[:place]), _END_OPERAND, ")"))[::-1]


def _after(words: list[str], place: int, ends: Collection[str] = _END_OPERAND) -> list[str]:
    """Return the operand, or the list, that begins at a place."""
    return list(_operand(words[place:], ends, "("))


def _operand(words: Iterable[str], ends: Collection[str], opening: str) -> Iterator[str]:
    depth = 0
    for word in words:
        if word in ("(", ")"):
            depth += 1 if word == opening else -1
        if depth < 0 or (depth == 0 and word in ends):
            return
        yield word
