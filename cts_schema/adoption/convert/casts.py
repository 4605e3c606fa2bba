"""How a value of an old column becomes one of ours, as SQL expressions.

Nothing raises: on PostgreSQL one value that cannot be cast would end the whole statement, so that every cast stands
behind a condition. And nothing is rounded in silence: what does not cast back equal is distinguished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cts_schema.adoption.target import Column
from cts_schema.ddl.text import literal

Reason = Literal["no_column", "orphan", "duplicate", "check", "type", "null", "precision"]

TRUE = ("1", "1.0", "true", "t", "yes", "y", "on")
FALSE = ("0", "0.0", "false", "f", "no", "n", "off")


@dataclass(frozen=True)
class Wish:
    """What one of our columns wants of an old one.

    Attributes:
        table: ours.
        column: ours.
        renamed: old values and what they are now.
        rewrite: a part of a text and what it is now.
        units: how many of the old value make one of ours.
        whole: it is a key, or refers to one, that was a number: 1.0 is 1 then, and not another text.
        counts: the database gives it to new rows, each time a higher one.
    """

    table: str
    column: Column
    renamed: Mapping[str, str] = field(default_factory=dict)
    rewrite: tuple[str, str] | None = None
    units: int = 1
    whole: bool = False
    counts: bool = False


@dataclass(frozen=True)
class Cast:
    """The conversion of one old column; conditions and values are about a value that is not NULL.

    Attributes:
        value: what it becomes, where it is valid; NULL of NULL.
        valid: when it can be converted at all; None means always.
        exact: when, being valid, it casts back equal; None means always.
        plain: a quick condition under which it is valid, exact, and becomes :attr:`plain_value`; it is never NULL.
            None means always.
        plain_value: what it becomes then.
        reason: why it is refused where it is not valid.
    """

    value: str
    valid: str | None = None
    exact: str | None = None
    plain: str | None = None
    plain_value: str = ""
    reason: Reason = "type"


def listed(values: Mapping[str, str] | tuple[str, ...]) -> str:
    """Return values as SQL, to stand behind IN."""
    return "(" + ", ".join(map(literal, values)) + ")"


def renamed(value: str, wish: Wish) -> str:
    """Return a text with its values and parts renamed."""
    if wish.rewrite is not None:
        value = f"replace({value}, {literal(wish.rewrite[0])}, {literal(wish.rewrite[1])})"
    if wish.renamed:
        pairs = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in wish.renamed.items())
        value = f"CASE {value} {pairs} ELSE {value} END"
    return value
