"""What a generated revision leaves to its author."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from cts_schema.authoring.docstring import REASON
from tools.violations import Violation


def unfinished(file: Path, text: str, tree: ast.Module) -> Iterator[Violation]:
    """Yield what the author of a revision still has to write.

    Args:
        file: the file of the revision.
        text: its text.
        tree: its code.
    """
    if REASON in text:
        yield _no_reason(file, text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "TO_COMPLETE":
            yield _to_complete(file, node)


def _no_reason(file: Path, text: str) -> Violation:
    return Violation(
        file,
        next(number for number, line in enumerate(text.splitlines(), 1) if REASON in line),
        "no-reason",
        "nobody can see later why the schema was changed",
        "write the reason into the docstring",
        "Why         each order says where it was executed, because fees differ by venue.",
    )


def _to_complete(file: Path, node: ast.Attribute) -> Violation:
    return Violation(
        file,
        node.lineno,
        "to-complete",
        "the revision does not say yet what existing rows get, and refuses to run",
        "write the value in place of ddl.TO_COMPLETE: a plain value, or SQL of the row",
        'sa.text("connection_id")',
    )
