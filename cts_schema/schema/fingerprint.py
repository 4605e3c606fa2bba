"""The schema of a database as plain values, and the comparison of two.

It does not depend on the order of columns (ADD COLUMN appends them), nor on whether a constraint is inline or at the
end of its table. It covers everything else: types, defaults, NULL, keys, constraints and their names, indexes with
order and predicate, triggers, functions, views.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.dialects.facts import Fingerprint


def fingerprint(connection: sa.Connection) -> Fingerprint:
    """Return the schema of the database: all that is in the current one, unmanaged tables too."""
    return dialects.of(connection).shape.fingerprint(connection)


def differences(one: Fingerprint, other: Fingerprint) -> dict[str, Any]:
    """Return what differs, as ``{"table users": {"column id": (one, other)}}``."""
    found: dict[str, Any] = {}
    for item in sorted(one.keys() | other.keys()):
        mine, theirs = one.get(item), other.get(item)
        if mine is None or theirs is None:
            found[item] = ("absent" if mine is None else "there", "absent" if theirs is None else "there")
        elif mine != theirs:
            details = sorted(mine.keys() | theirs.keys())
            found[item] = {key: (mine.get(key), theirs.get(key)) for key in details if mine.get(key) != theirs.get(key)}
    return found
