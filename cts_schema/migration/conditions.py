"""Compares conditions of CHECKs and partial indexes, although PostgreSQL rewrites them.

PostgreSQL has one form for casts, parentheses, lists and operators. This module brings both sides to that form,
without parentheses. It needs no server, so a comparison also works on a standby.
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
    """Return whether two conditions differ in spelling only."""
    return _tokens(one) == _tokens(other)


def literals(condition: str) -> list[str]:
    """Return the quoted literals of a condition."""
    return [quoted[1:-1].replace("''", "'") for quoted in _QUOTED.findall(condition)]


def _tokens(condition: str) -> list[str]:
    text = _NUMBER.sub(r"\1", condition)
    # A quoted literal is a value, whose case and spaces matter.
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
