"""Makes an error of this package from the facts that its text and its next step mention."""

import shlex
from typing import Any, NamedTuple

from cts_schema.exceptions import SchemaError, SchemaMissing


class Kind(NamedTuple):
    """The error class, and texts that replace its usual ones."""

    error: type[SchemaError]
    cause: str | None = None
    next_step: str | None = None


def make(kind: Kind, place: dict[str, Any], reported: str) -> SchemaError:
    """Return the error, with the facts that it or its next step mentions."""
    path = place.get("path")
    if path is not None:
        place = place | {"file": shlex.quote(str(path)), "folder": shlex.quote(str(path.parent))}
    names = {"database", *kind.error.unlisted}
    facts = {name: fact for name, fact in place.items() if name in names}
    if kind.error is SchemaMissing:
        facts["schema"] = place.get("schema")
    return kind.error(cause=kind.cause, next_step=kind.next_step, **facts, reported=reported)
