"""The first revision whose changes the declared state cannot follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from alembic.script import ScriptDirectory

from cts_schema.exceptions import in_a_line
from cts_schema.schema.declared import declared, replay
from cts_schema.schema.scripts import ADOPTION_REVISION
from tools.violations import Violation


def undeclared(folder: Path, files: Sequence[Path]) -> Iterator[Violation]:
    """Yield why the declared state cannot follow a revision; it then follows none of the later ones.

    Args:
        folder: the folder of env.py and versions/.
        files: the files of the revisions after the adoption revision.
    """
    scripts, followed = ScriptDirectory(str(folder)), list[Path]()

    def upgrades() -> Iterator[Callable[[], None]]:
        for file in files:
            followed.append(file)
            yield scripts.get_revision(file.name[:3]).module.upgrade

    try:
        replay(upgrades(), onto=declared(ADOPTION_REVISION))
    except Exception as error:
        yield Violation(
            followed[-1],
            None,
            "undeclared",
            f"the declared state, with which the next change is compared, cannot follow it: {in_a_line(error)}",
            "use operations of ddl; or say what the SQL changes",
            'ddl.execute_declared("ALTER TABLE ...", declares=lambda: op.add_column("orders", ...))',
        )
