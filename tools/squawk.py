"""The violations that squawk finds in the PostgreSQL script of a revision (squawkhq.com/docs/rules)."""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config

from cts_schema.exceptions import DriverMissing
from tools.violations import Violation

# Safer steps by rule; every other rule has its own text.
_STEPS = {
    "require-concurrent-index-creation": "build it concurrently, in a separate revision",
    "require-concurrent-index-deletion": "drop it concurrently, in a separate revision",
    "constraint-missing-not-valid": "add it NOT VALID, then validate it concurrently, in a separate revision",
    "adding-foreign-key-constraint": "add it NOT VALID, then validate it concurrently, in a separate revision",
    "adding-not-nullable-field": "prove it by a CHECK that is validated concurrently, in a separate revision",
    "disallowed-unique-constraint": "a unique index refuses the same rows, and can be built concurrently",
    "ban-drop-not-null": "release the code that takes NULL from it first",
    "ban-drop-default": "release the code that gives a value for each row it inserts first",
    "adding-required-field": "add it nullable; fill it, in the next revision; then make it NOT NULL, in the same",
}
_NAME = r'"?([\w$]+)"?'
_TABLE = rf"ALTER TABLE {_NAME} "


def read_script(folder: Path, file: Path) -> Iterator[Violation]:
    """Yield the violations in the upgrade of a revision.

    Args:
        folder: the folder of env.py and versions/.
        file: the file of the revision.

    Raises:
        DriverMissing: squawk is not installed.
    """
    program = shutil.which("squawk", path=Path(sys.executable).parent) or shutil.which("squawk")
    if program is None:
        raise DriverMissing(cause="squawk, which reads the SQL of revisions, is not installed", package="squawk-cli")
    try:
        script = _script(folder, file)
    except Exception as error:
        yield Violation(
            file,
            None,
            "no-script",
            f"it cannot be written as a script ({type(error).__name__}), so squawk cannot read its SQL",
            "query the database only if op.get_context().as_sql is false",
        )
        return
    done = subprocess.run(  # noqa: S603  a program of the environment, and no shell
        [
            program,
            "--config",
            str(folder / "squawk.toml"),
            "--reporter",
            "json",
            "--stdin-filepath",
            f"{file.stem}.sql",
        ],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    told = set()
    lines = script.splitlines()
    for one in json.loads(done.stdout):
        statement = "\n".join(lines[one["line"] : one["line_end"] + 1])
        code = _code(statement, file.read_text())
        # squawk reports a foreign key without NOT VALID twice; and preserved tables are ours to drop.
        rule = one["rule_name"]
        if "cts_kept_" in statement or _unfit(rule, statement, script) or (code and code in told):
            continue
        told.add(code)
        steps = _STEPS.get(rule) or one["help"] or "correct the statement"
        yield Violation(file, None, rule, f"{one['message']}\n  {statement}", steps, code)


def _unfit(rule: str, statement: str, script: str) -> bool:
    """Return whether a rule does not fit a statement."""
    if rule == "constraint-missing-not-valid":
        return " UNIQUE " in statement  # it cannot be NOT VALID
    # A default that the new type may not take is set again after the change of the type.
    return rule == "ban-drop-default" and statement.replace("DROP DEFAULT;", "TYPE ") in script


def _script(folder: Path, file: Path) -> str:
    """Write the upgrade of a revision as a script for PostgreSQL."""
    out = io.StringIO()
    # The URL overrides the environment; nothing connects to it.
    options = argparse.Namespace(x=["url=postgresql://lint@localhost/lint"], raiseerr=True)
    config = Config(stdout=io.StringIO(), output_buffer=out, cmd_opts=options)
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    number = file.name[:3]
    command.upgrade(config, f"{_before(file)}:{number}", sql=True)
    return out.getvalue()


def _before(file: Path) -> str:
    found = re.search(r"^down_revision = ['\"](\d{3})['\"]", file.read_text(), re.MULTILINE)
    return found[1] if found else "base"


def _code(statement: str, revision: str) -> str:
    """Return the online operation that does the same as ``statement``, or nothing."""
    if found := re.match(
        rf"CREATE (UNIQUE )?INDEX {_NAME} ON {_NAME} \((.*?)\)(?: WHERE (.*))?;?$", statement, re.DOTALL
    ):
        unique, name, table, columns, where = found.groups()
        extra = (", unique=True" if unique else "") + (f', where="{where.rstrip(";")}"' if where else "")
        return f'ddl.create_index_online("{name}", "{table}", {_list(columns)}{extra})'
    if found := re.match(rf"DROP INDEX {_NAME}", statement):
        named = re.search(rf"['\"]{found[1]}['\"],\s*(?:table_name=)?['\"](\w+)['\"]", revision)
        return f'ddl.drop_index_online("{found[1]}", "{named[1] if named else ""}")'
    if found := re.match(
        rf"{_TABLE}ADD CONSTRAINT {_NAME} FOREIGN KEY ?\((.*?)\) REFERENCES {_NAME} \((.*?)\)(?: ON DELETE ([A-Z ]+))?",
        statement,
    ):
        table, _, columns, parent, keys, ondelete = found.groups()
        extra = f', ondelete="{ondelete}"' if ondelete else ""
        return f'ddl.add_foreign_key_online("{table}", {_list(columns)}, "{parent}", {_list(keys)}{extra})'
    if found := re.match(rf"{_TABLE}ADD CONSTRAINT {_NAME} CHECK \((.*)\)", statement, re.DOTALL):
        return f'ddl.add_check_online("{found[1]}", "{found[2]}", "{found[3]}")'
    if found := re.match(rf"{_TABLE}ADD CONSTRAINT {_NAME} UNIQUE \((.*?)\)", statement):
        return f'ddl.create_index_online("{found[2]}", "{found[1]}", {_list(found[3])}, unique=True)'
    if found := re.match(rf"{_TABLE}ALTER COLUMN {_NAME} SET NOT NULL", statement):
        return f'ddl.set_not_null_online("{found[1]}", "{found[2]}")'
    if found := re.match(rf"{_TABLE}ADD COLUMN {_NAME} .*NOT NULL", statement):
        table, column = found.groups()
        return (
            f'ddl.backfill("{table}", {{"{column}": ...}}, where="{column} IS NULL")\n'
            f'ddl.set_not_null_online("{table}", "{column}")'
        )
    return ""


def _list(names: str) -> str:
    found = (name.strip().strip('"') for name in names.split(","))
    return (
        "[" + ", ".join(f'"{name}"' if re.fullmatch(r"[\w$]+", name) else f'sa.text("{name}")' for name in found) + "]"
    )
