"""repair mends what check finds, loses nothing on the way, and explains what it cannot mend."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cts_schema import Health, check, repair, upgrade
from cts_schema.adoption.sql import run
from cts_schema.exceptions import LockTimeout, RepairFailed, SchemaError, WrongUsage
from cts_schema.health.repair import execution, remake
from cts_schema.health.repair.plan import CODES
from cts_schema.health.repair.report import Step
from cts_schema.health.report import MENDED
from tests.support.damage import BOTH, POSTGRESQL, REWRITTEN, SQLITE, damaged, rewrite
from tests.support.databases import Database
from tests.support.program import ROOT, cts_schema, environment
from tests.support.rows import fill, managed

USER = "INSERT INTO users (id, username, password_hash, api_key, api_secret) VALUES ('u', 'me', 'x', 'K3Y', 'S3CRET')"
CONNECTION = (
    "INSERT INTO exchange_connections (id, name, exchange, api_type, api_key, api_secret, api_passphrase) "
    "VALUES ('c', 'c', 'binance', 'spot', 'K3Y', 'S3CRET', 'PHR4SE')"
)
NOT_MENDED = {
    "a column added",
    "an index added",
    "a table of somebody else's with an uncovered key",
    "a revision that took long",
    "a log line of a user who is gone",
    "another revision",
    "a row without its parent",
    "a value that a check refuses",
}
Change = list[str] | tuple[str, str, str]
MORE_POSTGRESQL: dict[str, tuple[Change, str]] = {
    "a primary key dropped": (["ALTER TABLE site_logs DROP CONSTRAINT pk_site_logs"], "site_logs"),
    "a primary key with all that needs it": (["ALTER TABLE users DROP CONSTRAINT pk_users CASCADE"], "*"),
    "a table with all that needs it": (["DROP TABLE indication_history CASCADE"], "indication_history"),
    "a check dropped": (["ALTER TABLE users DROP CONSTRAINT ck_users_role"], "users"),
    "the function with all that needs it": (["DROP FUNCTION cts_set_updated_at CASCADE"], "*"),
    "a foreign key not validated": (
        [
            "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
            "ALTER TABLE orders ADD CONSTRAINT fk_orders_user_id FOREIGN KEY (user_id) REFERENCES users (id) "
            "ON DELETE CASCADE NOT VALID",
        ],
        "orders",
    ),
    "a column with its foreign key": (["ALTER TABLE orders DROP COLUMN portfolio_id"], "orders"),
    "an integer of half the size": (["ALTER TABLE data_sync_log ALTER COLUMN id TYPE integer"], "data_sync_log"),
    "what a REINDEX has left": (
        [
            "CREATE INDEX ix_site_logs_timestamp_ccnew ON site_logs (timestamp)",
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_site_logs_timestamp_ccnew'\\:\\:regclass",
        ],
        "site_logs",
    ),
}
MORE_SQLITE: dict[str, tuple[Change, str]] = {
    "a key dropped": (("users", ", \n\tCONSTRAINT pk_users PRIMARY KEY (id)", ""), "users"),
    "a foreign key dropped": (
        (
            "orders",
            ", \n\tCONSTRAINT fk_orders_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE",
            "",
        ),
        "orders",
    ),
    "NULL allowed": (("users", "username TEXT NOT NULL", "username TEXT"), "users"),
    "other names": (("users", "CONSTRAINT uq_users_email ", ""), "users"),
    "a foreign key changed": (("portfolios", "ON DELETE CASCADE", "ON DELETE SET NULL"), "portfolios"),
}
# These write other values, or write the same ones otherwise.
REWRITES = {
    "times of the old application": "timestamp",
    "an id that is a blob": "id",
    "a type changed": "max_leverage",
}


def _cases(kind: str) -> dict[str, tuple[Change, str]]:
    of_kind: dict[str, Any] = {**BOTH, **(POSTGRESQL if kind == "postgresql" else {**SQLITE, **REWRITTEN})}
    found = {what: (change, where.partition(".")[0]) for what, (change, (_, where)) in of_kind.items()}
    found |= MORE_POSTGRESQL if kind == "postgresql" else MORE_SQLITE
    return {what: case for what, case in found.items() if what not in NOT_MENDED}


def _groups(kind: str) -> list[list[str]]:
    """Put together what is about different tables: many breakages in one database are cheaper, and harder."""
    groups: list[tuple[set[str], list[str]]] = []
    for what, (_, table) in _cases(kind).items():
        fitting = (group for group in groups if not {table, "*"} & group[0] and table != "*")
        tables, names = next(fitting, None) or (groups.append((set(), [])) or groups[-1])
        tables.add(table)
        names.append(what)
    return [names for _, names in groups]


GROUPS = [(kind, group) for kind in ("sqlite", "postgresql") for group in _groups(kind)]


def codes(found: Health) -> list[str]:
    return [finding.code for finding in found.findings if finding.severity != "info"]


def values(database: Database, columns: dict[str, list[str]] | None = None) -> dict[str, list[Any]]:
    """Return the values of all managed tables but the ledger as text; of the given columns, or of all."""
    found = {}
    with database.engine.connect() as connection:
        for table, names in (columns or managed(database.engine)).items():
            if table != "schema_migrations":
                listed = ", ".join(f'CAST("{name}" AS TEXT)' for name in names)
                found[table] = sorted(map(repr, run(connection, f'SELECT {listed} FROM "{table}"')))
    return found


def filled(head: Database) -> None:
    """Fill it with rows, none of which is an orphan, or has a time in the form T...Z."""
    fill(head.engine)
    repair(head.url, ["time-form"], deep=True, backup=False)
    assert codes(check(head.url, deep=True)) == []


def damage(head: Database, change: Change) -> None:
    if isinstance(change, tuple):
        rewrite(head, *change)
    else:
        damaged(head, change)


@pytest.mark.parametrize(("kind", "group"), GROUPS, indirect=["kind"], ids=str)
def test_what_is_found_is_mended_and_no_value_is_lost(head: Database, group: list[str]) -> None:
    cases = _cases(head.kind)
    filled(head)
    for what in group:
        damage(head, cases[what][0])
    rewritten = {REWRITES.get(what) for what in group}
    columns = {
        table: [name for name in names if name not in rewritten] for table, names in managed(head.engine).items()
    }
    before, shape = values(head, columns), head.fingerprint()
    found = check(head.url, deep=True)
    assert len(codes(found)) >= len(group)
    planned = repair(head.url, plan=True, deep=True)
    assert (values(head, columns), head.fingerprint()) == (before, shape)
    mended = {finding for step in planned.steps for finding in step.mends}
    assert {(one.code, one.where) for one in mended} == {
        (one.code, one.where) for one in found.findings if one.severity != "info"
    }
    done = repair(head.url, deep=True)
    assert (planned.done, done.done, done.complete) == (False, True, True)
    assert [step.statements for step in done.steps] == [step.statements for step in planned.steps]
    assert codes(check(head.url, deep=True)) == []
    assert values(head, columns) == before
    assert repair(head.url, deep=True).steps == ()
