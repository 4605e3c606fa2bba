"""The operations in the code of a revision, as they are written."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_OF_REVISION = ("create_table", "drop_table", "add_columns", "drop_columns")


@dataclass(frozen=True)
class Call:
    """An operation of a revision.

    Attributes:
        name: the name of the function, or of the method of a batch.
        table: the table that it changes; empty if none is named.
        code: the call.
        node: the call, parsed.
    """

    name: str
    table: str
    code: str
    node: ast.Call

    @property
    def columns(self) -> list[str]:
        """The columns that it names."""
        match self.name:
            case "drop_columns":
                return [value for value in map(_text, self.node.args[2:]) if value]
            case "backfill" | "fill":
                keys = self.node.args[1].keys if isinstance(self.node.args[1], ast.Dict) else []
                return [value for value in map(_text, keys) if value]
            case "set_default_online":
                return [value for value in map(_text, self.node.args[1:2]) if value]
            case "set_not_null" | "set_not_null_online" | "alter_column":
                return [value for value in map(_text, self.node.args[-1:]) if value]
        return self.added

    @property
    def added(self) -> list[str]:
        """The columns that it defines."""
        made = [node for node in ast.walk(self.node) if isinstance(node, ast.Call) and _is_column(node)]
        return [name for node in made if node is not self.node for name in _names(node)]

    @property
    def parent(self) -> str:
        """The table that its foreign key refers to, if it adds one to a table that exists."""
        return _text(self.node.args[2]) if len(self.node.args) > 2 else ""

    def keyword(self, name: str) -> ast.expr | None:
        """Return the value of a keyword argument."""
        return next((word.value for word in self.node.keywords if word.arg == name), None)


def calls(lines: Sequence[str]) -> list[Call]:
    """Return the operations in the body of a function, in order."""
    return list(_calls(ast.parse(textwrap.dedent("\n".join(lines))).body, ""))


def _calls(body: Sequence[ast.stmt], table: str) -> Iterator[Call]:
    for statement in body:
        if isinstance(statement, ast.With):
            of = statement.items[0].context_expr
            yield from _calls(statement.body, _text(of.args[0]) if isinstance(of, ast.Call) and of.args else table)
        elif isinstance(statement, ast.If):
            yield from _calls([*statement.body, *statement.orelse], table)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            node = statement.value
            name = ast.unparse(node.func).rpartition(".")[2]
            yield Call(name, table or _table(name, node), ast.unparse(node), node)


def _table(name: str, node: ast.Call) -> str:
    """Return the table that an operation outside of a batch changes."""
    place = 1 if name.removesuffix("_online") in _OF_REVISION or "index" in name else 0
    return _text(node.args[place]) if len(node.args) > place else ""


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _names(column: ast.Call) -> list[str]:
    """Return the name of a column, or of each column of one kind."""
    texts = [text for text in map(_text, column.args) if text]
    return texts if ast.unparse(column.func) == "ddl.each" else texts[:1]


def _is_column(node: ast.Call) -> bool:
    kind = ast.unparse(node.func)
    return kind == "sa.Column" or (
        kind.startswith("ddl.") and kind[4:].islower() and kind not in ("ddl.uniques", "ddl.indexes")
    )
