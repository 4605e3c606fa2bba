"""Conditions of CHECKs and partial indexes, compared although PostgreSQL gives them back in words of its own.

It writes casts, parentheses, lists and operators in one way only. Both sides are therefore brought to that way; the
parentheses are left out. Nothing is asked of the server, so that a comparison works on a standby too.
"""

from __future__ import annotations

import re

_CAST = re.compile(
    r"::(?:double precision|character varying|timestamp with(?:out)? time zone|\w+)(?:\([\d, ]+\))?(?:\[\])*"
)
_NUMBER = re.compile(r"'(-?\d+(?:\.\d+)?)'(?=::(?:integer|bigint|smallint|numeric|double precision|real)\b)")
_BETWEEN = re.compile(r"(\w+) between (\S+) and (\S+)")
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[\w.]+|[^\s\w'\",]+")
_VALUE = "'?'"
_QUOTED = re.compile(r"('(?:[^']|'')*')")
_SPELLINGS = (
    ("= any array ", "in "),
    ("<> all array ", "not in "),
    ("!=", "<>"),
    (" not like ", " !~~ "),
    (" like ", " ~~ "),
)


def same_condition(one: str, other: str) -> bool:
    """Tell whether two conditions are the same but for spelling."""
    return _tokens(one) == _tokens(other)


def literals(condition: str) -> list[str]:
    """Return the words within quotes."""
    return [quoted[1:-1].replace("''", "'") for quoted in _QUOTED.findall(condition)]


def _tokens(condition: str) -> list[str]:
    text = _NUMBER.sub(r"\1", condition)
    # Whatever stands in quotes is a value, whose case and spaces count.
    parts = _QUOTED.split(text)
    values = parts[1::2]
    parts[1::2] = [_VALUE] * len(values)
    text = _CAST.sub("", re.sub(r"\s+", " ", "".join(parts)).lower())
    text = " ".join(re.sub(r"[()\[\]]", " ", text).split())
    for spelling, canonical in _SPELLINGS:
        text = text.replace(spelling, canonical)
    text = _BETWEEN.sub(r"\1 >= \2 and \1 <= \3", text)
    found = iter(values)
    return [next(found) if part == _VALUE else part.strip('"') for part in _TOKEN.findall(text)]
