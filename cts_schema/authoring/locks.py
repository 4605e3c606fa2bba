"""What an operation of a revision locks on PostgreSQL, and for how long, and whether SQLite copies the table for it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from cts_schema import ddl
from cts_schema.authoring.calls import Call
from cts_schema.authoring.type_changes import rewrites

_INSTANT = "keeps readers and writers out for an instant"
_SCAN = "keeps readers and writers out while it reads every row"
_REWRITE = "keeps readers and writers out while it rewrites the table"
_BESIDE = "reads the rows while others read and write"
_COPIED = (
    "alter_column",
    "create_foreign_key",
    "create_check_constraint",
    "create_unique_constraint",
    "drop_constraint",
    "add_foreign_key_online",
    "add_check_online",
    "add_unique_online",
    "set_default_online",
    "set_not_null",
    "set_not_null_online",
    "replace_checks",
    "change_type",
    "recompute_column",
)
#: What makes SQLite copy a table for a new column.
_NOT_ALTERED = (
    "uuid_text(",
    "CURRENT_",
    "now=True",
    "func.",
    "UniqueConstraint(",
    "uniques(",
    "Computed(",
    "timestamps(",
)


def lock(call: Call, down: Sequence[Call] = ()) -> str:
    """Return what PostgreSQL locks for an operation, and for how long.

    Args:
        call: the operation.
        down: the operations of the downgrade, which define what this one drops.
    """
    words = _LOCKS.get(call.name)
    if words is None:
        return f"runs {call.name}" + (f" on {call.table}" if call.table else "")
    if _drops_key(call, down):
        return f"{words(call)}; from the tables that it refers to as well"
    return words(call)


def rebuilt(call: Call, down: Sequence[Call] = ()) -> bool:
    """Return whether SQLite copies the table for an operation.

    Args:
        call: the operation.
        down: the operations of the downgrade, which define what this one drops.
    """
    if call.name.startswith("add_columns"):
        return any(word in call.code for word in _NOT_ALTERED)
    return call.name in _COPIED or (call.name == "drop_columns" and _drops_key(call, down))


def _drops_key(call: Call, down: Sequence[Call]) -> bool:
    """Return whether an operation drops a foreign key, perhaps with its column."""
    if call.name == "drop_constraint":
        return "foreignkey" in call.code
    restored = (one for one in down if one.name == "add_columns" and one.table == call.table)
    return call.name == "drop_columns" and any(map(_refers, restored))


def _refers(call: Call) -> bool:
    return "ForeignKey" in call.code or "ddl.reference(" in call.code


def _parents(call: Call) -> str:
    return ", and blocks writes to the tables that it refers to for an instant" * _refers(call)


def _new_table(call: Call) -> str:
    return f"creates {call.table}{_parents(call)}"


def _new_columns(call: Call) -> str:
    volatile = ("uuid_text(", "func.") if call.name == "add_columns" else ()  # the online one sets the default later
    length = _REWRITE if any(word in call.code for word in ("Identity(", "Computed(", *volatile)) else _INSTANT
    return f"adds {', '.join(call.added) or 'columns'} to {call.table}, and {length}{_parents(call)}"


def _constraint(call: Call) -> str:
    what = {"add_foreign_key_online": "a foreign key", "add_check_online": "a CHECK"}[call.name]
    parent = f" to it and to {call.parent}" * (call.name == "add_foreign_key_online")
    return f"adds {what} to {call.table}: blocks writes{parent} for an instant, then {_BESIDE}"


def _altered(call: Call) -> str:
    what = f"changes {', '.join(call.columns)} of {call.table}"
    if isinstance(required := call.keyword("nullable"), ast.Constant) and required.value is False:
        return f"{what}, and {_SCAN}"
    return f"{what}, and {_length(call.keyword('existing_type'), call.keyword('type_'))}"


def _changed_type(call: Call) -> str:
    column = call.node.args[1] if len(call.node.args) > 1 else None
    return f"changes the type of {', '.join(call.columns)} of {call.table}, and {_length(call.keyword('was'), column)}"


def _length(was: ast.expr | None, becomes: ast.expr | None) -> str:
    if becomes is None:
        return _INSTANT
    old, new = _type(was), _type(becomes)
    return _REWRITE if old is None or new is None or rewrites(old, new) else _INSTANT


def _type(node: ast.expr | None) -> sa.types.TypeEngine[object] | None:
    """Return the type that code of a revision defines; None if it is not there."""
    if node is None:
        return None
    names = {"sa": sa, "ddl": ddl, "postgresql": postgresql}
    made = eval(compile(ast.Expression(node), "revision", "eval"), names)  # noqa: S307  code that was just generated
    if isinstance(made, sa.Column):
        return made.type
    return made if isinstance(made, sa.types.TypeEngine) else made()


def _checks(call: Call) -> str:
    return f"replaces CHECKs of {call.table}, and {_INSTANT if call.keyword('add') is None else _SCAN}"


def _always(words: str) -> Callable[[Call], str]:
    return lambda call: words.format(table=call.table, columns=", ".join(call.columns))


_LOCKS: dict[str, Callable[[Call], str]] = {
    "create_table": _new_table,
    "create_table_online": _new_table,
    "drop_table": _always(f"moves {{table}} away, and {_INSTANT}"),
    "add_columns": _new_columns,
    "add_columns_online": _new_columns,
    "drop_columns": _always(
        "drops {columns} of {table}, and keeps readers and writers out while it copies their values"
    ),
    "rename_table": _always(f"renames {{table}}, and {_INSTANT}; code that uses the old name fails from then on"),
    "rename_column": _always(
        f"renames a column of {{table}}, and {_INSTANT}; code that uses the old name fails from then on"
    ),
    "create_index_online": _always("builds an index of {table} while others read and write"),
    "drop_index_online": _always("drops an index of {table} while others read and write"),
    "create_index": _always("builds an index of {table}, and blocks writes meanwhile"),
    "drop_index": _always(f"drops an index, and {_INSTANT}"),
    "add_foreign_key_online": _constraint,
    "add_check_online": _constraint,
    "add_unique_online": _always(f"builds a unique index of {{table}} beside traffic, then {_INSTANT}"),
    "set_not_null_online": _always(f"makes {{columns}} of {{table}} NOT NULL: {_BESIDE}, then {_INSTANT}"),
    "set_default_online": _always(f"gives {{columns}} of {{table}} a default, and {_INSTANT}"),
    "set_not_null": _always(f"makes {{columns}} of {{table}} NOT NULL, and {_SCAN}"),
    "backfill": _always("fills {columns} of {table} in batches, and locks only the rows of one batch"),
    "fill": _always("fills {columns} of {table}, and locks these rows until the revision ends"),
    "alter_column": _altered,
    "drop_constraint": _always(f"drops a constraint of {{table}}, and {_INSTANT}"),
    "create_foreign_key": _always("adds a foreign key to {table}, and blocks writes while it reads every row"),
    "create_unique_constraint": _always(f"adds a UNIQUE to {{table}}, and {_SCAN}"),
    "create_check_constraint": _always(f"adds a CHECK to {{table}}, and {_SCAN}"),
    "replace_checks": _checks,
    "change_type": _changed_type,
    "recompute_column": _always(f"recomputes {{columns}} of {{table}}, and {_REWRITE}"),
    "comment_table": _always("comments {table}, and blocks nobody"),
    "comment_column": _always("comments a column of {table}, and blocks nobody"),
    "create_updated_at_trigger": _always("creates the updated_at trigger of {table}, and blocks writes for an instant"),
    "drop_updated_at_trigger": _always(f"drops the updated_at trigger of {{table}}, and {_INSTANT}"),
    "insert_absent": _always("inserts rows"),
    "execute": _always("runs SQL of its own"),
    "execute_declared": _always("runs SQL of its own"),
}
_LOCKS |= {f"{name}_online": _LOCKS[name] for name in ("rename_table", "rename_column")}
