"""The models keep their own rules, and both databases keep those of the models."""

from __future__ import annotations

import asyncio
import re
import secrets
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session

from cts_schema import models
from cts_schema.database.engines import create_async_engine
from cts_schema.ddl import MAX_IDENTIFIER, BigInt, ExactNumeric, Json, TextEnum, shorten, trigger_name
from cts_schema.managed import managed_tables
from cts_schema.models import ArchivedMarketData, Base, ExchangeConnection, MarketData, User, enums
from tests.support.databases import Database
from tests.support.minimal import insert_minimal

TABLES = Base.metadata.sorted_tables
COLUMNS = [column for table in TABLES for column in table.columns]
MAPPERS: list[Mapper[Any]] = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
DIALECTS = [sa.make_url(url).get_dialect()() for url in ("sqlite://", "postgresql+psycopg://")]

only_sqlite = pytest.mark.parametrize("kind", ["sqlite"])


def of_type(*types: type) -> list[sa.Column[Any]]:
    return [column for column in COLUMNS if isinstance(column.type, types)]


def names_of(columns: Any) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def keys_of(table: sa.Table) -> list[tuple[str, ...]]:
    """The columns of the primary key, of each unique constraint and of each index."""
    unique = [names_of(item.columns) for item in table.constraints if isinstance(item, sa.UniqueConstraint)]
    return [names_of(table.primary_key.columns), *unique, *(names_of(index.columns) for index in table.indexes)]


# What the schema consists of.


def test_there_are_41_tables() -> None:
    assert len(TABLES) == 41


def test_the_names_of_the_managed_tables_are_known_without_the_models() -> None:
    assert managed_tables() == Base.metadata.tables.keys()


def test_every_model_is_exported() -> None:
    assert sorted(models.__all__) == models.__all__
    assert set(models.__all__) == {mapper.class_.__name__ for mapper in MAPPERS} | {"Base"}


def test_tables_come_after_those_they_refer_to() -> None:
    created: set[str] = set()
    for table in TABLES:
        parents = {key.column.table.name for key in table.foreign_keys} - {table.name}
        assert parents <= created, table.name
        created.add(table.name)


def test_what_has_updated_at_has_the_trigger_and_nothing_else_has() -> None:
    for table in TABLES:
        assert bool(table.info.get("updated_at_trigger")) == ("updated_at" in table.columns), table.name


def test_every_time_is_utc() -> None:
    assert [column for column in COLUMNS if isinstance(column.type, sa.DateTime | sa.Time)] == []


# Keys, indexes, names.


def test_every_foreign_key_is_indexed() -> None:
    for table in TABLES:
        for constraint in table.foreign_key_constraints:
            columns = names_of(constraint.columns)
            assert any(key[: len(columns)] == columns for key in keys_of(table)), f"{table.name} {columns}"


def test_every_foreign_key_refers_to_a_primary_key_of_the_same_type() -> None:
    for dialect in DIALECTS:
        for column in COLUMNS:
            for key in column.foreign_keys:
                assert key.column.primary_key, column
                assert column.type.compile(dialect) == key.column.type.compile(dialect), column


def test_no_index_is_the_beginning_of_another() -> None:
    for table in TABLES:
        keys = keys_of(table)
        assert len(set(keys)) == len(keys), table.name
        for index in table.indexes:
            short = names_of(index.columns)
            longer = [key for key in keys if key != short and key[: len(short)] == short]
            assert not longer, f"{index.name} is the beginning of {longer}"


def all_names() -> Iterator[str]:
    for table in TABLES:
        yield table.name
        yield from (str(index.name) for index in table.indexes)
        yield from (str(item.name) for item in table.constraints)
        checks = [item for column in table.columns for item in column.constraints]
        yield from (str(item.name) for item in checks if isinstance(item, sa.CheckConstraint))
        if table.info.get("updated_at_trigger"):
            yield trigger_name(table.name)


def test_every_name_is_its_own_and_fits_into_postgresql() -> None:
    names = Counter(all_names())
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if len(name.encode()) > MAX_IDENTIFIER] == []
    assert "None" not in names


def test_a_long_name_is_cut_within_its_63_bytes_and_stays_its_own() -> None:
    assert shorten("ix_" + "a" * 60) == "ix_" + "a" * 60
    long = {shorten("ix_" + "a" * 70), shorten("ix_" + "a" * 71), shorten("ix_" + "ü" * 40), shorten("ixx" + "ü" * 40)}
    assert len(long) == 4
    assert all(len(name.encode()) <= MAX_IDENTIFIER for name in long)


# What a reader is told.

# A number is understood when its name holds one of these words: its unit, or what it counts.
UNITS = re.compile(
    r"(^|_)(ms|seconds|minutes|hours|days|48h|usd|percent|percentage|ratio|factor|rate|leverage"
    r"|counts?\d?|positions|trades|records|symbols|checks)(_|$)"
)
# An amount of money or a quantity, see Money.
AMOUNTS = re.compile(
    r"(^|_)(price|quantity|volume|pnl|profit|loss|win|fees|cost|value|balance|size|bid|ask|open|high|low|close|usd)(_|$)"
)
PRICE_LEVELS = {"take_profit", "takeprofit", "stop_loss", "stoploss"}
# A text with such a name holds a word of a list, or has a form that must be known.
LISTS = re.compile(
    r"(^|_)(type|status|state|health|reason|timeframe|interval|trend|range|category|subcategory|library|by"
    r"|key|value|version|checksum|context|secret|passphrase|hash)$"
)


def needs_doc(column: sa.Column[Any]) -> bool:
    """Whether name and type leave open what is in the column."""
    if column.foreign_keys or column.identity is not None or column.name == "id":
        return False
    if column.name.endswith("_id") or isinstance(column.type, Json):
        return True
    if isinstance(column.type, ExactNumeric) and column.type.scale == 8:
        return column.name in PRICE_LEVELS or not AMOUNTS.search(column.name)
    if isinstance(column.type, ExactNumeric | BigInt | sa.Integer | sa.Double):
        return not UNITS.search(column.name)
    return type(column.type) is sa.Text and bool(LISTS.search(column.name))


def test_every_table_says_what_it_holds() -> None:
    for mapper in MAPPERS:
        doc = mapper.class_.__doc__
        assert doc, mapper
        assert len(doc.split()) >= 5, mapper
        assert doc.strip().endswith("."), mapper


def test_every_column_that_needs_it_says_what_it_holds() -> None:
    assert [str(column) for column in COLUMNS if needs_doc(column) and not column.doc] == []


def test_the_rule_for_docs_is_one_that_can_fail() -> None:
    needing = {str(column) for column in COLUMNS if needs_doc(column)}
    assert len(needing) > 150
    assert {"orders.exchange_order_id", "presets.dca_levels", "indications.metadata"} <= needing
    assert not {"orders.user_id", "orders.price", "orders.symbol", "trade_engine_state.real_cycle_count"} & needing


# Archived rows.


def test_archived_market_data_begins_with_the_columns_of_market_data() -> None:
    live, archived = MarketData.__table__.columns, ArchivedMarketData.__table__.columns
    assert names_of(archived) == (*names_of(live), "archived_at")
    for dialect in DIALECTS:
        for column in live:
            assert column.type.compile(dialect) == archived[column.name].type.compile(dialect), column.name


def test_whole_rows_of_market_data_are_copied_to_the_archive(head: Database) -> None:
    with head.engine.begin() as connection:
        for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"):
            insert_minimal(connection, Base.metadata.tables["market_data"], symbol=symbol, price=1, interval="1m")
    head.execute("INSERT INTO archived_market_data SELECT m.*, CURRENT_TIMESTAMP FROM market_data m WHERE id > 1")
    columns = ", ".join(names_of(MarketData.__table__.columns))
    live = head.rows(f"SELECT {columns} FROM market_data WHERE id > 1 ORDER BY id")
    assert [row[3] for row in live] == ["ETHUSDT", "SOLUSDT"]
    assert head.rows(f"SELECT {columns} FROM archived_market_data ORDER BY id") == live


# What the databases refuse.


class Attempts:
    """Tries rows, one after the other, and takes each back."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def refused_by(self, column: sa.Column[Any], value: Any) -> str | None:
        """What refuses a row with ``value`` in ``column``; None where it is taken."""
        savepoint = self._connection.begin_nested()
        try:
            insert_minimal(self._connection, column.table, **{column.name: value})
        except IntegrityError as error:
            return str(error.orig)
        else:
            return None
        finally:
            savepoint.rollback()


@pytest.fixture
def attempts(head: Database) -> Iterator[Attempts]:
    with head.engine.connect() as connection, connection.begin() as transaction:
        yield Attempts(connection)
        transaction.rollback()


def test_enums_of_the_same_words_have_them_in_the_same_order() -> None:
    """As keys they are the same, so that one would get the CHECK of the other."""
    lists = {get_args(enum) for enum in vars(enums).values() if get_origin(enum) is Literal}
    assert len(lists) == len(set(map(frozenset, lists))) == len(enums.COLUMN_TYPES) > 30


def test_every_word_of_a_list_is_taken_and_every_other_refused(attempts: Attempts) -> None:
    columns = of_type(TextEnum)
    assert len(columns) > 50
    for column in columns:
        assert isinstance(column.type, TextEnum)
        for word in column.type.values:
            assert attempts.refused_by(column, word) is None, f"{column} {word}"
        for word in ("", "other", column.type.values[0].upper() + "X", f" {column.type.values[0]}"):
            refusal = attempts.refused_by(column, word)
            assert refusal, f"{column} {word!r}"
            assert f"ck_{column.table.name}_{column.name}" in refusal, refusal
        assert (attempts.refused_by(column, sa.null()) is None) == bool(column.nullable), column


def test_json_columns_take_documents_and_null(attempts: Attempts) -> None:
    for column in of_type(Json):
        documents: list[Any] = [{"a": [1, None]}, [], "text", 5, True]
        for document in documents:
            assert attempts.refused_by(column, document) is None, f"{column} {document}"
        assert (attempts.refused_by(column, sa.null()) is None) == bool(column.nullable), column


@only_sqlite
def test_json_columns_refuse_text_that_is_no_json(attempts: Attempts) -> None:
    for column in of_type(Json):
        for text in ("", "{", "{'a': 1}", "free text"):
            refusal = attempts.refused_by(column, sa.literal(text, sa.Text()))
            assert refusal, f"{column} {text!r}"
            assert "ck_" in refusal, refusal


@only_sqlite
def test_truth_is_0_or_1(attempts: Attempts) -> None:
    for column in of_type(sa.Boolean):
        assert attempts.refused_by(column, sa.literal_column("1")) is None, column
        for value in ("2", "-1", "'true'", "0.5"):
            refusal = attempts.refused_by(column, sa.literal_column(value))
            assert refusal, f"{column} {value}"
            assert "ck_" in refusal, refusal


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("optimal_indications", {"phase": 0}),
        ("optimal_indications", {"phase": 4}),
        ("volume_configuration", {"base_volume_factor": 0}),
        ("volume_configuration", {"base_volume_factor": -1}),
        ("market_data", {"connection_id": None, "trading_pair_id": None}),
        ("schema_migrations", {"migration_id": None, "version": None, "migration_name": None}),
    ],
)
def test_the_other_conditions_are_kept(head: Database, table: str, values: dict[str, Any]) -> None:
    with head.engine.connect() as connection, pytest.raises(IntegrityError, match=f"ck_{table}_"):
        insert_minimal(connection, Base.metadata.tables[table], **values)


# Secrets.


def test_a_repr_shows_the_key_and_nothing_else() -> None:
    for mapper in MAPPERS:
        secret = secrets.token_hex()
        keys = {column.key for column in mapper.primary_key}
        row = mapper.class_(**{attribute.key: secret for attribute in mapper.column_attrs})
        for column in mapper.primary_key:
            setattr(row, mapper.get_property_by_column(column).key, f"the {column.key}")
        for shown in (repr(row), str(row), f"{row}", repr([row])):
            assert secret not in shown, mapper
            assert all(f"{key}='the {key}'" in shown for key in keys), shown
            assert mapper.class_.__name__ in shown


def test_a_repr_asks_no_database(head: Database) -> None:
    with Session(head.engine) as session:
        user = User(id="u1", username="a", password_hash="x")
        assert repr(User(username="a")) == "<User id=None>"
        session.add(user)
        session.commit()
        assert sa.inspect(user).expired_attributes
        assert repr(user) == "<User id='u1'>"
        assert not session.in_transaction()
    assert repr(user) == "<User id='u1'>"  # detached, its attributes gone


def refused_rows(secret: str) -> list[dict[str, Any]]:
    """Rows that a unique constraint, a CHECK, NOT NULL and a type refuse, beside one that is there."""
    row = {"username": "a", "password_hash": secret, "api_key": secret, "api_secret": secret}
    return [row, row | {"username": "b", "role": "king"}, row | {"username": None}]


def shown_by(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


def test_an_error_of_the_database_shows_no_credential(head: Database) -> None:
    secret = secrets.token_hex()
    with head.engine.begin() as connection:
        connection.execute(sa.insert(User).values(refused_rows(secret)[0]))
    for row in refused_rows(secret):
        with head.engine.connect() as connection, pytest.raises(IntegrityError) as refusal:
            connection.execute(sa.insert(User).values(row))
        assert secret not in shown_by(refusal.value)
        assert "users" in str(refusal.value)  # what remains says where
    with Session(head.engine) as session:
        session.add(ExchangeConnection(api_key=secret, api_secret=secret, api_passphrase=secret))  # without a name
        with pytest.raises(IntegrityError) as refusal:
            session.flush()
    assert secret not in shown_by(refusal.value)


@pytest.mark.parametrize(
    ("kind", "driver"), [("sqlite", "aiosqlite"), ("postgresql", "asyncpg"), ("postgresql", "psycopg")]
)
def test_an_error_of_an_asynchronous_driver_shows_no_credential(head: Database, driver: str) -> None:
    secret = secrets.token_hex()
    head.execute("INSERT INTO users (username, password_hash, api_key) VALUES ('a', 'x', :key)", {"key": secret})

    async def refused(row: dict[str, Any]) -> IntegrityError:
        engine = create_async_engine(head.async_url(driver))
        try:
            async with engine.connect() as connection:
                with pytest.raises(IntegrityError) as refusal:
                    await connection.execute(sa.insert(User).values(row))
                return refusal.value
        finally:
            await engine.dispose()

    for row in refused_rows(secret):
        shown = shown_by(asyncio.run(refused(row)))
        assert secret not in shown
        assert "users" in shown
