"""Unsafe DDL in a new revision is found before it lands, and the message says what to write instead."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cts_schema.exceptions import DriverMissing
from cts_schema.schema.scripts import script_location
from tests.support.lines import Scripts
from tests.support.program import ROOT
from tools.lint import check
from tools.violations import Violation


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path / "100% copy")


def findings(scripts: Scripts, up: str) -> list[Violation]:
    """Return what is found in a revision that does ``up``."""
    scripts.add("tried", up)
    return check(scripts.folder)


def test_the_revisions_of_the_project_pass() -> None:
    assert check(script_location()) == []


def test_the_revisions_up_to_the_adoption_revision_are_history(scripts: Scripts) -> None:
    first = scripts.folder / "versions" / "060_add_updated_at_triggers.py"
    first.write_text(first.read_text() + "\nwith op.batch_alter_table('orders') as batch:\n    pass\n")
    assert check(scripts.folder) == []


@pytest.mark.parametrize(
    ("bad", "name", "code"),
    [
        (
            "op.create_index('ix_a', 'orders', ['fees', sa.text('price DESC')], unique=True, "
            "postgresql_where='fees > 1')",
            "require-concurrent-index-creation",
            'ddl.create_index_online("ix_a", "orders", ["fees", sa.text("price DESC")], unique=True, where="fees > 1")',
        ),
        (
            "op.drop_index('ix_a', table_name='orders')",
            "require-concurrent-index-deletion",
            'ddl.drop_index_online("ix_a", "orders")',
        ),
        (
            "op.create_foreign_key('fk_a', 'orders', 'users', ['user_id'], ['id'], ondelete='SET NULL')",
            "constraint-missing-not-valid",
            'ddl.add_foreign_key_online("orders", ["user_id"], "users", ["id"], ondelete="SET NULL")',
        ),
        (
            "ddl.replace_checks('orders', add=[('ck_orders_a', 'price > (1)')])",
            "constraint-missing-not-valid",
            'ddl.add_check_online("orders", "ck_orders_a", "price > (1)")',
        ),
        (
            "op.create_unique_constraint('uq_a', 'orders', ['price'])",
            "disallowed-unique-constraint",
            'ddl.create_index_online("uq_a", "orders", ["price"], unique=True)',
        ),
        (
            "op.alter_column('orders', 'price', nullable=False)",
            "adding-not-nullable-field",
            'ddl.set_not_null_online("orders", "price")',
        ),
        (
            "ddl.add_columns('061', 'orders', sa.Column('note', sa.Text(), nullable=False))",
            "adding-required-field",
            'ddl.backfill("orders", {"note": ...}, where="note IS NULL")\nddl.set_not_null_online("orders", "note")',
        ),
        (
            "ddl.add_columns('061', 'orders', sa.Column('token', sa.Text(), server_default=ddl.uuid_text()))",
            "volatile-default",
            "ddl.backfill('orders', {'token': ddl.uuid_text()}, where=\"token IS NULL\")",
        ),
        (
            "ddl.add_columns('061', 'orders', sa.Column('at', sa.Text(), server_default=sa.text('CURRENT_TIMESTAMP')))",
            "volatile-default",
            "ddl.backfill('orders', {'at': sa.text('CURRENT_TIMESTAMP')}, where=\"at IS NULL\")",
        ),
        (
            "ddl.add_columns('061', 'orders', ddl.money('tip'), ddl.timestamp('at', now=True))",
            "volatile-default",
            "ddl.backfill('orders', {'at': sa.text('CURRENT_TIMESTAMP')}, where=\"at IS NULL\")",
        ),
        (
            "ddl.add_columns('061', 'orders', ddl.timestamps())",
            "volatile-default",
            "ddl.backfill('orders', {'created_at': sa.text('CURRENT_TIMESTAMP')}, where=\"created_at IS NULL\")",
        ),
        (
            "with op.batch_alter_table('orders') as b:\n    pass",
            "bare-rebuild",
            "with ddl.alter_table('orders') as batch:",
        ),
        ("op.rename_table('orders', 'deals')", "bare-rename", 'ddl.rename_table("orders", "deals")'),
        (
            "with ddl.alter_table('orders') as batch:\n    batch.alter_column('fees', new_column_name='fee')",
            "bare-rename",
            'ddl.rename_column("orders", "note", ddl.string("remark"))',
        ),
        (
            "from cts_schema.models import Order",
            "live-models",
            'orders = sa.table("orders", sa.column("id"), sa.column("status"))',
        ),
        (
            "from sqlalchemy.orm import Session",
            "live-models",
            'orders = sa.table("orders", sa.column("id"), sa.column("status"))',
        ),
        (
            "op.execute(\"UPDATE orders SET price = '1'::numeric\")",
            "one-dialect",
            "if ddl.on_postgresql():\n    op.execute(\"UPDATE orders SET price = '1'::numeric\")",
        ),
        ("op.drop_column('orders', 'fees')", "drops-values", 'ddl.drop_columns(revision, "orders", "note")'),
        ("op.execute('drop table orders')", "drops-values", 'ddl.drop_table(revision, "notes")'),
        ("op.get_bind().exec_driver_sql('SELECT 1').scalar()", "no-script", ""),
        (
            "op.execute('ALTER TABLE orders ADD n integer')",
            "undeclared",
            'ddl.execute_declared("ALTER TABLE ...", declares=lambda: op.add_column("orders", ...))',
        ),
        (
            "ddl.backfill('orders', {'price': ddl.TO_COMPLETE}, where='price IS NULL')",
            "to-complete",
            'sa.text("connection_id")',
        ),
        (
            "op.drop_column('orders', 'fees')\nddl.backfill('orders', {'price': 1}, where='price IS NULL')",
            "online-too-late",
            "",
        ),
    ],
)
def test_a_hazard_is_found_and_comes_with_code_to_paste(scripts: Scripts, bad: str, name: str, code: str) -> None:
    found = {finding.name: finding for finding in findings(scripts, bad)}
    assert found[name].code == code
    text = str(found[name])
    assert text.startswith("061_tried.py")
    assert "safer: " in text
    assert f"# lint: allow {name} because" in text


@pytest.mark.parametrize(
    "good",
    [
        "ddl.add_columns('061', 'orders', sa.Column('note', sa.Text(), server_default='none', nullable=False))",
        "ddl.create_table('061', 'notes', sa.Column('id', ddl.BigInt(), sa.Identity(), primary_key=True), "
        "sa.Column('user_id', sa.Text(), sa.ForeignKey('users.id'), index=True), "
        "sa.Column('at', ddl.Timestamp(), server_default=sa.text('CURRENT_TIMESTAMP')))",
        "ddl.backfill('orders', {'symbol': 'none', 'price': sa.text('quantity')}, where='symbol IS NULL', pause=0.1)\n"
        "ddl.add_foreign_key_online('orders', ['symbol'], 'trading_pairs', ondelete='CASCADE')\n"
        "ddl.add_check_online('orders', 'ck_orders_a', 'price > 0')\n"
        "ddl.set_not_null_online('orders', 'symbol')\n"
        "ddl.create_index_online('ix_orders_symbol', 'orders', ['symbol'], unique=True, where='price > 0')\n"
        "op.execute(sa.text('UPDATE users SET username = username'))",
        "ddl.drop_index_online('ix_orders_portfolio_id', 'orders')",
        "ddl.drop_table('061', 'data_sync_log')",
        "ddl.add_columns('061', 'orders', sa.Column('flag', sa.Boolean(), server_default=sa.false(), nullable=False))",
        "ddl.add_columns('061', 'orders', sa.Column('how', sa.Text(), server_default='random'))",
        "note = ddl.string('note')\n"
        "ddl.backfill('orders', {'price': 1}, where='price IS NULL')\n"
        "ddl.add_columns('061', 'orders', note, ddl.money('tip', default=0), ddl.timestamp('at'))",
        "if ddl.on_postgresql():\n    op.execute('SELECT 1::text')",
        "with ddl.alter_table('orders') as batch:\n    batch.alter_column('price', server_default='1')",
    ],
)
def test_what_is_safe_passes(scripts: Scripts, good: str) -> None:
    assert findings(scripts, good) == []


def test_a_comment_with_a_reason_allows_a_hazard_and_no_other(scripts: Scripts) -> None:
    up = """
    # lint: allow require-concurrent-index-creation because exchanges has ten rows
    op.create_index('ix_a', 'exchanges', ['name'])
    """
    assert findings(scripts, up) == []
    assert [one.name for one in findings(scripts, f"{up}op.drop_index('ix_b', table_name='users')")] == [
        "require-concurrent-index-deletion"
    ]


def test_a_comment_without_a_reason_is_a_finding(scripts: Scripts) -> None:
    up = "# lint: allow bare-rebuild\nwith op.batch_alter_table('orders') as batch:\n    pass"
    assert [finding.name for finding in findings(scripts, up)] == ["allow-without-reason"]


def test_the_command_exits_with_1_where_there_are_findings_and_with_0_where_there_are_none(scripts: Scripts) -> None:
    program = (
        "import sys; from pathlib import Path; from tools import lint; "
        "lint.script_location = lambda: Path(sys.argv[1]); sys.exit(lint.main())"
    )
    arguments = [sys.executable, "-c", program, str(scripts.folder)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    scripts.add("tried", "with op.batch_alter_table('orders') as batch:\n    pass")
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "061_tried.py:13: bare-rebuild: " in done.stdout


def test_without_squawk_it_says_so(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(DriverMissing, match="squawk") as caught:
        findings(scripts, "pass")
    assert str(caught.value.next_step) == "pip install 'squawk-cli'"
