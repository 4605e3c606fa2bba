"""What others hang on our tables: views, triggers, rules, indexes, policies, grants and comments, all named my_.

None of them does anything, so that rows may be written; it must be there again whatever the commands of a chain are.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from cts_schema.models import Base
from tests.faults.states import State
from tests.support.databases import Database

# What holds for the whole database from the beginning; the role and its settings are those of the server.
_OF_ALL = (
    "DO $$ BEGIN CREATE ROLE my_reader; EXCEPTION WHEN duplicate_object THEN END $$",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO my_reader",
    "ALTER ROLE CURRENT_USER SET default_transaction_isolation = 'repeatable read'",
    "CREATE OR REPLACE FUNCTION my_function() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
)
_ON_TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "sqlite": {
        "view": ("CREATE VIEW my_view_{number} AS SELECT count(*) AS rows FROM {table}",),
        "trigger": ("CREATE TRIGGER my_trigger_{number} BEFORE DELETE ON {table} BEGIN SELECT 1; END",),
        "index": ("CREATE INDEX my_index_{number} ON {table} (id) WHERE id IS NOT NULL",),
    },
    "postgresql": {
        "view": ("CREATE VIEW my_view_{number} AS SELECT count(*) AS rows FROM {table}",),
        "trigger": (
            "CREATE TRIGGER my_trigger_{number} BEFORE INSERT OR UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION my_function()",
        ),
        "rule": ("CREATE RULE my_rule_{number} AS ON DELETE TO {table} DO ALSO NOTHING",),
        "index": ("CREATE INDEX my_index_{number} ON {table} (id) WHERE id IS NOT NULL",),
        "policy": (
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY my_policy_{number} ON {table} FOR SELECT TO my_reader USING (id IS NOT NULL)",
        ),
        "grant": ("GRANT INSERT ON {table} TO my_reader", "GRANT UPDATE (id) ON {table} TO my_reader"),
        "revocation": ("REVOKE ALL ON {table} FROM my_reader",),
        "comment": (
            "COMMENT ON TABLE {table} IS 'my_comment {number}'",
            "COMMENT ON COLUMN {table}.id IS 'my_comment {number}'",
        ),
    },
}


def prepare(database: Database, journal: str = "delete") -> None:
    """Give a database default privileges and an isolation level that nobody expects; to SQLite a journal mode."""
    if database.kind == "sqlite":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"PRAGMA journal_mode = {journal}")
        return
    for statement in _OF_ALL:
        database.execute(statement)


def hang(database: Database, chance: Random, number: int) -> str:
    """Put something on a table of ours that is there; return what on which."""
    tables = _tables(database)
    if not tables:
        return "nothing"
    kind, table = chance.choice(list(_ON_TABLES[database.kind])), chance.choice(tables)
    _hang(database, kind, table, number)
    return f"{kind} on {table}"


def hang_all(database: Database) -> None:
    """Put something of each kind on tables of ours."""
    tables = _tables(database)
    for number, kind in enumerate(_ON_TABLES[database.kind]):
        _hang(database, kind, tables[7 * number % len(tables)], number)


def remaining(state: State) -> Counter[str]:
    """Return what is in the catalogue under such a name; a table of SQLite that is renamed is quoted afterwards."""
    lines = (line.replace('"', "") for found in state.catalogue for line in found)
    return Counter(line for line in lines if "my_" in line and "cts_" not in line)


def _tables(database: Database) -> list[str]:
    """Return those that have an id, which each of them keeps."""
    found = database.tables() & Base.metadata.tables.keys()
    return sorted(name for name in found if "id" in Base.metadata.tables[name].columns)


def _hang(database: Database, kind: str, table: str, number: int) -> None:
    for statement in _ON_TABLES[database.kind][kind]:
        database.execute(statement.format(table=table, number=number))
