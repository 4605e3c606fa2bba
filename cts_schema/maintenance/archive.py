"""Converts a dump in the custom format of pg_dump to a script, with pg_restore."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Generator
from io import BytesIO
from pathlib import Path

from cts_schema.exceptions import BackupDamaged
from cts_schema.maintenance import programs, script


def script_of(dump: Path, restore: Path) -> Generator[bytes]:
    """Yield a dump as a script, line by line.

    Args:
        dump: the file.
        restore: the program pg_restore.

    Raises:
        BackupDamaged: the dump is incomplete or damaged.
    """
    with tempfile.TemporaryFile() as err:
        with subprocess.Popen([restore, "--file=-", dump], stdout=subprocess.PIPE, stderr=err) as child:
            yield from child.stdout or ()
        if child.returncode != 0:
            err.seek(0)
            raise BackupDamaged(file=dump, reported=programs.error_line(err.read().decode(errors="replace")))


def schemas_of(dump: Path, restore: Path) -> list[str]:
    """Return the schemas that a dump creates.

    Raises:
        BackupDamaged: the file is not a dump, or is truncated.
    """
    entries = _output_of(dump, restore, "--list").splitlines(keepends=True)
    # An entry ends with the names of the schema and its owner, which may have spaces, so read the script.
    schemas = [entry for entry in entries if re.match(rb"\d+; \d+ \d+ SCHEMA - ", entry)]
    with tempfile.NamedTemporaryFile() as chosen:
        chosen.writelines(schemas)
        chosen.flush()
        made = _output_of(dump, restore, f"--use-list={chosen.name}", "--file=-")
    return script.schemas_of(BytesIO(made), dump)


def _output_of(dump: Path, restore: Path, *arguments: str) -> bytes:
    done = subprocess.run([restore, *arguments, dump], capture_output=True, check=False)
    if done.returncode != 0:
        raise BackupDamaged(file=dump, reported=programs.error_line(done.stderr.decode(errors="replace")))
    return done.stdout
