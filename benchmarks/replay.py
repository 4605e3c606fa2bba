"""Replay 200 further revisions without a database: python -m benchmarks.replay."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import sqlalchemy as sa

from cts_schema import ddl
from cts_schema.schema.declared import declared, replay
from cts_schema.schema.scripts import ADOPTION_REVISION

REVISIONS = 200


def revision(number: int) -> Callable[[], None]:
    """Return the upgrade of a revision, one of ten kinds in turn."""
    name = f"{number:03d}"

    def table() -> None:
        ddl.create_table(name, f"t{name}", ddl.text_id(), ddl.money("a"), ddl.enum("b", "x", "y"), ddl.timestamps())
        ddl.create_updated_at_trigger(f"t{name}")

    def renamed() -> None:
        ddl.rename_table_online(f"t{number - 1:03d}", f"u{number - 1:03d}")
        ddl.add_columns_online(name, "positions", ddl.string(f"c{name}"))
        ddl.rename_column_online("positions", f"c{name}", ddl.string(f"d{name}"))

    def column() -> None:
        ddl.add_columns_online(name, "orders", ddl.string(f"c{name}"), ddl.reference(f"r{name}", "users", "CASCADE"))
        ddl.backfill("orders", {f"c{name}": "x"}, where=f"c{name} IS NULL")
        ddl.set_not_null_online("orders", f"c{name}")
        ddl.create_index_online(f"ix_{name}", "orders", [f"c{name}", sa.text("created_at DESC")])

    return {0: table, 1: renamed}.get(number % 10, column)


def main() -> None:
    """Print the seconds, of this process alone."""
    before = declared(ADOPTION_REVISION)
    start = time.process_time()
    replay((revision(100 + number) for number in range(REVISIONS)), onto=before)
    sys.stdout.write(f"{REVISIONS} revisions: {time.process_time() - start:.2f} s\n")


if __name__ == "__main__":
    main()
