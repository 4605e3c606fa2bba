"""``alembic revision`` and ``alembic check``: the next number, what to compare, and the format of the file."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import textwrap
import unicodedata
from functools import cache
from importlib.util import find_spec
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory, write_hooks

from cts_schema import dialects
from cts_schema.ddl.foreign_keys import foreign_keys_of, sqlite_foreign_keys
from cts_schema.exceptions import WrongUsage
from cts_schema.migration.compare import PLUGIN
from cts_schema.migration.directives import Rewriter
from cts_schema.migration.history import History
from cts_schema.migration.rendering import render_item

_log = logging.getLogger(__name__)

_LONGEST_NAME = 60  # characters of a file name after its number
_LINE = 116  # characters of the docstring's first line, which begins with quotes


def number(revision_context: Any, script: ScriptDirectory, *, named: bool) -> None:
    """Give a new revision a file name and the next number, or the number of ``--rev-id``.

    Args:
        revision_context: the revision that the command creates.
        script: the existing revisions.
        named: whether the revision has a message.

    Raises:
        WrongUsage: the message is missing or gives no name; ``--rev-id`` is not a number after the newest.
    """
    if not named:
        raise WrongUsage(option="-m", reason="the message is the name of the revision, in its file and in the ledger")
    newest = max(int(found.revision) for found in script.walk_revisions())
    given = revision_context.command_args["rev_id"]
    if given is not None and not (re.fullmatch(r"\d{3}", given) and int(given) > newest):
        raise WrongUsage(option=f"--rev-id {given}", expected=f"three digits, above {newest:03d}")
    for generated in revision_context.generated_revisions:
        generated.rev_id = given or f"{newest + 1:03d}"
        if generated.message is not None:  # alembic check has none
            script.file_template = f"%(rev)s_{_name(generated.message)}"
            generated.message = _sentence(generated.message)


def settings(metadata: sa.MetaData, connection: sa.Connection, script: ScriptDirectory) -> dict[str, Any]:
    """Return the options of ``context.configure`` for comparing ``metadata`` with a database at head.

    Args:
        metadata: the metadata of the models.
        connection: a connection to the database, for reading only.
        script: the revisions.
    """
    history = cache(lambda: History(script))

    def include_name(name: str | None, type_: str, parents: Any) -> bool:
        return type_ != "table" or name in metadata.tables

    def include_object(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        if type_ == "index" and reflected and compare_to is None and not item.unique:
            return _is_ours(item, name, history())
        if type_ == "foreign_key_constraint" and not dialects.of(connection).alters_tables:
            return _differs_on_sqlite(item, metadata, connection)
        return True

    def rewrite(context: Any, revision: Any, directives: list[Any]) -> None:
        for made in directives:
            # A check writes no file, and shows the definitions of the database.
            words = None if made.message is None else history()
            made.upgrade_ops.ops = list(Rewriter(metadata, words).upgrade(made.upgrade_ops.ops))
            made.downgrade_ops.ops = list(Rewriter(metadata, words).downgrade(made.downgrade_ops.ops))

    return {
        "include_name": include_name,
        "include_object": include_object,
        "compare_type": True,
        "compare_server_default": True,
        "render_item": render_item,
        "process_revision_directives": rewrite,
        "autogenerate_plugins": ["alembic.autogenerate.*", PLUGIN],
    }


def _is_ours(index: sa.Index, name: str | None, history: History) -> bool:
    """Return whether a revision created an index that no model has. Other indexes only speed up queries."""
    table = index.table
    if table is None or (table.name, str(name)) in history.named:
        return True
    _log.warning("index %s of %s is in no revision, and is ignored", name, table.name)
    return False


def _differs_on_sqlite(item: sa.ForeignKeyConstraint, metadata: sa.MetaData, connection: sa.Connection) -> bool:
    # Reflection does not show ON DELETE of a key that ADD COLUMN created: ask SQLite itself.
    columns = tuple(item.column_keys)
    live = [key for key in sqlite_foreign_keys(connection, item.table.name) if key.columns == columns]
    return live != [key for key in foreign_keys_of(metadata.tables[item.table.name]) if key.columns == columns]


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


@write_hooks.register("ruff_if_installed")
def _tidy(path: str, options: object) -> None:
    """Remove unused imports and format the file, as ``make lint`` requires."""
    if find_spec("ruff") is None:
        print("ruff is not installed, so the file is not formatted; install it, then: make format", file=sys.stderr)  # noqa: T201
        return
    for command in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, path], check=False)  # noqa: S603  what is left, ruff says
