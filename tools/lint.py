"""Finds unsafe DDL in new revisions: python -m tools.lint.

It reads the revisions after the adoption revision. All earlier ones run in one transaction, on
new databases, or on databases that an adoption has locked anyway.

squawk reads the PostgreSQL script of each, see :mod:`tools.squawk`. This module reads the code of revisions for what
squawk cannot see, and what concerns SQLite. A comment with a reason in the revision allows a violation: ``# lint: allow
NAME because REASON``.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from cts_schema.ddl import columns
from cts_schema.exceptions import SchemaError
from cts_schema.schema.scripts import ADOPTION_REVISION, script_location
from tools.squawk import read_script
from tools.undeclared import undeclared
from tools.unfinished import unfinished
from tools.violations import Violation

_ONLINE = re.compile(r"ddl\.(\w+_online|backfill)$")
_COLUMNS = "|".join(
    name for name, value in vars(columns).items() if getattr(value, "__module__", "") == columns.__name__
)
_OPERATION = re.compile(
    rf"(op|ddl|cts_ddl)\.(?!f$|get_|(?:on_postgresql|preserved_name|uuid_text|{_COLUMNS})$)[a-z]\w*$"
)
_ALLOW = re.compile(r"#\s*lint:\s*allow\s+([\w-]+)(?:\s+because\s+(\S.*))?")
# SQL that only one of the databases understands.
_DIALECT = re.compile(
    r"\bPRAGMA\b|sqlite_|\bAUTOINCREMENT\b|\brandomblob\b|\bstrftime\b|::\w|\bpg_\w+|\bgen_random_uuid\b|\bCONCURRENTLY\b"
    r"|\bNOT VALID\b|\bILIKE\b|\bDO \$|\bJSONB\b|\bplpgsql\b",
    re.IGNORECASE,
)


def check(folder: Path) -> list[Violation]:
    """Return the violations in the new revisions.

    Args:
        folder: the folder of env.py and versions/.

    Raises:
        SchemaError: squawk is not installed, or a revision cannot be scripted.
    """
    versions = sorted((folder / "versions").glob("[0-9][0-9][0-9]_*.py"))
    files = [file for file in versions if file.name[:3] > ADOPTION_REVISION]
    found = {file: read(folder, file) for file in files}
    scripted = [file for file in files if not any(finding.name == "no-script" for finding in found[file])]
    for finding in undeclared(folder, scripted):
        found[finding.file].append(finding)
    return [finding for file in files for finding in not_allowed(file, found[file])]


def read(folder: Path, file: Path) -> list[Violation]:
    """Return the violations in the code of a revision and in its script, also those that it allows.

    Args:
        folder: the folder of env.py and versions/.
        file: the file of the revision.

    Raises:
        SchemaError: squawk is not installed.
    """
    found = sorted(read_code(file), key=lambda finding: finding.line or 0)
    if not any(finding.name == "to-complete" for finding in found):  # it refuses to write a script, too
        found += read_script(folder, file)
    return found


def not_allowed(file: Path, found: Iterable[Violation]) -> list[Violation]:
    """Return the violations that a revision does not allow, and what it allows without a reason."""
    allowed = dict(_ALLOW.findall(file.read_text()))
    left = [finding for finding in found if finding.name not in allowed]
    return left + [_without_reason(file, name) for name, reason in allowed.items() if not reason]


def read_code(file: Path) -> Iterator[Violation]:
    """Yield the violations in the code of a revision."""
    text = file.read_text()
    tree = ast.parse(text)
    yield from unfinished(file, text, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from _live_models(file, node)
        elif isinstance(node, ast.Call):
            yield from _bare_rebuild(file, node)
            yield from _bare_rename(file, node)
            yield from _drops_values(file, node)
            yield from _volatile_default(file, node)
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            yield from _online_too_late(file, function)
            yield from _one_dialect(file, function)


def _without_reason(file: Path, name: str) -> Violation:
    return Violation(
        file,
        None,
        "allow-without-reason",
        f"{name} is allowed without a reason",
        "give the reason why it is safe",
        f"# lint: allow {name} because the table has ten rows",
    )


def _live_models(file: Path, node: ast.Import | ast.ImportFrom) -> Iterator[Violation]:
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [f"{node.module or ''}.{name}" for name in names]
    for name in names:
        if re.match(r"cts_schema\.(?!ddl\b)|cts_schema$|sqlalchemy\.orm\b", name):
            yield Violation(
                file,
                node.lineno,
                "live-models",
                f"{name} changes with the package, but this revision must not change",
                "define the columns in the revision, as they are at this revision",
                'orders = sa.table("orders", sa.column("id"), sa.column("status"))',
            )


def _bare_rebuild(file: Path, call: ast.Call) -> Iterator[Violation]:
    if ast.unparse(call.func).endswith("op.batch_alter_table"):
        table = ast.unparse(call.args[0]) if call.args else '"orders"'
        yield Violation(
            file,
            call.lineno,
            "bare-rebuild",
            "SQLite copies the table, and loses its triggers, CHECKs and some indexes: updated_at no longer changes",
            "the same batch, which keeps all of that",
            f"with ddl.alter_table({table}) as batch:",
        )


def _bare_rename(file: Path, call: ast.Call) -> Iterator[Violation]:
    name = ast.unparse(call.func)
    if name.endswith("op.rename_table") or any(word.arg == "new_column_name" for word in call.keywords):
        yield Violation(
            file,
            call.lineno,
            "bare-rename",
            "constraints, indexes and the trigger keep names of the old one, and the declared state cannot follow",
            "the operation of ddl, which they follow",
            'ddl.rename_table("orders", "deals")'
            if name.endswith("rename_table")
            else 'ddl.rename_column("orders", "note", ddl.string("remark"))',
        )


def _drops_values(file: Path, call: ast.Call) -> Iterator[Violation]:
    name = ast.unparse(call.func)
    said = " ".join(
        node.value for node in ast.walk(call) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    dropped = re.search(r"\bDROP\s+(TABLE|COLUMN)\b", said, re.IGNORECASE) if name.endswith(".execute") else None
    if dropped or re.search(r"(op|batch)\.drop_(table|column)$", name):
        what = (dropped[1] if dropped else name.rpartition("_")[2]).lower()
        yield Violation(
            file,
            call.lineno,
            "drops-values",
            f"the contents of the {what} are lost, without a yes of the user",
            "the operation of ddl, which preserves and restores the values",
            'ddl.drop_table(revision, "notes")' if what == "table" else 'ddl.drop_columns(revision, "orders", "note")',
        )


def _volatile_default(file: Path, call: ast.Call) -> Iterator[Violation]:
    if not re.search(r"(op|ddl|batch)\.add_columns?$", ast.unparse(call.func)):
        return
    for column in [node for node in ast.walk(call) if isinstance(node, ast.Call)]:
        name, default = _default(column)
        if not re.search(r"uuid_text\(|\bfunc\.|CURRENT_|\w\(\)['\"]|random|now\b|text\(['\"]\(", default):
            continue
        table = next((ast.unparse(arg) for arg in call.args if isinstance(arg, ast.Constant) and _is_table(arg)), "...")
        yield Violation(
            file,
            column.lineno,
            "volatile-default",
            f"the default {default} of {name} is not constant: SQLite refuses it on a table with rows, or copies the "
            "table; PostgreSQL rewrites the table under ACCESS EXCLUSIVE when it is volatile",
            "add the column without a default; fill it, in a separate revision",
            f'ddl.backfill({table}, {{{name}: {default}}}, where="{name[1:-1]} IS NULL")',
        )


def _default(column: ast.Call) -> tuple[str, str]:
    """Return the name of a column and the SQL of its default, empty if that is a plain value."""
    kind, words = ast.unparse(column.func).rpartition(".")[2], {word.arg: word.value for word in column.keywords}
    name = next((ast.unparse(arg) for arg in column.args if isinstance(arg, ast.Constant)), None)
    if kind == "text_id":
        return "'id'", "ddl.uuid_text()"
    if kind == "timestamps" or "now" in words:
        return name or "'created_at'", "sa.text('CURRENT_TIMESTAMP')"
    given = words.get("server_default") if kind == "Column" else None
    return name or "", "" if given is None or isinstance(given, ast.Constant) else ast.unparse(given)


def _is_table(argument: ast.Constant) -> bool:
    return isinstance(argument.value, str) and not re.fullmatch(r"\d{3}", argument.value)


def _online_too_late(file: Path, function: ast.FunctionDef) -> Iterator[Violation]:
    calls = sorted((node for node in ast.walk(function) if isinstance(node, ast.Call)), key=lambda call: call.lineno)
    changed = None
    for call in calls:
        name = ast.unparse(call.func)
        if _ONLINE.search(name) and changed is not None:
            yield Violation(
                file,
                call.lineno,
                "online-too-late",
                f"{name} commits {changed} before it; if it stops in between, the repeated revision fails",
                f"online operations first; or {changed} in a separate revision before this one",
            )
            return
        if _OPERATION.fullmatch(name) and not _ONLINE.search(name):
            changed = name


def _one_dialect(file: Path, function: ast.FunctionDef) -> Iterator[Violation]:
    asked = {
        id(inner)
        for node in ast.walk(function)
        if isinstance(node, ast.If | ast.IfExp) and re.search(r"on_postgresql|dialect", ast.unparse(node.test))
        for inner in ast.walk(node)
    }
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or id(call) in asked or not ast.unparse(call.func).endswith(".execute"):
            continue
        for node in ast.walk(call):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if id(node) not in asked and (word := _DIALECT.search(text)):
                yield Violation(
                    file,
                    call.lineno,
                    "one-dialect",
                    f"only one of the databases understands {word[0]}; the other stops with a syntax error",
                    "check which one it is",
                    f"if ddl.on_postgresql():\n    {ast.unparse(call)}",
                )


def main() -> int:
    """Print the violations; return the exit code."""
    try:
        found = check(script_location())
    except SchemaError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for finding in found:
        print(finding, end="\n\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
