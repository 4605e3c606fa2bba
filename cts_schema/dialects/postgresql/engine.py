"""Engines for a PostgreSQL server."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import URL, Engine

from cts_schema.ddl.text import quote
from cts_schema.dialects.postgresql.pinned import START_UP, pinned
from cts_schema.dialects.postgresql.row_values import hide_row_values
from cts_schema.exceptions import UnknownScheme, mask_url

_CONNECT_TIMEOUT = 10  # seconds; the drivers' defaults wait for minutes for a host that does not respond
_LIBPQ = {"psycopg", "psycopg_async", "psycopg2"}


def settings(url: URL, *, pooled: bool) -> dict[str, Any]:
    """Return the settings of an engine; ``pooled`` if the caller has not chosen a pool."""
    found = spared(url) | {
        "pool_pre_ping": True,  # a restarted server or a proxy leaves dead connections in the pool
        "pool_recycle": 1800,  # seconds; firewalls and proxies forget idle connections, often after an hour
    }
    if pooled:  # not every pool accepts these
        found |= {
            "pool_size": 5,  # a server has about 100 connections for all its clients together
            "max_overflow": 10,  # for bursts; closed again afterwards
            "pool_timeout": 10,  # seconds; then an error, instead of requests that pile up
        }
    return found


def connect_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return arguments for the driver that the caller or the URL may override.

    Raises:
        UnknownScheme: this package does not know the driver.
    """
    driver = url.get_driver_name()
    if driver == "asyncpg":
        server = {"application_name": "cts"} | ({"search_path": quote(schema)} if schema else {})
        given["server_settings"] = server | given.get("server_settings", {}) | START_UP
        return {"timeout": _CONNECT_TIMEOUT}
    if driver not in _LIBPQ:
        step = "leave the driver out of the URL: postgresql://..."
        raise UnknownScheme(cause="this package does not know the driver", database=mask_url(url), next_step=step)
    return {
        "connect_timeout": _CONNECT_TIMEOUT,
        "application_name": "cts",  # shows the holder of a lock in pg_stat_activity
        # A peer that vanished silently is noticed after a minute, not after the system's two hours.
        "keepalives": 1,
        "keepalives_idle": 30,  # seconds
        "keepalives_interval": 10,  # seconds
        "keepalives_count": 3,
    }


def forced_args(url: URL, schema: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return arguments for the driver that override those of the caller."""
    if url.get_driver_name() not in _LIBPQ:
        return {}
    found: dict[str, Any] = {"client_encoding": "utf8"}  # before the first text, the version
    if options := _libpq_options(url, schema, given):
        found["options"] = options
    return found


def run_args(url: URL, wait: float) -> dict[str, Any]:
    """Return arguments for the driver during a run."""
    # Behind a proxy another client may have prepared a statement with the same name.
    return {"prepare_threshold": None} if url.get_driver_name() == "psycopg" else {}


def spared(url: URL) -> dict[str, Any]:
    """Skip the search for hstore, for which SQLAlchemy would call functions that the search path finds."""
    return {"use_native_hstore": False} if url.get_driver_name() in _LIBPQ else {}


def for_a_run(engine: Engine) -> Engine:
    """Pin the forms of every session, and remove the values of rows from errors."""
    return hide_row_values(pinned(engine))


def for_an_application(engine: Engine, kw: dict[str, Any], *, write_ahead: bool) -> Engine:
    """Prepare it like that of a run."""
    return for_a_run(engine)


def _libpq_options(url: URL, schema: str | None, given: dict[str, Any]) -> str | None:
    """Return the start-up options of the URL and the caller, plus the search path."""
    if schema is None:
        return None
    # Only this schema: with "public" after it, a table of another application could be mistaken for ours.
    path = re.sub(r"([\\\s])", r"\\\1", quote(schema))
    in_url = url.query.get("options") or ()
    others = (in_url,) if isinstance(in_url, str) else in_url
    return " ".join(filter(None, [*others, given.get("options"), f"-csearch_path={path}"]))
