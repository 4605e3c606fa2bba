"""Positions come with their parents in a fixed number of statements; large collections are never loaded by accident."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, WriteOnlyCollection

from cts_schema.database.engines import create_async_engine
from cts_schema.models import (
    ActiveExchangePosition,
    Base,
    BasePseudoPosition,
    Exchange,
    ExchangeConnection,
    OptimalIndication,
    Portfolio,
    Position,
    Preset,
    PresetConfigurationSet,
    PresetPseudoPosition,
    PseudoPosition,
    RealPseudoPosition,
    SiteLog,
    SystemSetting,
    TradeEngineState,
    TradingPair,
    VolumeConfiguration,
)
from tests.support.databases import Database
from tests.support.statements import count_statements

PRICE: dict[str, Any] = {"entry_price": Decimal(100)}


def connection_of(position: Any) -> str:
    return str(position.connection.name)


def pseudo_parents(position: PseudoPosition) -> tuple[Any, ...]:
    base, chosen = position.base_position, position.configuration_set
    assert base is not None
    assert chosen is not None
    assert base.connection is not None
    return connection_of(position), base.symbol, connection_of(base), chosen.name


def real_parents(position: RealPseudoPosition) -> tuple[Any, ...]:
    pseudo, base = position.pseudo_position, position.base_config
    assert pseudo is not None
    assert pseudo.base_position is not None
    assert base is not None
    assert pseudo in (position.main_config, position.main_position)
    return connection_of(position), connection_of(pseudo), pseudo.base_position.symbol, base.symbol


def live_parents(position: ActiveExchangePosition) -> tuple[Any, ...]:
    main, base = position.main_position, position.base_position
    assert main is not None
    assert main.base_position is not None
    assert base is not None
    return connection_of(position), *real_parents(position.real_position), main.base_position.symbol, base.symbol


def portfolio_parents(position: Position) -> tuple[Any, ...]:
    assert position.portfolio is not None
    assert position.trading_pair is not None
    return position.portfolio.name, position.trading_pair.symbol


def preset_parents(position: PresetPseudoPosition) -> tuple[Any, ...]:
    assert position.preset is not None
    return connection_of(position), position.preset.name


def optimal_parents(indication: OptimalIndication) -> tuple[Any, ...]:
    assert indication.base_position is not None
    return (indication.base_position.symbol,)


WALKS: list[tuple[type[Base], Callable[[Any], tuple[Any, ...]], int]] = [
    (BasePseudoPosition, lambda position: (connection_of(position),), 2),
    (PseudoPosition, pseudo_parents, 2),
    (RealPseudoPosition, real_parents, 2),
    (ActiveExchangePosition, live_parents, 2),
    (PresetPseudoPosition, preset_parents, 2),
    (Position, portfolio_parents, 1),
    (OptimalIndication, optimal_parents, 1),
]
"""A model, a walk over the parents of a row, and the statements that loading and walking any number of rows takes."""


def many_positions(rows: int, parents: int) -> list[Base]:
    """``rows`` rows of each kind of position, over ``parents`` different rows of each kind of parent."""
    connections = [ExchangeConnection(id=f"connection{n}", name=f"connection {n}") for n in range(3)]
    exchange = Exchange(name="binance", display_name="Binance")
    made: list[Base] = [*connections, exchange]
    kinds: dict[str, list[Any]] = {}

    def add(kind: str, make: Callable[[int], Base], count: int) -> None:
        kinds[kind] = [make(n) for n in range(count)]
        made.extend(kinds[kind])

    def parent(kind: str, n: int) -> Any:
        return kinds[kind][n % len(kinds[kind])]

    def of(n: int) -> dict[str, Any]:
        return {"connection": connections[n % parents % 3], "symbol": f"S{n}"}

    add("base", lambda n: BasePseudoPosition(**of(n)), parents)
    add("set", lambda n: PresetConfigurationSet(name=f"set {n}", indication_type="direction"), parents)
    add("preset", lambda n: Preset(name=f"preset {n}"), parents)
    add("portfolio", lambda n: Portfolio(name=f"portfolio {n}"), parents)
    add(
        "pair",
        lambda n: TradingPair(exchange=exchange, symbol=f"S{n}", base_currency="S", quote_currency="USDT"),
        parents,
    )
    add(
        "pseudo",
        lambda n: PseudoPosition(**of(n), **PRICE, base_position=parent("base", n), configuration_set=parent("set", n)),
        rows,
    )
    # Either link of a real position leads to its pseudo position.
    add(
        "real",
        lambda n: RealPseudoPosition(
            **of(n),
            **PRICE,
            quantity=Decimal(1),
            base_config=parent("base", n),
            **{("main_config", "main_position")[n % 2]: parent("pseudo", n)},
        ),
        rows,
    )
    made += [
        ActiveExchangePosition(
            **of(n),
            **PRICE,
            current_price=Decimal(1),
            quantity=Decimal(1),
            volume_usd=Decimal(1),
            side="long",
            trade_mode="main",
            exchange_id=f"x{n}",
            real_position=parent("real", n),
            main_position=parent("pseudo", n),
            base_position=parent("base", n),
        )
        for n in range(rows)
    ]
    made += [PresetPseudoPosition(**of(n), preset=parent("preset", n)) for n in range(rows)]
    made += [
        Position(**PRICE, quantity=Decimal(1), portfolio=parent("portfolio", n), trading_pair=parent("pair", n))
        for n in range(rows)
    ]
    made += [
        OptimalIndication(
            connection_id=connections[n % 3].id,
            symbol=f"S{n}",
            direction="long",
            indication_range=Decimal(3),
            drawdown_ratio=Decimal("0.1"),
            market_change_range=1,
            last_part_ratio=Decimal(1),
            base_position=parent("base", n),
        )
        for n in range(rows)
    ]
    return made


def fill(head: Database, rows: int, parents: int) -> None:
    with Session(head.engine) as session:
        session.add_all(many_positions(rows, parents))
        session.commit()


@pytest.mark.parametrize(("rows", "parents"), [(5, 3), (800, 700)])
def test_positions_and_their_parents_take_as_many_statements_for_many_as_for_few(
    head: Database, rows: int, parents: int
) -> None:
    fill(head, rows, parents)
    for model, walk, expected in WALKS:
        with Session(head.engine) as session, count_statements(head.engine) as statements:
            walked = [walk(row) for row in session.scalars(sa.select(model))]
        assert len(statements) == expected, f"{model.__name__}: {statements[expected - 1 :][:3]}"
        assert len(walked) >= min(rows, parents)


@pytest.mark.parametrize(
    ("kind", "driver"), [("sqlite", "aiosqlite"), ("postgresql", "asyncpg"), ("postgresql", "psycopg")]
)
def test_an_asynchronous_session_walks_them_too(head: Database, driver: str) -> None:
    fill(head, 20, 10)

    async def walk_all() -> None:
        engine = create_async_engine(head.async_url(driver))
        try:
            async with AsyncSession(engine) as session:
                for model, walk, expected in WALKS:
                    session.expunge_all()
                    with count_statements(engine.sync_engine) as statements:
                        walked = [walk(row) for row in await session.scalars(sa.select(model))]
                    assert len(statements) == expected, model
                    assert len(walked) >= 10
        finally:
            await engine.dispose()

    asyncio.run(walk_all())


@pytest.mark.parametrize(("model", "walk", "expected"), WALKS)
def test_no_statement_joins_more_than_eight_tables(model: type[Base], walk: Any, expected: int) -> None:
    assert str(sa.select(model)).count(" JOIN ") <= 7


def test_either_link_of_a_real_position_leads_to_its_pseudo_position(head: Database) -> None:
    with Session(head.engine) as session:
        connection = ExchangeConnection(name="a")
        first, second = (PseudoPosition(connection=connection, symbol=symbol, **PRICE) for symbol in "AB")
        linked: dict[str, dict[str, Any]] = {
            "config": {"main_config": first},
            "position": {"main_position": second},
            "both": {"main_config": first, "main_position": first},
            "neither": {},
        }
        session.add_all(
            RealPseudoPosition(connection=connection, symbol=symbol, quantity=Decimal(1), **PRICE, **links)
            for symbol, links in linked.items()
        )
        session.commit()
        found = session.scalars(sa.select(RealPseudoPosition).order_by(RealPseudoPosition.symbol)).all()
        pseudo = {row.symbol: row.pseudo_position and row.pseudo_position.symbol for row in found}
    assert pseudo == {"both": "A", "config": "A", "neither": None, "position": "B"}


# Large collections.


def test_what_there_is_much_of_is_only_written_and_selected(head: Database) -> None:
    with Session(head.engine) as session:
        connection, portfolio = ExchangeConnection(name="a"), Portfolio(name="a")
        session.add_all([connection, portfolio])
        session.flush()
        for collection in (
            connection.base_positions,
            connection.pseudo_positions,
            connection.real_pseudo_positions,
            connection.exchange_positions,
            portfolio.positions,
        ):
            assert isinstance(collection, WriteOnlyCollection)
            with pytest.raises(TypeError):
                list(collection)
        connection.pseudo_positions.add_all([PseudoPosition(symbol=f"S{n}", **PRICE) for n in range(10)])
        base = BasePseudoPosition(symbol="S", connection=connection)
        base.positions.add(PseudoPosition(symbol="S3", connection=connection, **PRICE))
        session.add(base)
        session.commit()
        some = connection.pseudo_positions.select().where(PseudoPosition.symbol == "S3")
        assert len(session.scalars(some).all()) == 2
        assert session.scalars(base.positions.select()).one().connection is connection


def test_a_write_only_collection_is_not_loaded_by_what_is_done_to_its_parent(head: Database) -> None:
    fill(head, 20, 10)
    with Session(head.engine) as session, count_statements(head.engine) as statements:
        connection = session.scalars(sa.select(ExchangeConnection)).first()
        assert connection is not None
        connection.name = "changed"
        session.commit()
        session.delete(connection)
        session.commit()
    assert not [text for text in statements if "SELECT" in text and "positions" in text]


# Deleting.


def counted(head: Database, *tables: str) -> dict[str, int]:
    return {table: head.value(f"SELECT count(*) FROM {table}") for table in tables}


def test_deleting_a_connection_leaves_its_rows_to_the_database(head: Database) -> None:
    tables = (
        "exchange_connections",
        "base_pseudo_positions",
        "pseudo_positions",
        "real_pseudo_positions",
        "active_exchange_positions",
        "volume_configuration",
        "trade_engine_state",
        "site_logs",
    )
    with Session(head.engine) as session:
        for name in ("gone", "kept"):
            connection = ExchangeConnection(id=name, name=name)
            base = BasePseudoPosition(connection=connection, symbol="S")
            pseudo = PseudoPosition(connection=connection, symbol="S", base_position=base, **PRICE)
            real = RealPseudoPosition(
                connection=connection, symbol="S", quantity=Decimal(1), main_config=pseudo, **PRICE
            )
            live = ActiveExchangePosition(
                connection=connection,
                real_position=real,
                main_position=pseudo,
                exchange_id=name,
                symbol="S",
                side="long",
                trade_mode="main",
                current_price=Decimal(1),
                quantity=Decimal(1),
                volume_usd=Decimal(1),
                **PRICE,
            )
            session.add_all([live, VolumeConfiguration(connection=connection), TradeEngineState(connection=connection)])
            session.add(SiteLog(message="a line", connection_id=name))
        session.commit()

    with Session(head.engine) as session:
        connection = session.get_one(ExchangeConnection, "gone")
        # Loaded or not, the children are the database's affair.
        assert connection.engine_state is not None
        assert connection.volume_configuration is not None
        session.scalars(connection.pseudo_positions.select()).all()
        with count_statements(head.engine) as statements:
            session.delete(connection)
            session.commit()
    assert [text.split()[0] for text in statements] == ["DELETE"]
    assert counted(head, *tables) == dict.fromkeys(tables, 1) | {"site_logs": 2}


def test_deleting_a_user_portfolio_or_preset_writes_no_null_into_its_children(head: Database) -> None:
    fill(head, 5, 3)
    with Session(head.engine) as session:
        for model in (Portfolio, Preset, Exchange, BasePseudoPosition):
            row = session.scalars(sa.select(model)).first()
            with count_statements(head.engine) as statements:
                session.delete(row)
                session.commit()
            assert not [text for text in statements if text.startswith("UPDATE")], model
    assert head.rows("SELECT count(*) FROM positions WHERE portfolio_id IS NULL") == [(0,)]


def test_a_live_position_keeps_its_real_position_from_being_deleted(head: Database) -> None:
    fill(head, 5, 3)
    with Session(head.engine) as session:
        live = session.scalars(sa.select(ActiveExchangePosition)).first()
        assert live is not None
        session.delete(live.real_position)
        with pytest.raises(sa.exc.IntegrityError, match=r"(?i)foreign key"):
            session.flush()


# updated_at.


def test_updated_at_is_read_again_after_a_change(head: Database) -> None:
    with Session(head.engine, expire_on_commit=False) as session:
        setting = SystemSetting(key="a", value="1")
        session.add(setting)
        session.commit()
        first = setting.updated_at
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)

        setting.updated_at = long_ago
        session.commit()
        assert setting.updated_at == long_ago  # what the statement sets itself stays

        setting.value = "2"
        session.flush()
        assert setting.updated_at >= first
        assert datetime.now(UTC) - setting.updated_at < timedelta(minutes=1)
        session.commit()
    assert head.value("SELECT count(*) FROM system_settings WHERE updated_at > '2020-01-02'") > 0


def test_updated_at_of_many_rows_changed_at_once_is_read_again(head: Database) -> None:
    with Session(head.engine) as session:
        settings = [
            SystemSetting(key=f"key{n}", value="1", updated_at=datetime(2020, 1, 1, tzinfo=UTC)) for n in range(5)
        ]
        session.add_all(settings)
        session.commit()
        session.execute(sa.update(SystemSetting).where(SystemSetting.key.startswith("key")).values(value="2"))
        session.commit()
        assert all(setting.updated_at.year > 2020 for setting in settings)
