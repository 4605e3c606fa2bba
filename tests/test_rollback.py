"""A downgrade says beforehand which values it would drop, and wants a yes; the old procedure by hand is healed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cts_schema import downgrade, status, upgrade
from cts_schema.exceptions import DataWouldBeDropped
from cts_schema.schema.scripts import revisions
from tests.support.databases import Database
from tests.support.lines import scripts_in_use
from tests.support.program import alembic

POSITION = (
    "INSERT INTO exchange_connections (id, name, exchange) VALUES ('c', 'main', 'bybit')",
    "INSERT INTO pseudo_positions (id, connection_id, symbol, indication_type, side, entry_price, current_price, "
    "quantity, momentum) VALUES ('p', 'c', 'BTCUSDT', 'auto', 'long', 1, 1, 1, 0.5)",
)


def test_alembic_says_what_a_downgrade_would_drop_and_does_nothing_without_a_yes(head: Database) -> None:
    for statement in POSITION:
        head.execute(statement)
    before = head.rows("SELECT * FROM pseudo_positions")
    refused = alembic("downgrade", "053", url=head.url)
    assert (refused.code, refused.out) == (5, "")
    assert "054  pseudo_positions: values of 16 columns in 1 row" in refused.err
    assert "alembic -x yes downgrade 053" in refused.err
    assert "preset" not in refused.err  # whose tables are empty
    assert status(head.url).at_head
    assert alembic("-x", "yes", "downgrade", "053", url=head.url).code == 0
    assert status(head.url).revision == "053"
    assert alembic("upgrade", "head", url=head.url).code == 0
    assert head.rows("SELECT * FROM pseudo_positions") == before


def test_a_downgrade_that_drops_no_value_needs_no_yes(head: Database) -> None:
    for statement in POSITION:
        head.execute(statement)
    assert alembic("downgrade", "055", url=head.url).code == 0
    assert head.value("SELECT count(*) FROM schema_migrations WHERE migration_id >= 56") == 0
    assert status(head.url).revision == "055"


def test_from_code_a_yes_is_understood_unless_it_is_denied(head: Database) -> None:
    for statement in POSITION:
        head.execute(statement)
    with pytest.raises(DataWouldBeDropped, match="needs a yes") as caught:
        downgrade(head.url, "base", yes=False)
    assert caught.value.exit_code == 5
    assert "035  exchange_connections: 1 row" in str(caught.value)
    with head.engine.connect() as connection, pytest.raises(DataWouldBeDropped):
        downgrade(connection, "base", yes=False)
    assert status(head.url).at_head
    assert downgrade(head.url, "base").after is None


def test_a_downgrade_that_cannot_be_foreseen_needs_a_yes(head: Database, tmp_path: Path) -> None:
    with scripts_in_use(tmp_path / "copy") as scripts:
        scripts.add("asks", "pass", "assert op.get_bind().execute(sa.text('SELECT 1')).scalar() == 1")
        upgrade(head.url)
        with pytest.raises(DataWouldBeDropped, match="061  no preview is possible"):
            downgrade(head.url, "060", yes=False)
        assert status(head.url).revision == "061"
        assert downgrade(head.url, "060").after == "060"


def test_a_downgrade_that_rebuilds_a_table_is_foreseen_like_any(head: Database, tmp_path: Path) -> None:
    down = """
    with ddl.alter_table("users") as batch:
        batch.alter_column("role", existing_type=sa.Text(), nullable=False)
    ddl.drop_columns("061", "users", "note")
    """
    with scripts_in_use(tmp_path / "copy") as scripts:
        scripts.add("note", "ddl.add_columns('061', 'users', sa.Column('note', sa.Text()))", down)
        upgrade(head.url)
        head.execute("INSERT INTO users (username, password_hash, note) VALUES ('me', 'x', 'mine')")
        with pytest.raises(DataWouldBeDropped, match="061  users: values of 1 column in 1 row"):
            downgrade(head.url, "060", yes=False)
        assert downgrade(head.url, "060").after == "060"


def test_ledger_rows_that_were_deleted_by_hand_are_told_and_written_again(head: Database) -> None:
    """The old guide rolled back by deleting them, which left the schema as it was."""
    head.execute("DELETE FROM schema_migrations WHERE migration_id >= 56")
    found = status(head.url)
    assert (found.revision, found.at_head) == ("060", False)
    assert found.missing_in_ledger == ("056", "057", "058", "059", "060")
    assert upgrade(head.url).healed == ("056", "057", "058", "059", "060")
    assert status(head.url).at_head
    numbers = head.rows("SELECT migration_id FROM schema_migrations WHERE migration_id IS NOT NULL ORDER BY 1")
    assert [row[0] for row in numbers] == [int(revision) for revision in revisions()]
