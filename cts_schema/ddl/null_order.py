"""Where an index puts NULL: SQLite has one order, NULL before every value, and refuses the words for another."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

from cts_schema.ddl.text import tokens


@compiles(CreateIndex, "sqlite")
def _render(element: CreateIndex, compiler: DDLCompiler, **kw: Any) -> str:
    return _without_null_order(str(compiler.visit_create_index(element, **kw)))  # type: ignore[no-untyped-call]


def _without_null_order(statement: str) -> str:
    found = list(tokens(statement)) if re.search(r"\bNULLS\b", statement, re.IGNORECASE) else []
    for first, second in reversed(list(pairwise(found))):
        if first[0].upper() == "NULLS" and second[0].upper() in ("FIRST", "LAST"):
            statement = statement[: first.start()].rstrip() + statement[second.end() :]
    return statement
