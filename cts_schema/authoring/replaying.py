"""Generated lines as a function of a revision, to be replayed before they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sqlalchemy as sa
from alembic import op

from cts_schema import ddl


def function(lines: Iterable[str], imports: Iterable[str] = (), revision: str = "") -> Callable[[], None]:
    """Return the function of a revision that has these lines.

    Args:
        lines: the body.
        imports: the imports that it needs, beside those of every revision.
        revision: the id of the revision.
    """
    code = compile("\n".join([*imports, *lines]), "<generated revision>", "exec")
    return lambda: exec(code, {"sa": sa, "op": op, "ddl": ddl, "revision": revision})  # noqa: S102  our own lines
