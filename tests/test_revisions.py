"""The line of revisions: its numbers and names, what the files may use and must say, what some of them do to rows."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from cts_schema import downgrade, upgrade
from cts_schema.ddl.preview import previewed
from cts_schema.schema.scripts import ADOPTION_REVISION, head, revisions, script_location
from tests.support.databases import Database

VERSIONS = script_location() / "versions"
FILES = sorted(path for path in VERSIONS.iterdir() if path.suffix == ".py")
LEGACY = {
    "035": "baseline",
    "036": "create_optimal_indication_tables",
    "037": "create_exchange_positions_table",
    "038": "fix_pseudo_positions_schema",
    "051": "add_performance_indexes",
    "053": "add_market_data_optimization",
    "054": "rename_active_advanced_to_auto",
    "055": "create_preset_trade_engine_tables",
    "056": "add_parabolic_sar_and_common_indicators",
}
SECTIONS = ["PostgreSQL", "SQLite", "Stopped", "Down"]
SETTINGS = [
    ("cleanupIntervalHours", "24", "number", "performance"),
    ("enableAutoCleanup", "true", "boolean", "performance"),
    ("indicationStateRetentionHours", "48", "number", "performance"),
    ("marketDataQueryMaxMinutes", "60", "number", "performance"),
    ("marketDataRetentionDays", "7", "number", "performance"),
]

every_revision = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[:3])


def directory() -> ScriptDirectory:
    return ScriptDirectory(str(script_location()))


# Numbers and names


def test_the_folder_named_alembic_is_no_package() -> None:
    assert not (script_location() / "__init__.py").exists()
    assert not (VERSIONS / "__init__.py").exists()


@every_revision
def test_a_file_is_named_by_its_number_and_what_it_does(path: Path) -> None:
    assert re.fullmatch(r"\d{3}_[a-z0-9]+(_[a-z0-9]+)*\.py", path.name)
    assert assigned(path)["revision"] == path.name[:3]


def test_the_line_has_one_head_and_no_branches() -> None:
    script = directory()
    found = list(script.walk_revisions())
    assert script.get_heads() == [head()]
    assert script.get_bases() == ["035"]
    assert all(len(one.nextrev) <= 1 and not isinstance(one.down_revision, tuple) for one in found)
    assert [one.revision for one in reversed(found)] == sorted(one.revision for one in found)


def test_the_numbers_and_names_of_the_old_runner_are_kept_and_ours_go_on_from_57() -> None:
    found = revisions()
    assert {number: name for number, name in found.items() if number < "057"} == LEGACY
    ours = [int(number) for number in found if number >= "057"]
    assert ours == list(range(57, 57 + len(ours)))
    assert "new_migration_example" not in found.values()


def test_what_the_package_knows_without_alembic_is_what_alembic_finds() -> None:
    script = directory()
    assert head() == script.get_current_head()
    assert list(revisions()) == [one.revision for one in reversed(list(script.walk_revisions()))]
    assert revisions()["036"] == "create_optimal_indication_tables"


# What a file may use, and must say


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def assigned(path: Path) -> dict[str, Any]:
    return {
        target.id: ast.literal_eval(node.value)
        for node in tree(path).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def calls(path: Path, function: str, *names: str) -> list[tuple[str, str]]:
    """Return (operation, table) of each call of ``ddl.<name>`` in a function of a revision."""
    body = next(node for node in tree(path).body if isinstance(node, ast.FunctionDef) and node.name == function)
    found = []
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            table = next(value.value for value in node.args if isinstance(value, ast.Constant))
            found.append((node.func.attr, str(table)))
    return found


@every_revision
def test_a_revision_imports_nothing_that_changes_after_it(path: Path) -> None:
    allowed = {"sqlalchemy", "alembic.op", "cts_schema.ddl"}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert {f"{node.module}.{alias.name}" for alias in node.names} <= allowed


@every_revision
def test_no_revision_that_adoption_builds_leaves_its_transaction(path: Path) -> None:
    if path.name[:3] <= ADOPTION_REVISION:
        assert "autocommit_block" not in path.read_text()
        assert "CONCURRENTLY" not in path.read_text()


@every_revision
def test_a_revision_says_what_it_does_on_both_databases_and_on_the_way_down(path: Path) -> None:
    text = ast.get_docstring(tree(path), clean=False)
    assert text is not None
    first, blank, *rest = text.splitlines()
    assert first.endswith(".")
    assert blank == ""
    titles = [line.split()[0] for line in rest if line and not line.startswith(" ")]
    assert titles == ["Legacy" if path.name[:3] <= ADOPTION_REVISION else "Why", *SECTIONS]
    assert all(re.match(r"(Legacy|Why|PostgreSQL|SQLite|Stopped|Down) {2,}\S| {12}\S|$", line) for line in rest)


def effects(path: Path) -> tuple[list[str], list[str]]:
    """The tables that a revision creates, and those that its downgrade drops."""
    module = directory().get_revision(path.name[:3]).module
    made = previewed("postgresql", module.upgrade).tables
    return list(made), [drop.table for drop in previewed("postgresql", module.downgrade).drops if not drop.columns]


@every_revision
def test_a_downgrade_drops_what_the_upgrade_made_each_table_once(path: Path) -> None:
    created, dropped = effects(path)
    assert dropped == created[::-1]
    added = [table for _, table in calls(path, "upgrade", "add_columns")]
    taken = [table for _, table in calls(path, "downgrade", "drop_columns")]
    assert Counter(added) == Counter(taken)
    assert len(added) == len(set(added)), "what is kept of a table goes into one kept table"


@every_revision
def test_what_a_downgrade_keeps_is_told_in_its_docstring(path: Path) -> None:
    text = str(ast.get_docstring(tree(path)))
    down = text[text.index("\nDown") :]
    keeps = effects(path)[1] or calls(path, "downgrade", "drop_columns")
    assert (f"cts_kept_{path.name[:3]}_" in down) == bool(keeps)


# 053: settings


def test_the_five_settings_of_053_are_there_with_their_exact_values(head: Database) -> None:
    found = head.rows("SELECT key, value, value_type, category FROM system_settings ORDER BY key")
    assert found == SETTINGS
    assert head.rows("SELECT key FROM system_settings WHERE description IS NULL OR NOT is_editable") == []


def test_a_setting_that_is_there_already_keeps_the_users_value(database: Database) -> None:
    upgrade(database.engine, "051")
    database.execute(
        "INSERT INTO system_settings (key, value, category, updated_at) "
        "VALUES ('marketDataRetentionDays', '365', 'own', '2020-01-01 00:00:00')"
    )
    before = database.rows("SELECT * FROM system_settings")
    upgrade(database.engine)
    assert database.rows("SELECT * FROM system_settings WHERE key = 'marketDataRetentionDays'") == before
    assert database.value("SELECT count(*) FROM system_settings") == 5
    downgrade(database.engine, "051")
    upgrade(database.engine)
    assert database.rows("SELECT * FROM system_settings WHERE key = 'marketDataRetentionDays'") == before


# 054: active_advanced becomes auto


@pytest.fixture
def before_054(database: Database) -> Database:
    upgrade(database.engine, "053")
    for statement in (
        "INSERT INTO exchange_connections (id, name, indication_active_advanced) VALUES ('c', 'c', true)",
        "INSERT INTO exchange_connections (id, name) VALUES ('d', 'd')",
        "INSERT INTO pseudo_positions (id, connection_id, symbol, indication_type, state_key, entry_price) "
        "VALUES ('p', 'c', 'BTC', 'active_advanced', 'c:BTC-active_advanced-long-5', 1)",
        "INSERT INTO base_pseudo_positions (id, symbol, indication_type) VALUES ('b', 'BTC', 'active_advanced')",
        "INSERT INTO base_pseudo_positions (id, symbol, indication_type) VALUES ('m', 'BTC', 'move')",
        "INSERT INTO indications (connection_id, symbol, indication_type, value) "
        "VALUES ('c', 'BTC', 'active_advanced', 1)",
        "INSERT INTO preset_configuration_sets (id, name, indication_type) VALUES ('s', 's', 'active_advanced')",
    ):
        database.execute(statement)
    return database


def add_states(database: Database, *keys: str) -> None:
    for key in keys:
        database.execute("INSERT INTO indication_states (id, state_key) VALUES (:key, :key)", {"key": key})


def states(database: Database) -> dict[str, str]:
    return {str(key): str(name) for key, name in database.rows("SELECT id, state_key FROM indication_states")}


def test_054_renames_the_indication_wherever_a_row_names_it(before_054: Database) -> None:
    upgrade(before_054.engine, "054")
    for table in ("pseudo_positions", "base_pseudo_positions", "indications", "preset_configuration_sets"):
        found = before_054.rows(f"SELECT indication_type FROM {table} ORDER BY 1")
        assert found == [("auto",), *([("move",)] if table == "base_pseudo_positions" else [])], table
    assert before_054.value("SELECT state_key FROM pseudo_positions") == "c:BTC-auto-long-5"
    flags = before_054.rows("SELECT id, indication_auto FROM exchange_connections ORDER BY id")
    assert [(key, bool(flag)) for key, flag in flags] == [("c", True), ("d", False)]


def test_the_renamed_column_goes_back_and_forth_with_its_values(before_054: Database) -> None:
    for _ in range(2):
        upgrade(before_054.engine)
        downgrade(before_054.engine, "053")
        found = before_054.rows("SELECT id, indication_active_advanced FROM exchange_connections ORDER BY id")
        assert [(key, bool(flag)) for key, flag in found] == [("c", True), ("d", False)]
    # Which row had said active_advanced is not recorded.
    assert before_054.rows("SELECT indication_type FROM pseudo_positions") == [("auto",)]


def test_both_words_stay_allowed_after_054(before_054: Database) -> None:
    upgrade(before_054.engine)
    before_054.execute("UPDATE base_pseudo_positions SET indication_type = 'active_advanced'")


def test_state_keys_are_renamed_unless_the_new_name_is_taken(before_054: Database) -> None:
    add_states(
        before_054,
        "c:BTC-active_advanced-long",
        "c:ETH-active_advanced-long",
        "c:ETH-auto-long",
        "c:BTC-move-long",
        # Three names that would become one.
        "auto:auto_x",
        "active_advanced:auto_x",
        "active_advanced:active_advanced_x",
        # And two, of which neither is there.
        "active_advanced:auto_y",
        "auto:active_advanced_y",
    )
    upgrade(before_054.engine, "054")
    assert states(before_054) == {
        "c:BTC-active_advanced-long": "c:BTC-auto-long",
        "c:ETH-active_advanced-long": "c:ETH-active_advanced-long",
        "c:ETH-auto-long": "c:ETH-auto-long",
        "c:BTC-move-long": "c:BTC-move-long",
        "auto:auto_x": "auto:auto_x",
        "active_advanced:auto_x": "active_advanced:auto_x",
        "active_advanced:active_advanced_x": "active_advanced:active_advanced_x",
        "active_advanced:auto_y": "auto:auto_y",
        "auto:active_advanced_y": "auto:active_advanced_y",
    }


def test_settings_are_renamed_unless_the_new_name_is_taken(before_054: Database) -> None:
    for key in ("activeAdvancedRange", "activeAdvancedSteps", "autoSteps", "myactiveAdvancedRange", "activeadvanced"):
        before_054.execute("INSERT INTO system_settings (key, value) VALUES (:key, :key)", {"key": key})
    upgrade(before_054.engine, "054")
    found = before_054.rows("SELECT key, value FROM system_settings WHERE category = 'general' ORDER BY value")
    assert {value: key for key, value in found} == {
        "activeAdvancedRange": "autoRange",
        "activeAdvancedSteps": "activeAdvancedSteps",
        "autoSteps": "autoSteps",
        "myactiveAdvancedRange": "myactiveAdvancedRange",
        "activeadvanced": "activeadvanced",
    }
