"""Old CTS databases as their installers and runners left them, to be built afresh for a test.

A variant is a sequence of layers, as in life: each runner made its tables with IF NOT EXISTS, found those of the one
before, and rows were there by then. A layer is a folder under ``sql/``. The first lines of its schema say which
runner it stands for and what is peculiar about it:

    schema.sql   the tables as this runner makes them
    clean.sql    rows that make sense
    dirty.sql    rows and objects that come on top of the clean ones in the filling "dirty"

Each is for both databases; one as ``schema.sqlite.sql``, ``dirty.postgresql.sql`` and so on is for that database
alone and comes after the common one. The data are frozen; only a time that a row leaves out is that of building, by
its old default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

Filling = Literal["clean", "dirty"]

_SQL = Path(__file__).with_name("sql")
_INTEGER = ("scripts_001_017", "integer_installation", "scripts_018_023")
_LAYERS: dict[str, dict[str, tuple[str, ...]]] = {
    "numbered": {
        "sqlite": ("scripts_001_017", "numbered_connections", "scripts_018_023", "scripts_024_037", "numbered"),
        # Without the children by number: PostgreSQL refused all of them.
        "postgresql": ("scripts_001_017", "numbered_connections", "scripts_024_037", "numbered"),
    },
    "sqlite_init": {"sqlite": ("sqlite_init",)},
    "initializer": dict.fromkeys(("sqlite", "postgresql"), ("initializer", "array_ledger")),
    "route": dict.fromkeys(("sqlite", "postgresql"), ("route", "route_alone", "route_rows")),
    "unified": {"sqlite": ("unified",)},
    "array_inline": dict.fromkeys(("sqlite", "postgresql"), ("initializer", "array_ledger", "array_inline")),
    "master": {"sqlite": ("master",)},
    "initializer_route_half_array": dict.fromkeys(
        ("sqlite", "postgresql"), ("initializer", "connections_added", "route", "route_rows", "half_array")
    ),
    "script_048_half": dict.fromkeys(("sqlite", "postgresql"), (*_INTEGER, "script_048_half")),
    "integer_installation": dict.fromkeys(("sqlite", "postgresql"), _INTEGER),
    "all_ledgers": dict.fromkeys(("sqlite", "postgresql"), ("initializer", "all_ledgers")),
}
# The numbered scripts say SERIAL, which SQLite does not count. In these installations it did.
_COUNTED = {"integer_installation", "script_048_half"}

VARIANTS: dict[str, tuple[str, ...]] = {variant: tuple(engines) for variant, engines in _LAYERS.items()}
"""The engines that each variant exists on."""


def build(connection: sa.Connection, variant: str, filling: Filling) -> None:
    """Build an old database in an empty one, and commit.

    Foreign keys are off meanwhile for the filling "dirty", which has orphans; afterwards they are as before.

    Args:
        connection: of the empty database, in no transaction; on PostgreSQL of a superuser.
        variant: a key of :data:`VARIANTS`.
        filling: rows that make sense, or these and whatever else an old database may hold.
    """
    if connection.in_transaction():
        raise AssertionError("building commits: give a connection that is in no transaction")
    raw: Any = connection.connection.driver_connection
    script = old_sql(variant, connection.dialect.name, filling)
    if connection.dialect.name == "sqlite":
        _run_on_sqlite(raw, script, orphans=filling == "dirty")
    else:
        with raw.transaction():
            if filling == "dirty":
                raw.execute("SET LOCAL session_replication_role = replica")
            raw.execute(script)
    connection.rollback()  # SQLAlchemy began nothing; this returns what `connection.connection` took


def old_sql(variant: str, engine: str, filling: Filling) -> str:
    """Return the script that builds a variant on an engine."""
    layers = _LAYERS[variant][engine]
    kinds = ("schema", "clean") if filling == "clean" else ("schema", "clean", "dirty")
    files = [file for layer in layers for kind in kinds for file in _files(layer, kind, engine)]
    if filling == "dirty":
        files += _files("user_objects", "dirty", engine)
    script = "\n".join(file.read_text(encoding="utf-8") for file in files)
    if engine == "sqlite" and variant in _COUNTED:
        script = script.replace("SERIAL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT")
    return script


def _files(layer: str, kind: str, engine: str) -> list[Path]:
    named = (_SQL / layer / f"{kind}.sql", _SQL / layer / f"{kind}.{engine}.sql")
    return [file for file in named if file.exists()]


def _run_on_sqlite(raw: Any, script: str, *, orphans: bool) -> None:
    enforced = raw.execute("PRAGMA foreign_keys").fetchone()[0]
    raw.execute(f"PRAGMA foreign_keys = {'OFF' if orphans else 'ON'}")
    try:
        raw.executescript(f"BEGIN;\n{script}\nCOMMIT;")
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raw.execute(f"PRAGMA foreign_keys = {enforced}")
