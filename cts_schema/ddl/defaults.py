"""Server defaults, written once and rendered for each database.

Plain defaults need no construct: ``sa.text("CURRENT_TIMESTAMP")``, ``sa.text("true")``, ``"0"`` and ``sa.text("'{}'")``
mean the same on both databases and are compared without a false difference.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class uuid_text(FunctionElement[str]):
    """A random id as text: 32 hexadecimal digits on SQLite, 36 characters with dashes on PostgreSQL.

    Raises:
        CompileError: it was rendered for another database.
    """

    type = sa.Text()
    inherit_cache = True
    name = "uuid_text"


@compiles(uuid_text)
def _other(element: uuid_text, compiler: SQLCompiler, **kw: Any) -> str:
    raise sa.exc.CompileError(f"uuid_text() is not defined for {compiler.dialect.name}")


@compiles(uuid_text, "sqlite")
def _sqlite(element: uuid_text, compiler: SQLCompiler, **kw: Any) -> str:
    # SQLite accepts an expression as a DEFAULT only in parentheses (sqlite.org/lang_createtable).
    return "(lower(hex(randomblob(16))))"


@compiles(uuid_text, "postgresql")
def _postgresql(element: uuid_text, compiler: SQLCompiler, **kw: Any) -> str:
    # Exactly the text of pg_get_expr(): Alembic compares any other spelling by running it, and two random
    # values are never equal, so every check would report a change.
    return "(gen_random_uuid())::text"


#: What autogenerate writes as ``cts_ddl.<name>()``.
DEFAULTS = (uuid_text,)
