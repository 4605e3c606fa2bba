"""A model is changed, Alembic writes the revision, and the revision runs on both databases with rows in the tables."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from cts_schema import downgrade
from cts_schema.authoring.docstring import REASON
from cts_schema.authoring.files import require_free, require_line
from cts_schema.exceptions import SchemaError, WrongUsage
from tests.support.databases import Database
from tests.support.drift import differences
from tests.support.lines import Scripts
from tests.support.program import alembic, run
from tests.support.project import Project
from tools.lint import check as lint

UNREACHABLE = "postgresql://nobody:secret@127.0.0.1:1/nothing"
CONNECTION = "00000000-0000-0000-0000-0000000000c1"


def grow(project: Project) -> None:
    """Everything that may be added."""
    imports = "import sqlalchemy as sa\n"
    project.replace("market.py", imports, f"{imports}from cts_schema.models.base import JsonObject\n")
    project.replace("market.py", "import BarInterval", "import BarInterval, Direction")
    pair = ("market.py", "TradingPair")
    project.define(*pair, "note", "Mapped[str | None]")
    project.define(*pair, "rank", "Mapped[int] = mapped_column(server_default=sa.text('5'))")
    project.define(*pair, "is_risky", "Mapped[bool] = mapped_column(server_default=TRUE)")
    project.define(*pair, "mood", "Mapped[Direction] = mapped_column(server_default='long')")
    project.define(*pair, "details", "Mapped[JsonObject] = mapped_column(server_default='{}')")
    project.define(
        *pair,
        "owner_id",
        "Mapped[str | None] = mapped_column(sa.ForeignKey('users.id', ondelete='SET NULL'), index=True)",
    )
    project.define(
        *pair,
        "size_class",
        "Mapped[int] = mapped_column(sa.CheckConstraint('size_class IN (1, 2)', name='size_class'), "
        "server_default=sa.text('1'))",
    )
    project.arguments(*pair, "sa.UniqueConstraint('base_currency', 'quote_currency', 'symbol')")
    # Defaults that are no constants: SQLite must rebuild a table that others refer to ON DELETE CASCADE.
    project.replace("core.py", imports, f"{imports}from cts_schema.ddl import uuid_text\n")
    project.define("core.py", "Exchange", "token", "Mapped[str] = mapped_column(server_default=uuid_text())")
    project.define("core.py", "Exchange", "seen_at", "Mapped[datetime] = mapped_column(server_default=NOW)")
    project.define("core.py", "Exchange", "role", "Mapped[UserRole] = mapped_column(server_default='user')")
    project.define("core.py", "Exchange", "is_mine", "Mapped[bool | None]")
    project.define(
        "core.py", "Exchange", "owner_id", "Mapped[str | None] = mapped_column(sa.ForeignKey('users.id'), index=True)"
    )
    # A trigger comes with the column it keeps.
    project.define("core.py", "SiteLog", "updated_at", "Mapped[datetime] = mapped_column(server_default=NOW)")
    project.replace("enums.py", 'Literal["user", "admin"]', 'Literal["user", "admin", "guest"]')
    project.replace("enums.py", '"manual_close",', '"manual_close",\n    "expired",')
    project.append(
        "core.py",
        '''

class RiskNote(Timestamps, Base):
    """A remark on a connection."""

    __tablename__ = "risk_notes"
    __table_args__ = (
        sa.UniqueConstraint("connection_id", "symbol"),
        sa.CheckConstraint("score >= 0 AND score <= 100", name="score"),
        sa.Index(
            "ix_risk_notes_open",
            "symbol",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        ),
    )

    id: Mapped[LogId]
    connection_id: Mapped[str] = mapped_column(sa.ForeignKey("exchange_connections.id", ondelete="CASCADE"))
    symbol: Mapped[str]
    level: Mapped[UserRole] = mapped_column(server_default="user")
    score: Mapped[int] = mapped_column(
        sa.CheckConstraint("score <> 13", name="unlucky"), server_default=sa.text("0")
    )
    amount: Mapped[Money | None]
    is_open: Mapped[bool] = mapped_column(server_default=TRUE)
    payload: Mapped[JsonObject] = mapped_column(server_default="{}")
    seen: Mapped[BigCount | None]
    weight: Mapped[float | None]
    closed_at: Mapped[datetime | None]


sa.Index(None, RiskNote.symbol, RiskNote.created_at.desc())
''',
    )


def change(project: Project) -> None:
    """Everything that may be changed or dropped."""
    pair = ("market.py", "TradingPair")
    project.define(*pair, "max_order_size", None)
    project.define(*pair, "quote_currency", "Mapped[str | None]")
    project.define(*pair, "price_precision", "Mapped[int] = mapped_column(server_default=sa.text('9'))")
    project.arguments(*pair, without="sa.Index(None, 'symbol', 'is_active')")
    position = ("trading.py", "Position")
    project.define(*position, "leverage", "Mapped[Money] = mapped_column(server_default=sa.text('1.0'))")
    project.define(*position, "position_type", "Mapped[Direction]")
    # Columns of every kind go: with a foreign key and an index, with a CHECK, with a trigger, of a type that SQLite
    # does not tell from text.
    order = ("trading.py", "Order")
    for gone in ("portfolio_id", "time_in_force", "updated_at", "executed_at", "price"):
        project.define(*order, gone, None)
    project.arguments(*order, "sa.Index(None, 'symbol')", without="sa.Index(None, 'portfolio_id')")
    project.define("core.py", "SiteLog", "metadata_", None)
    project.define("core.py", "DataCleanupLog", "records_cleaned", None)
    project.define("core.py", "VolumeConfiguration", "base_volume_factor", None)


SCENARIOS: dict[str, Callable[[Project], None]] = {"grow": grow, "change": change}


@dataclass
class Generated:
    """A copy whose models are changed, with the revision that was generated for them."""

    name: str
    project: Project
    text: str
    told: str


@pytest.fixture(scope="module", params=SCENARIOS)
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    project = Project(tmp_path_factory.mktemp(request.param) / "project")
    SCENARIOS[request.param](project)
    told = project.alembic("revision --autogenerate -m 'add risk notes'", url=UNREACHABLE)
    assert project.new_revisions() == ["061_add_risk_notes.py"]
    file = project.versions / "061_add_risk_notes.py"
    file.write_text(file.read_text().replace("ddl.TO_COMPLETE", '"long"'))
    return Generated(request.param, project, file.read_text(), told)


def test_the_terminal_tells_each_difference_the_file_and_the_next_command(generated: Generated) -> None:
    lines = generated.told.splitlines()
    found = {"grow": "added column trading_pairs.note", "change": "removed column orders.portfolio_id"}
    assert found[generated.name] in lines
    assert sum("061_add_risk_notes.py ..." in line for line in lines) == 1
    step = {"grow": "read", "change": "write the values in place of ddl.TO_COMPLETE in"}[generated.name]
    assert re.fullmatch(rf"next: {step} .*061_add_risk_notes\.py, then: alembic upgrade head", lines[-1])


def test_a_generated_file_is_clean_and_in_the_words_of_the_project(generated: Generated) -> None:
    for command in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy", "--follow-imports=skip"]):
        done = generated.project.python("-m", *command, "alembic/versions/061_add_risk_notes.py")
        assert done.code == 0, done.out + done.err
    text = generated.text
    assert text.startswith(f'"""Add risk notes.\n\nWhy         {REASON}.\nPostgreSQL  ')
    assert 'revision = "061"\ndown_revision = "060"\n' in text
    # What Alembic would write for one database only, or what would lose rows.
    foreign = re.findall(
        r"postgresql\.|sqlite\.|op\.(?:add_column|drop_column|create_table|drop_table|batch_\w+)", text
    )
    assert foreign == []
    assert re.findall(r"sa\.(?:NUMERIC|TEXT|INTEGER|BOOLEAN|TIMESTAMP|BIGINT)", text) == []


ROWS = (
    "INSERT INTO users (id, username, password_hash) VALUES ('u1', 'ann', 'x')",
    "INSERT INTO exchanges (id, name, display_name) VALUES ('e1', 'binance', 'Binance'), ('e2', 'okx', 'OKX')",
    f"INSERT INTO exchange_connections (id, name) VALUES ('{CONNECTION}', 'main')",
    "INSERT INTO trading_pairs (id, exchange_id, symbol, base_currency, quote_currency, max_order_size) VALUES "
    "('p1', 'e1', 'BTCUSDT', 'BTC', 'USDT', 1234.56789), ('p2', 'e2', 'ETHUSDT', 'ETH', 'USDT', NULL)",
    "INSERT INTO market_data (trading_pair_id, price) VALUES ('p1', 1.5), ('p2', 2.5)",
    "INSERT INTO portfolios (id, user_id, name) VALUES ('f1', 'u1', 'first')",
    "INSERT INTO positions (id, portfolio_id, trading_pair_id, position_type, entry_price, quantity, leverage) "
    "VALUES ('o1', 'f1', 'p1', 'long', 1, 2, 12.3456)",
    "INSERT INTO orders (id, user_id, portfolio_id, trading_pair_id, quantity, price, time_in_force, executed_at, "
    "updated_at) VALUES ('r1', 'u1', 'f1', 'p1', 1, 99.5, 'IOC', '2026-01-02 03:04:05', '2026-01-02 03:04:06'), "
    "('r2', 'u1', NULL, 'p1', 1, NULL, 'FOK', NULL, '2026-01-02 03:04:07')",
    """INSERT INTO site_logs (message, metadata) VALUES ('one', '{"a": 1}'), ('two', NULL)""",
    "INSERT INTO data_cleanup_log (cleanup_type, records_cleaned) VALUES ('market_data', 5000000000)",
    f"INSERT INTO volume_configuration (id, connection_id, base_volume_factor) VALUES ('v1', '{CONNECTION}', 2.5)",
)
TOUCHED = (
    "users",
    "exchanges",
    "trading_pairs",
    "market_data",
    "positions",
    "orders",
    "site_logs",
    "data_cleanup_log",
    "volume_configuration",
)


FILLED = {
    "grow": (
        "UPDATE trading_pairs SET note = 'x', rank = 7, is_risky = false, mood = 'short', owner_id = 'u1'",
        "UPDATE exchanges SET role = 'guest', is_mine = true, owner_id = 'u1' WHERE id = 'e1'",
        f"INSERT INTO risk_notes (connection_id, symbol, level, amount) VALUES ('{CONNECTION}', 'BTC', 'guest', 0.01)",
    ),
    "change": ("UPDATE trading_pairs SET base_currency = 'XBT' WHERE id = 'p1'",),
}


def contents(database: Database) -> dict[str, list[dict[str, object]]]:
    """Return the rows of the touched tables, by table, whatever the order of their columns."""
    found = {}
    with database.engine.connect() as connection:
        for table in sorted({*TOUCHED, "risk_notes"} & database.tables()):
            where = "WHERE category <> 'migration'" if table == "site_logs" else ""  # the lines of the runs
            rows = connection.exec_driver_sql(f"SELECT * FROM {table} {where} ORDER BY id")
            names = list(rows.keys())
            found[table] = [dict(sorted(zip(names, row, strict=True))) for row in rows]
    return found


def test_a_generated_revision_runs_up_down_and_up_with_rows_in_the_tables(generated: Generated, head: Database) -> None:
    project = generated.project
    for statement in ROWS:
        head.execute(statement)
    before = contents(head)

    assert "061 (head)" in project.alembic("upgrade head", "check", url=head.url)
    now = contents(head)
    for table, rows in before.items():
        for row, old in zip(now[table], rows, strict=True):
            common = row.keys() & old.keys()
            assert {name: row[name] for name in common} == {name: old[name] for name in common}

    project.alembic("-x yes downgrade 060", url=head.url)
    assert contents(head) == before
    assert differences(head) == []

    project.alembic("upgrade head", url=head.url)
    for statement in FILLED[generated.name]:
        head.execute(statement)
    filled = contents(head)
    project.alembic("-x yes downgrade 060", "upgrade head", "check", url=head.url)
    assert contents(head) == filled
    assert head.value("SELECT migration_name FROM schema_migrations WHERE migration_id = 61") == "add_risk_notes"


def test_a_new_index_has_its_order_and_its_condition_on_both(head: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    grow(project)
    project.alembic("revision --autogenerate -m indexes", "upgrade head", url=head.url)
    column = "sql" if head.kind == "sqlite" else "pg_get_indexdef(i.oid)"
    source = "sqlite_master i" if head.kind == "sqlite" else "pg_class i"
    name = "name" if head.kind == "sqlite" else "relname"
    query = f"SELECT {column} FROM {source} WHERE i.{name} = :name"
    assert "created_at DESC" in head.value(query, {"name": "ix_risk_notes_symbol_created_at"})
    assert re.search(r"WHERE \(?closed_at IS NULL", head.value(query, {"name": "ix_risk_notes_open"}))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def test_a_revision_without_autogenerate_needs_no_database_and_takes_the_next_number(
    project: Project, tmp_path: Path
) -> None:
    odd = r"""Größe: 100% of C:\\temp, \"quoted\"..."""
    project.alembic(
        "revision -m 'clean up'",
        f'revision -m "{odd}"',
        "revision -m 'far ahead' --rev-id 070",
        f"revision -m '{'a very long message ' * 10}'",
        url=UNREACHABLE,
    )
    assert project.new_revisions() == [
        "061_clean_up.py",
        "062_grosse_100_of_c_temp_quoted.py",
        "070_far_ahead.py",
        "071_a_very_long_message_a_very_long_message_a_very_long_message.py",
    ]
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        done = project.python("-m", *command, "alembic/versions")
        assert done.code == 0, done.out + done.err
    with Database(sa.make_url(f"sqlite:///{tmp_path / 'cts.db'}")) as made:
        project.alembic("upgrade head", "check", "-x yes downgrade 060", "upgrade head", url=made.url)
        rows = made.rows(
            "SELECT migration_id, migration_name FROM schema_migrations WHERE migration_id > 60 ORDER BY 1"
        )
    assert [row[0] for row in rows] == [61, 62, 70, 71]
    assert rows[1] == (62, "grosse_100_of_c_temp_quoted")


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("revision", "-m"),
        ("revision --autogenerate", "-m"),
        ("revision -m '???'", "-m"),
        ("revision -m again --rev-id 060", "--rev-id 060"),
        ("revision -m again --rev-id abc", "--rev-id abc"),
    ],
)
def test_a_revision_that_the_ledger_could_not_show_is_refused(project: Project, command: str, named: str) -> None:
    done = project.try_alembic(command, url=UNREACHABLE)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert named in done.err
    assert "Traceback" not in done.err
    assert "secret" not in done.err
    assert project.new_revisions() == []


def test_without_ruff_the_revision_is_written_and_says_so(project: Project) -> None:
    without = (
        "import sys; sys.modules['ruff'] = None; from alembic.config import main; main(['revision', '-m', 'plain'])"
    )
    done = project.python("-c", without, url=UNREACHABLE)
    assert done.code == 0, done.err
    assert "ruff is not installed" in done.err
    assert project.new_revisions() == ["061_plain.py"]


def test_if_nothing_has_changed_no_file_is_written(project: Project) -> None:
    told = project.alembic("revision --autogenerate -m nothing", url=UNREACHABLE)
    assert told == "nothing to write: the revisions make what the models describe\n"
    assert project.new_revisions() == []


def test_a_check_says_which_of_models_revisions_and_database_differ(project: Project, head: Database) -> None:
    project.define("market.py", "TradingPair", "note", "Mapped[str | None]")
    head.execute("DROP INDEX ix_orders_portfolio_id")
    done = project.try_alembic("check", url=head.url)
    assert done.code == 255
    first, second, _ = done.out.splitlines()[:3]
    assert first == "models and revisions: added column trading_pairs.note in the models"
    assert second.startswith("database and revisions: index orders.ix_orders_portfolio_id is missing in the database")


def without_leftovers(project: Project) -> None:
    project.remove("core.py", "AdoptionLeftover")
    project.replace("__init__.py", "    AdoptionLeftover,\n", "")
    project.replace("__init__.py", '    "AdoptionLeftover",\n', "")


def test_a_table_whose_model_is_gone_is_told_and_left_to_its_rows(project: Project, head: Database) -> None:
    """It becomes unmanaged: dropping it takes a revision that says so."""
    without_leftovers(project)
    told = project.alembic("revision --autogenerate -m gone", "check", url=head.url)
    assert "no model has the table adoption_leftovers, which stays" in told
    assert "-x drop=adoption_leftovers" in told
    assert "No new upgrade operations" in told
    assert project.new_revisions() == []


def test_a_table_whose_model_is_gone_is_dropped_on_demand_and_keeps_its_rows(project: Project, head: Database) -> None:
    without_leftovers(project)
    head.execute("INSERT INTO adoption_leftovers (table_name, reason, payload) VALUES ('orders', 'check', '{}')")
    project.alembic("-x drop=adoption_leftovers revision --autogenerate -m gone", "upgrade head", "check", url=head.url)
    assert "adoption_leftovers" not in head.tables()
    assert head.rows("SELECT table_name FROM cts_kept_061_adoption_leftovers") == [("orders",)]
    project.alembic("-x yes downgrade 060", url=head.url)
    assert head.rows("SELECT table_name FROM adoption_leftovers") == [("orders",)]
    assert differences(head) == []


@pytest.mark.parametrize(("table", "why"), [("orders", "a model has this table"), ("nothing", "no revision creates")])
def test_only_a_table_of_a_revision_without_a_model_is_dropped(project: Project, table: str, why: str) -> None:
    done = project.try_alembic(f"-x drop={table} revision --autogenerate -m gone", url=UNREACHABLE)
    assert done.code == 2
    assert why in done.err
    assert project.new_revisions() == []


def test_a_change_that_cannot_be_carried_is_told_with_what_to_do(project: Project) -> None:
    project.define("market.py", "TradingPair", "mood", "Mapped[str] = mapped_column(sa.Enum('a', 'b', name='mood'))")
    done = project.try_alembic("revision --autogenerate -m mood", url=UNREACHABLE)
    assert done.code == 2
    assert "trading_pairs.mood" in done.err
    assert "use Literal" in done.err
    assert "Traceback" not in done.err
    assert project.new_revisions() == []


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        ("class (:", "SyntaxError: invalid syntax"),
        ("x = nothing", "NameError: name 'nothing' is not defined"),
        (
            "class C(Base):\n    __tablename__ = 'c'\n"
            "    id: Mapped[str] = mapped_column(sa.ForeignKey('d.id'), primary_key=True)",
            "NoReferencedTableError",
        ),
    ],
)
def test_models_that_cannot_be_loaded_are_told_with_their_place(project: Project, broken: str, cause: str) -> None:
    project.append("trading.py", f"\n{broken}\n")
    lines = (project.root / "cts_schema/models/trading.py").read_text().count("\n")
    done = project.try_alembic("revision --autogenerate -m other", url=UNREACHABLE)
    assert done.code == 2, done.err
    assert done.err.startswith("error: the models cannot be loaded; nothing was compared or written")
    assert cause in done.err
    assert "Traceback" not in done.err
    if "Referenced" not in cause:
        assert f"trading.py:{lines}" in done.err


@pytest.mark.parametrize("command", ["revision --autogenerate -m other", "upgrade head"])
def test_a_revision_that_cannot_be_loaded_is_told_with_its_place(project: Project, command: str) -> None:
    (project.versions / "061_odd.py").write_text('revision = "061"\ndown_revision = "060"\nclass (:\n')
    done = project.try_alembic(command, url=UNREACHABLE)
    assert done.code == 2, done.err
    assert done.err.startswith("error: a revision cannot be loaded; nothing was done")
    assert "061_odd.py:3" in done.err
    assert "Traceback" not in done.err


def test_a_revision_that_fails_when_it_is_replayed_is_told_with_its_place(project: Project) -> None:
    text = 'revision = "061"\ndown_revision = "060"\ndef upgrade():\n    nothing()\ndef downgrade():\n    pass\n'
    (project.versions / "061_odd.py").write_text(text)
    done = project.try_alembic("revision --autogenerate -m other", url=UNREACHABLE)
    assert (done.code, "061_odd.py:4" in done.err, "NameError" in done.err) == (2, True, True), done.err


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("061_two.py", 'revision = "061"\ndown_revision = "060"\n', "two scripts have the same number"),
        ("062_two.py", 'revision = "062"\ndown_revision = "060"\n', "two revisions follow the same one"),
        ("063_two.py", 'revision = "062"\ndown_revision = "061"\n', "must begin with its number"),
    ],
)
def test_revisions_that_are_no_line_are_told(tmp_path: Path, name: str, text: str, cause: str) -> None:
    script = ScriptDirectory(str(Scripts(tmp_path / "copy").folder))
    (Path(script.versions) / "061_one.py").write_text('revision = "061"\ndown_revision = "060"\n')
    (Path(script.versions) / name).write_text(text)
    with pytest.raises(SchemaError, match=cause):
        require_line(script)


def test_a_folder_that_cannot_be_written_is_told(project: Project) -> None:
    project.define("market.py", "TradingPair", "note", "Mapped[str | None]")
    project.versions.chmod(0o555)
    for command in ("revision --autogenerate -m other", "revision -m other"):
        done = run(sys.executable, "-m", "alembic", *command.split(), cwd=project.root, restrained=True)
        assert done.code == 2, done.err
        assert "the folder of the revisions cannot be written" in done.err
    done = run(sys.executable, "-m", "alembic", "check", cwd=project.root, url="sqlite://", restrained=True)
    assert "does not have all revisions" in done.err, done.err  # it needs to write nothing
    project.versions.chmod(0o755)


def test_a_number_that_was_taken_meanwhile_is_told(tmp_path: Path) -> None:
    script = ScriptDirectory(str(Scripts(tmp_path / "copy").folder))
    (Path(script.versions) / "061_other.py").write_text("")
    with pytest.raises(WrongUsage, match="somebody else has written"):
        require_free(script, "061")


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_check_compares_the_comments_of_the_models_and_no_others(project: Project, head: Database) -> None:
    project.define("market.py", "TradingPair", "note", "Mapped[str | None] = mapped_column(comment='why')")
    project.alembic("revision --autogenerate -m note", "upgrade head", url=head.url)
    head.execute("COMMENT ON COLUMN orders.symbol IS 'mine'")
    assert project.try_alembic("check", url=head.url).code == 0
    head.execute("COMMENT ON COLUMN trading_pairs.note IS NULL")
    done = project.try_alembic("check", url=head.url)
    assert done.code == 255
    assert "database and revisions: comment of trading_pairs.note is None in the database, not 'why'" in done.out


def test_a_check_of_a_database_without_all_revisions_says_what_to_do(head: Database) -> None:
    downgrade(head.engine, "059")
    done = alembic("check", url=head.url)
    assert done.code == 1
    assert "the database does not have all revisions, so it is not compared" in done.err
    assert "alembic upgrade head" in done.err


def rename_note(project: Project) -> None:
    project.define("trading.py", "Portfolio", "name", None)
    project.define("trading.py", "Portfolio", "title", "Mapped[str] = mapped_column()")


def rename_leftovers(project: Project) -> None:
    project.replace("core.py", '__tablename__ = "adoption_leftovers"', '__tablename__ = "leftovers"')


@pytest.mark.parametrize(
    ("change", "answer", "operation"),
    [
        (rename_note, "y", 'ddl.rename_column("portfolios"'),
        (rename_note, "n", "# Was name renamed to title?"),
        (rename_leftovers, "y", 'ddl.rename_table("adoption_leftovers", "leftovers")'),
        (rename_leftovers, "\x04", "# Was adoption_leftovers renamed to leftovers?"),
    ],
)
def test_at_a_terminal_it_asks_what_was_renamed(
    project: Project, change: Callable[[Project], None], answer: str, operation: str
) -> None:
    change(project)
    told = project.alembic_at_a_terminal("revision --autogenerate -m other", f"{answer}\n")
    asked = "Was the column name of portfolios renamed to title, and keeps its values? [y/N]"
    if change is rename_leftovers:
        asked = "Was the table adoption_leftovers renamed to leftovers, and keeps its rows? [y/N]"
    assert asked in told
    text = (project.versions / "061_other.py").read_text()
    assert re.sub(r"\s+", "", operation) in re.sub(r"\s+", "", text)
    assert "###" not in text


def test_a_column_that_was_renamed_by_an_option_keeps_its_values(project: Project, head: Database) -> None:
    rename_note(project)
    head.execute(ROWS[0])
    head.execute("INSERT INTO portfolios (id, user_id, name) VALUES ('f1', 'u1', 'first')")
    project.alembic(
        "-x rename=portfolios.name:title revision --autogenerate -m title", "upgrade head", "check", url=head.url
    )
    assert head.rows("SELECT title FROM portfolios") == [("first",)]
    assert [one.name for one in lint(project.root / "alembic")] == ["no-reason"]
    project.alembic("downgrade 060", url=head.url)
    assert head.rows("SELECT name FROM portfolios") == [("first",)]
    assert differences(head) == []


DRIFT = {
    "sqlite": [
        "DROP INDEX ix_portfolios_user_id_created_at",
        "ALTER TABLE users ADD COLUMN nickname TEXT",
        "ALTER TABLE users DROP COLUMN api_secret",
        "DROP TRIGGER trg_users_updated_at",
        "CREATE INDEX mine ON users (created_at)",
        "DROP TABLE archived_market_data",
    ],
    "postgresql": [
        "DROP INDEX ix_portfolios_user_id_created_at",
        "ALTER TABLE users ADD COLUMN nickname TEXT",
        "ALTER TABLE users DROP COLUMN api_secret",
        "DROP TRIGGER trg_users_updated_at ON users",
        "CREATE INDEX mine ON users (created_at)",
        "DROP TABLE archived_market_data",
        "ALTER TABLE users DROP CONSTRAINT ck_users_role",
        "ALTER TABLE orders DROP CONSTRAINT fk_orders_user_id",
        "ALTER TABLE users ALTER COLUMN username DROP NOT NULL",
        "ALTER TABLE users ALTER COLUMN role SET DEFAULT 'admin'",
        "ALTER TABLE users DROP CONSTRAINT uq_users_email",
    ],
}


def test_a_revision_against_a_database_carries_that_over_into_the_models(head: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    for statement in DRIFT[head.kind]:
        head.execute(statement)
    project.alembic("-x against=database revision --autogenerate -m drift", url=head.url)
    (file,) = project.versions.glob("061_*.py")
    file.write_text(file.read_text().replace("ddl.TO_COMPLETE", 'sa.text("id")'))
    project.alembic("upgrade head", url=head.url)
    found = json.loads(project.python("-m", "cts_schema", "check", "--json", url=head.url).out)
    assert [one for one in found["findings"] if one["severity"] != "info"] == []
    assert [one["where"] for one in found["findings"] if one["code"] == "extra-index"] == ["users.mine"]


@pytest.mark.parametrize(
    "column",
    [
        f"{'long' * 16}: Mapped[str | None] = mapped_column()",
        f'short: Mapped[str | None] = mapped_column("{"ü" * 32}")',
    ],
)
def test_a_name_that_postgresql_would_cut_off_is_refused(tmp_path: Path, column: str) -> None:
    project = Project(tmp_path / "project")
    project.replace("trading.py", "    total_value: Mapped[Money]", f"    {column}\n    total_value: Mapped[Money]")
    found = project.try_alembic("revision --autogenerate -m long", url="sqlite://")
    assert found.code == 2, found
    assert "Traceback" not in found.err
    assert "at most 63 bytes, and not 64" in found.err
    assert [file.name for file in project.versions.glob("061*")] == []


def test_against_what_is_no_database_or_not_at_head_is_refused(head: Database, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    found = project.try_alembic("-x against=models revision --autogenerate -m drift", url=head.url)
    assert (found.code, "against=models" in found.err) == (2, True)
    downgrade(head.engine, "059")
    found = project.try_alembic("-x against=database revision --autogenerate -m drift", url=head.url)
    assert found.code == 1
    assert "revision   059, and the newest is 060" in found.err
    assert "alembic upgrade head" in found.err
