"""The names of the managed tables, which are those of the models.

Importing the models takes longer than all else that a start with nothing to do needs. So the names are read from their
sources.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r'^    __tablename__ = "(\w+)"$', re.MULTILINE)


@cache
def managed_tables() -> frozenset[str]:
    """Return the names.

    Raises:
        RuntimeError: the package has no sources, so that every table would seem to be somebody else's.
    """
    sources = (one for one in files("cts_schema").joinpath("models").iterdir() if one.name.endswith(".py"))
    found = frozenset(name for one in sources for name in _NAME.findall(one.read_text("utf-8")))
    if not found:
        raise RuntimeError("the sources of cts_schema.models are missing")
    return found
