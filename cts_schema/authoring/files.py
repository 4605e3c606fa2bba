"""The files of new revisions: their numbers, their names, and their format."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import unicodedata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory, write_hooks

from cts_schema.authoring.broken import told_as
from cts_schema.exceptions import BrokenRevision, SeveralHeads, WrongUsage
from cts_schema.schema.scripts import numbered

_LONGEST_NAME = 60  # characters of a file name after its number
_LINE = 116  # characters of the docstring's first line, which begins with quotes


def number(revision_context: Any, script: ScriptDirectory, *, named: bool) -> None:
    """Give a new revision a file name and the next number, or the number of ``--rev-id``.

    Args:
        revision_context: the revision that the command creates.
        script: the existing revisions.
        named: whether the revision has a message.

    Raises:
        WrongUsage: the message is missing or gives no name; ``--rev-id`` is not a number after the newest,
            or the folder of the revisions cannot be written.
    """
    if not named:
        raise WrongUsage(option="-m", reason="the message is the name of the revision, in its file and in the ledger")
    if revision_context.command_args["message"] and not os.access(script.versions, os.W_OK):  # a check writes nothing
        raise WrongUsage(
            cause="the folder of the revisions cannot be written",
            folder=script.versions,
            next_step="let your user write there, then repeat",
        )
    newest = max(int(found.revision) for found in script.walk_revisions())
    given = revision_context.command_args["rev_id"]
    if given is not None and not (re.fullmatch(r"\d{3}", given) and int(given) > newest):
        raise WrongUsage(option=f"--rev-id {given}", expected=f"three digits, above {newest:03d}")
    for generated in revision_context.generated_revisions:
        generated.rev_id = given or f"{newest + 1:03d}"
        if generated.message is not None:  # alembic check has none
            script.file_template = f"%(rev)s_{_name(generated.message)}"
            generated.message = _sentence(generated.message)


def _name(message: str) -> str:
    plain = unicodedata.normalize("NFKD", message.casefold()).encode("ascii", "ignore").decode()
    name = "_".join(re.findall(r"[a-z0-9]+", plain))
    if not name:
        raise WrongUsage(option=f"-m {message!r}", expected="letters a to z or digits, for the name of the file")
    if len(name) > _LONGEST_NAME:
        name = name[: _LONGEST_NAME + 1].rpartition("_")[0] or name[:_LONGEST_NAME]
    return name


def _sentence(message: str) -> str:
    # Neither quotes nor backslashes may end the docstring it becomes.
    text = " ".join(message.split()).replace("\\", "/").replace('"', "'").rstrip(".")
    return textwrap.fill(text[0].upper() + text[1:], _LINE)


def require_line(script: ScriptDirectory) -> None:
    """Check that the revisions are one line, each with its number as id and before the name of its file.

    Raises:
        BrokenRevision: one cannot be loaded.
        SeveralHeads: two follow the same one, or two have the same number.
        WrongUsage: an id is no number, as those of ``alembic merge``, or the file has another one.
    """
    versions = Path(script.versions)
    numbered(versions)
    with told_as(BrokenRevision, versions):
        revisions = list(script.walk_revisions())
    for found in revisions:
        if not re.fullmatch(r"\d{3}", found.revision):
            raise WrongUsage(
                cause="the id of a revision must be its number, of three digits",
                revision=found.revision,
                file=found.path,
                next_step="remove that file; to write the next one: alembic revision -m NAME",
            )
        if not Path(found.path).name.startswith(f"{found.revision}_"):
            raise WrongUsage(
                cause="the name of a revision's file must begin with its number",
                revision=found.revision,
                file=found.path,
                next_step=f"rename the file: {found.revision}_NAME.py",
            )
    if len(heads := sorted(script.get_heads())) > 1:
        raise SeveralHeads(
            cause="two revisions follow the same one",
            revisions=", ".join(heads),
            next_step="give the later one the number and the down_revision that follow",
        )


def require_free(script: ScriptDirectory, revision: str) -> None:
    """Check that no file with the number of a new revision was written since the revisions were read.

    Raises:
        WrongUsage: there is one.
    """
    for file in Path(script.versions).glob(f"{revision}_*.py"):
        raise WrongUsage(
            cause="somebody else has written a revision with this number meanwhile; no file was written",
            file=file,
            next_step="repeat: the new one then gets the number after it",
        )


@write_hooks.register("ruff_if_installed")
def _tidy(path: str, options: object) -> None:
    """Remove unused imports and format the file, as ``make lint`` requires."""
    if find_spec("ruff") is None:
        print("ruff is not installed, so the file is not formatted; install it, then: make format", file=sys.stderr)  # noqa: T201
        return
    # A long line is no fault before the file is formatted.
    for command in (["check", "--fix", "--silent"], ["format", "--quiet"], ["check", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, path], check=False)  # noqa: S603  what is left, ruff says
