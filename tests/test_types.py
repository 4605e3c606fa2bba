"""The column types store the same thing on both databases, and give it back."""

from __future__ import annotations

import asyncio
import decimal
import random
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import CompileError, StatementError
from sqlalchemy.orm import Session

from cts_schema.database.engines import create_async_engine
from cts_schema.ddl import BigInt, ExactNumeric, Json, Timestamp, complete_table, uuid_text
from cts_schema.models import DataCleanupLog, Exchange, ExchangeConnection, Preset, SystemSetting
from tests.support.databases import Database
from tests.support.statements import count_statements

THINGS = complete_table(
    sa.Table(
        "things",
        sa.MetaData(),
        sa.Column("id", BigInt(), sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text()),
        sa.Column("amount", ExactNumeric(20, 8)),
        sa.Column("other", ExactNumeric(20, 8)),
        sa.Column("rate", ExactNumeric(10, 4)),
        sa.Column("at", Timestamp(), server_default=sa.text("CURRENT_TIMESTAMP")),
        sa.Column("data", Json()),
        sa.Column("count", BigInt()),
        sa.Column("flag", sa.Boolean()),
    )
)
C = THINGS.c

only_sqlite = pytest.mark.parametrize("kind", ["sqlite"])
only_postgresql = pytest.mark.parametrize("kind", ["postgresql"])


@pytest.fixture
def things(database: Database) -> Database:
    """A database with the table THINGS."""
    THINGS.metadata.create_all(database.engine)
    return database


def put(things: Database, *rows: dict[str, Any]) -> None:
    with things.engine.begin() as connection:
        for row in rows:
            connection.execute(THINGS.insert().values(row))


def got(things: Database, *columns: Any, where: Any = None) -> list[Any]:
    """The rows in the order they were put, a bare value for each where one column is asked for."""
    query = sa.select(*columns).order_by(C.id)
    with things.engine.connect() as connection:
        rows = connection.execute(query if where is None else query.where(where)).all()
    return [row[0] if len(columns) == 1 else tuple(row) for row in rows]


def one(things: Database, expression: Any) -> Any:
    with things.engine.connect() as connection:
        return connection.execute(sa.select(expression)).scalar_one()


# Numbers.


@pytest.mark.parametrize(
    "digits",
    [
        "0.00000000",
        "0.00000001",
        "-0.00000001",
        "0.10000000",
        "1.00000000",
        "-1.50000000",
        "67890.12345678",
        "-1234567.12345678",
        "100000000000.00000000",
        "999999999999.99900000",
        "-999999999999.99900000",
    ],
)
def test_a_number_comes_back_with_the_digits_it_had(things: Database, digits: str) -> None:
    put(things, {"amount": Decimal(digits)})
    (amount,) = got(things, C.amount)
    assert isinstance(amount, Decimal)
    assert f"{amount:f}" == digits


def test_any_number_of_15_digits_comes_back_exactly(things: Database) -> None:
    numbers = random.Random(20260103)
    amounts = []
    for _ in range(1000):
        digits = numbers.randrange(10 ** numbers.randint(1, 15))
        places = numbers.randint(max(0, len(str(digits)) - 12), 8)
        amounts.append(Decimal(digits).scaleb(-places) * numbers.choice([1, -1]))
    with things.engine.begin() as connection:
        connection.execute(THINGS.insert(), [{"amount": amount} for amount in amounts])
    assert got(things, C.amount) == amounts


def test_more_digits_than_sqlite_holds_are_refused_there_and_kept_by_postgresql(things: Database) -> None:
    sixteen = Decimal("12345678.12345678")
    if things.kind == "sqlite":
        with pytest.raises(StatementError, match="more than 15 significant digits"):
            put(things, {"amount": sixteen})
        assert got(things, C.amount) == []
    else:
        put(things, {"amount": sixteen}, {"amount": Decimal("999999999999.99999999")})
        assert got(things, C.amount) == [sixteen, Decimal("999999999999.99999999")]


@pytest.mark.parametrize(
    "amount",
    [Decimal(10) ** 12, -(10**12), 1e300, Decimal("1E+999999"), "999999999999.999999995"],
)
def test_a_number_too_large_for_the_column_is_refused(things: Database, amount: Any) -> None:
    with pytest.raises(StatementError, match=re.escape("does not fit into NUMERIC(20, 8)")):
        put(things, {"amount": amount})


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(things: Database, amount: Any) -> None:
    with pytest.raises(StatementError, match="is not a finite number"):
        put(things, {"amount": amount})


@pytest.mark.parametrize("amount", ["", "ten", "1,5", object(), [1], b"1"])
def test_what_is_no_number_is_refused(things: Database, amount: Any) -> None:
    with pytest.raises(StatementError, match="is not a number"):
        put(things, {"amount": amount})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0.000000004999", "0"),
        ("0.000000005", "0.00000001"),
        ("-0.000000005", "-0.00000001"),
        ("2.000000025", "2.00000003"),  # half to even would give ...02
        ("-2.000000025", "-2.00000003"),
        ("0.0000000149" + "9" * 40, "0.00000001"),
    ],
)
def test_digits_beyond_the_scale_are_rounded_half_away_from_zero(things: Database, given: str, kept: str) -> None:
    put(things, {"amount": Decimal(given)})
    assert got(things, C.amount) == [Decimal(kept)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [(7, "7"), (-3, "-3"), (0.1, "0.1"), (0.1 + 0.2, "0.3"), (1e-8, "0.00000001"), ("12.50", "12.5"), ("1e3", "1000")],
)
def test_whole_numbers_floats_and_strings_are_bound_as_the_number_they_show(
    things: Database, given: Any, kept: str
) -> None:
    put(things, {"amount": given})
    assert got(things, C.amount) == [Decimal(kept)]


def test_the_decimal_context_of_the_program_has_no_say(things: Database) -> None:
    with decimal.localcontext(prec=3, rounding=decimal.ROUND_DOWN) as context:
        context.traps[decimal.Inexact] = True
        put(things, {"amount": Decimal("67890.123456785")})
        assert [str(amount) for amount in got(things, C.amount)] == ["67890.12345679"]


def test_a_number_that_is_absent_is_none(things: Database) -> None:
    put(things, {"amount": None})
    assert got(things, C.amount) == [None]
    assert one(things, sa.func.sum(C.amount)) is None


def test_numbers_are_compared_and_sorted_as_numbers(things: Database) -> None:
    amounts = [Decimal(text) for text in ("10", "9", "-1", "0.5", "100", "0.3")]
    put(things, *({"amount": amount} for amount in amounts))
    with things.engine.connect() as connection:
        assert connection.execute(sa.select(C.amount).order_by(C.amount)).scalars().all() == sorted(amounts)
    assert got(things, C.amount, where=C.amount > Decimal("9.5")) == [10, 100]
    assert got(things, C.amount, where=C.amount == 0.1 + 0.2) == [Decimal("0.3")]
    assert got(things, C.amount, where=C.amount.in_([9, "0.5"])) == [9, Decimal("0.5")]
    assert got(things, C.amount, where=C.amount.between(Decimal(-1), 0)) == [-1]


def test_what_is_calculated_from_numbers_is_clean(things: Database) -> None:
    put(things, *({"amount": Decimal("0.1"), "other": Decimal(3)} for _ in range(10)))
    for expression, expected in [
        (sa.func.sum(C.amount), "1.00000000"),
        (sa.func.sum(C.amount * C.other), "3.00000000"),
        (sa.func.max(C.amount) + sa.func.max(C.other), "3.10000000"),
        (sa.func.max(C.amount) - Decimal("0.3"), "-0.20000000"),
        (sa.func.max(C.amount) * 3, "0.30000000"),
        (2 * sa.func.max(C.amount), "0.20000000"),
        (-sa.func.max(C.amount), "-0.10000000"),
        (sa.func.coalesce(sa.null(), sa.func.max(C.amount), type_=C.amount.type), "0.10000000"),
        (sa.cast(sa.func.max(C.other), ExactNumeric(10, 4)), "3.0000"),
    ]:
        result = one(things, expression)
        assert isinstance(result, Decimal)
        assert str(result) == expected, str(expression)


def test_whole_numbers_are_not_divided_as_integers(things: Database) -> None:
    put(things, {"amount": 10, "other": 4})
    assert one(things, C.amount / C.other) == Decimal("2.5")
    assert one(things, C.amount / 4) == Decimal("2.5")
    assert str(one(things, C.amount / 3)) == "3.33333333"


def test_a_factor_keeps_digits_that_the_column_does_not_have(things: Database) -> None:
    put(things, {"amount": 67000})
    assert one(things, C.amount * Decimal("0.000000001")) == Decimal("0.000067")
    assert one(things, C.amount * 1.3333333333333333) == Decimal("89333.33333333")
    assert round(one(things, C.amount / Decimal("0.000000001"))) == 67000000000000
    with pytest.raises(StatementError, match="is not a finite number"):
        one(things, C.amount * float("nan"))


def test_a_product_may_have_more_digits_than_its_factors(things: Database) -> None:
    put(things, {"amount": 999999999999, "other": 10**11})
    product = one(things, C.amount * C.other * 1000)
    assert abs(product / Decimal(99999999999900000000000000) - 1) < Decimal("1e-15")


def test_a_calculation_has_the_finer_scale_of_its_columns(things: Database) -> None:
    put(things, {"amount": Decimal("0.00001234"), "rate": Decimal("1.5")})
    for expression in (C.amount * C.rate, C.rate * C.amount, sa.func.sum(C.amount * C.rate), (C.rate * C.amount) / 1):
        assert str(one(things, expression)) == "0.00001851"
    assert str(one(things, C.amount + C.rate)) == "1.50001234"
    assert str(one(things, C.rate * C.rate)) == "2.2500"


@only_sqlite
@pytest.mark.parametrize("text", ["ten", "NaN", "Infinity"])
def test_a_word_that_stands_for_a_number_in_an_old_file_is_not_made_one(things: Database, text: str) -> None:
    things.execute("INSERT INTO things (amount) VALUES (:text)", {"text": text})
    with pytest.raises(ValueError, match=f"'{text}' is not a (finite )?number"):
        got(things, C.amount)


@only_postgresql
def test_a_number_that_is_not_finite_is_not_read(things: Database) -> None:
    things.execute("INSERT INTO things (amount) VALUES ('NaN')")
    with pytest.raises(ValueError, match="is not a finite number"):
        got(things, C.amount)


# Times.

MOMENT = datetime(2026, 1, 3, 23, 30, 15, 123456, UTC)


@pytest.mark.parametrize("moment", [MOMENT, MOMENT.replace(microsecond=0), datetime(1, 1, 2, tzinfo=UTC)])
def test_a_time_comes_back_aware_and_in_utc(things: Database, moment: datetime) -> None:
    put(things, {"at": moment})
    (at,) = got(things, C.at)
    assert at == moment
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    "zone", [ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York"), timezone(timedelta(hours=-12))], ids=str
)
def test_a_time_of_another_zone_is_the_same_moment(things: Database, zone: Any) -> None:
    put(things, {"at": MOMENT.astimezone(zone)})
    assert got(things, C.at) == [MOMENT]
    assert got(things, C.at, where=C.at == MOMENT.astimezone(zone)) == [MOMENT]


def test_a_time_without_zone_is_refused(things: Database) -> None:
    with pytest.raises(StatementError, match=r"has no time zone: use datetime.now\(UTC\)"):
        put(things, {"at": MOMENT.replace(tzinfo=None)})


@pytest.mark.parametrize("wrong", ["2026-01-03 23:30:15", date(2026, 1, 3), 1767483015, timedelta(hours=1)])
def test_what_is_no_time_is_refused(things: Database, wrong: Any) -> None:
    with pytest.raises(StatementError, match="is not a datetime"):
        put(things, {"at": wrong})


def test_a_time_that_is_absent_is_none(things: Database) -> None:
    put(things, {"at": None})
    assert got(things, C.at) == [None]


def test_the_default_time_is_now(things: Database) -> None:
    before = datetime.now(UTC).replace(microsecond=0)  # CURRENT_TIMESTAMP of SQLite has whole seconds
    put(things, {"name": "with the default"})
    (at,) = got(things, C.at)
    assert at.tzinfo is UTC
    assert before <= at <= datetime.now(UTC)


@only_sqlite
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-03 23:30:15", MOMENT.replace(microsecond=0)),
        ("2026-01-03 23:30:15.5", MOMENT.replace(microsecond=500000)),
        ("2026-01-03T23:30:15Z", MOMENT.replace(microsecond=0)),
        ("2026-01-03T23:30:15.123Z", MOMENT.replace(microsecond=123000)),
        ("2026-01-04T00:30:15.123456+01:00", MOMENT),
    ],
)
def test_every_form_that_old_files_hold_is_read(things: Database, text: str, moment: datetime) -> None:
    things.execute("INSERT INTO things (at) VALUES (:text)", {"text": text})
    assert got(things, C.at) == [moment]
    assert got(things, C.at)[0].tzinfo is UTC


@only_sqlite
def test_the_text_of_a_time_is_that_of_current_timestamp(things: Database) -> None:
    put(things, {"at": MOMENT.replace(microsecond=0)}, {"at": MOMENT})
    assert things.rows("SELECT at FROM things ORDER BY id") == [
        ("2026-01-03 23:30:15",),
        ("2026-01-03 23:30:15.123456",),
    ]


@only_sqlite
@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01 00:00:00", 1767483015, b"2026-01-03"])
def test_what_is_no_time_in_an_old_file_is_said_to_be_none(things: Database, text: Any) -> None:
    things.execute("INSERT INTO things (at) VALUES (:text)", {"text": text})
    with pytest.raises(ValueError, match=r"is not a time: YYYY-MM-DD HH:MM:SS, in UTC, is expected"):
        got(things, C.at)


def test_times_with_and_without_fractions_sort_and_compare_as_times(things: Database) -> None:
    texts = ["2026-01-03 10:00:00.5", "2026-01-03 10:00:00", "2026-01-03 09:59:59.999999", "2026-01-03 10:00:01"]
    for text in texts:
        # As the database's own functions and other programs write it.
        value = f"'{text}'" if things.kind == "sqlite" else f"'{text}+00'"
        things.execute(f"INSERT INTO things (at) VALUES ({value.replace(':', chr(92) + ':')})")
    noon = datetime(2026, 1, 3, 10, tzinfo=UTC)
    moments = [noon + timedelta(seconds=seconds) for seconds in (0.5, 0, -0.000001, 1)]
    assert got(things, C.at) == moments
    with things.engine.connect() as connection:
        assert connection.execute(sa.select(C.at).order_by(C.at)).scalars().all() == sorted(moments)
    assert got(things, C.at, where=C.at > noon) == [moments[0], moments[3]]
    assert got(things, C.at, where=C.at <= noon) == [moments[1], moments[2]]
    assert got(things, C.at, where=C.at.between(noon, noon + timedelta(milliseconds=600))) == moments[:2]
    assert one(things, sa.func.max(C.at)) == moments[3]


def test_a_row_is_found_by_the_time_its_trigger_wrote(head: Database) -> None:
    updated = SystemSetting.updated_at
    with Session(head.engine) as session:
        for number in range(20):
            setting = SystemSetting(key=f"setting{number}", value="before")
            session.add(setting)
            session.commit()
            setting.value = "after"
            session.commit()
            read = setting.updated_at
            this = SystemSetting.key == setting.key
            for comparison in (updated == read, updated >= read, updated <= read):
                assert session.scalars(sa.select(SystemSetting.key).where(this, comparison)).all() == [setting.key]
            assert session.scalars(sa.select(SystemSetting).where(this, updated != read)).all() == []


@only_postgresql
def test_the_time_zone_of_the_session_changes_nothing(things: Database) -> None:
    with things.engine.begin() as connection:
        connection.exec_driver_sql("SET TIME ZONE 'Asia/Kolkata'")
        connection.execute(THINGS.insert().values(name="given", at=MOMENT))
        connection.execute(THINGS.insert().values(name="default"))
        given, default = connection.execute(sa.select(C.at).order_by(C.id)).scalars()
        found = connection.execute(sa.select(C.name).where(C.at == MOMENT)).scalars().all()
    assert given == MOMENT
    assert given.tzinfo is UTC
    assert abs(default - datetime.now(UTC)) < timedelta(minutes=1)
    assert found == ["given"]
    assert got(things, C.at)[0] == MOMENT


# JSON.

DOCUMENTS: list[Any] = [
    {},
    [],
    {"a": {"b": [1, 2.5, None, True]}, "leer": "", "schlüssel": "wert ✓ 漢字 \U0001f680"},
    [1, [2, [3]]],
    "a text",
    '{"looks": "like an object"}',
    7,
    -0.25,
    True,
    False,
    2**63 + 5,
    10**30,
    {"quote": 'it\'s "quoted"', "backslash": "\\n", "newline": "\n", "colon": ":name", "percent": "%s %%"},
]


def test_a_document_comes_back_as_it_was(things: Database) -> None:
    put(things, *({"data": document} for document in DOCUMENTS))
    found = got(things, C.data)
    assert found == DOCUMENTS
    assert [type(document) for document in found] == [type(document) for document in DOCUMENTS]


def test_an_absent_document_is_null_in_the_database(things: Database) -> None:
    put(things, {"data": None})
    assert got(things, C.data) == [None]
    assert things.value("SELECT count(*) FROM things WHERE data IS NULL") == 1


def test_a_document_that_a_model_leaves_absent_is_null_or_the_default(head: Database) -> None:
    with Session(head.engine) as session:
        absent = Preset(name="a", dca_levels=None)  # type: ignore[arg-type]  # the server's default takes its place
        session.add_all([ExchangeConnection(name="a", connection_priority=None), absent])
        session.commit()
        assert session.scalars(sa.select(Preset.dca_levels)).all() == [[3, 5, 7]]
    assert head.value("SELECT count(*) FROM exchange_connections WHERE connection_priority IS NULL") == 1


def test_rows_are_found_by_what_their_documents_hold(things: Database) -> None:
    put(
        things,
        {"name": "one", "data": {"symbol": "BTCUSDT", "depth": {"levels": [5, 10]}, "live": True, "rate": 0.5}},
        {"name": "two", "data": {"symbol": "müller's", "depth": {"levels": [20]}, "live": False}},
        {"name": "none", "data": None},
    )
    for condition, names in [
        (C.data["symbol"].as_string() == "BTCUSDT", ["one"]),
        (C.data["symbol"].as_string() == "müller's", ["two"]),
        (C.data["depth"]["levels"][0].as_integer() > 10, ["two"]),
        (C.data["depth", "levels", 1].as_integer() == 10, ["one"]),
        (C.data["live"].as_boolean() == sa.false(), ["two"]),
        (C.data["rate"].as_float() < 1, ["one"]),
        (C.data["missing"].as_string().is_(None), ["one", "two", "none"]),
        (C.data.is_(None), ["none"]),
    ]:
        assert got(things, C.name, where=condition) == names, str(condition)


# Ids, whole numbers, truth.


def test_the_database_makes_an_id_by_itself(head: Database) -> None:
    for name in "abc":
        head.execute("INSERT INTO exchanges (name, display_name) VALUES (:name, :name)", {"name": name})
    ids = [row[0] for row in head.rows("SELECT id FROM exchanges")]
    assert len(set(ids)) == 3
    form = r"[0-9a-f]{32}" if head.kind == "sqlite" else r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert all(re.fullmatch(form, made) for made in ids)


def test_the_models_make_ids_of_the_same_form(head: Database) -> None:
    exchange = Exchange(name="a", display_name="a")
    with Session(head.engine) as session:
        session.add(exchange)
        session.flush()
        session.execute(sa.insert(Exchange).values(id=uuid_text(), name="b", display_name="b"))
        ids = session.scalars(sa.select(Exchange.id)).all()
    assert len({re.sub("[0-9a-f]", "0", made) for made in ids}) == 1


def test_many_rows_with_ids_are_inserted_in_batches(head: Database) -> None:
    with Session(head.engine) as session, count_statements(head.engine) as statements:
        session.add_all([Exchange(name=f"e{number}", display_name="x") for number in range(3000)])
        session.commit()
    assert len(statements) < 30
    assert head.value("SELECT count(DISTINCT id) FROM exchanges") == 3000


def test_no_other_database_gets_an_id_that_means_nothing_there() -> None:
    with pytest.raises(CompileError, match="not defined for mysql"):
        sa.select(uuid_text()).compile(dialect=mysql.dialect())


def test_whole_numbers_of_64_bits_come_back(things: Database) -> None:
    counts = [2**31, 2**40, 2**63 - 1, -(2**63)]
    put(things, *({"count": count} for count in counts))
    assert got(things, C.count) == counts
    assert got(things, C.count, where=C.count > 2**32) == counts[1:3]


def test_the_number_of_a_log_line_is_never_given_twice(head: Database) -> None:
    with Session(head.engine) as session:
        first = DataCleanupLog(cleanup_type="market_data", records_cleaned=2**40)
        session.add(first)
        session.commit()
        number = first.id
        session.delete(first)
        session.commit()
        session.add(DataCleanupLog(cleanup_type="market_data"))
        session.commit()
        assert session.scalars(sa.select(DataCleanupLog.id)).one() > number


def test_truth_is_a_bool(things: Database) -> None:
    put(things, {"flag": True}, {"flag": False}, {"flag": None})
    assert [repr(flag) for flag in got(things, C.flag)] == ["True", "False", "None"]
    assert got(things, C.flag, where=C.flag) == [True]
    assert got(things, C.flag, where=sa.not_(C.flag)) == [False]


# Every way in.

ROW: dict[str, Any] = {
    "name": "it's 100% :sure",
    "amount": Decimal("-67890.12345678"),
    "other": Decimal("0.00000001"),
    "at": MOMENT,
    "data": DOCUMENTS[-1],
    "count": 2**40,
    "flag": True,
}


@pytest.mark.parametrize(
    ("kind", "driver"),
    [("sqlite", "aiosqlite"), ("postgresql", "asyncpg"), ("postgresql", "psycopg")],
)
def test_an_asynchronous_driver_writes_and_reads_the_same(things: Database, driver: str) -> None:
    async def write_and_read() -> tuple[dict[str, Any], Any]:
        engine = create_async_engine(things.async_url(driver))
        try:
            async with engine.begin() as connection:
                await connection.execute(THINGS.insert(), [ROW, dict.fromkeys(ROW)])
                found = sa.select(*(C[name] for name in ROW)).where(C.amount < 0, C.at == MOMENT)
                row = (await connection.execute(found)).one()
                values = sa.select(
                    sa.func.sum(C.amount * 2.5),
                    sa.func.max(C.other) * Decimal("123456.789012345"),
                    sa.func.max(C.at),
                    sa.func.max(C.data["colon"].as_string()),
                )
                return dict(row._mapping), tuple((await connection.execute(values)).one())
        finally:
            await engine.dispose()

    row, calculated = asyncio.run(write_and_read())
    assert row == ROW
    assert row["at"].tzinfo is UTC
    assert [str(number) for number in calculated[:2]] == ["-169725.30864195", "0.00123457"]
    assert calculated[2:] == (MOMENT, ":name")
    put(things, ROW)  # and the synchronous driver finds both alike
    written = got(things, C.amount, C.other, C.at, C.data, C.count, C.flag, where=C.name == ROW["name"])
    assert written[0] == written[1] == tuple(value for name, value in ROW.items() if name != "name")


@pytest.mark.parametrize(
    "row", [{**ROW, "data": {"it's": "100 :sure ✓"}}, {**ROW, "at": MOMENT.replace(microsecond=0), "data": []}]
)
def test_an_insert_with_its_values_written_out_writes_the_same(things: Database, row: dict[str, Any]) -> None:
    # As an offline script has it: "named" keeps the driver from doubling every %.
    dialect: sa.Dialect = things.location.get_dialect()(paramstyle="named")  # type: ignore[call-arg]
    script = str(THINGS.insert().values(row).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with things.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(script)
        connection.connection.commit()
    assert got(things, *(C[name] for name in row)) == [tuple(row.values())]


def test_what_is_absent_is_written_out_as_null(things: Database) -> None:
    insert = THINGS.insert().values(dict.fromkeys(ROW))
    things.execute(str(insert.compile(things.engine, compile_kwargs={"literal_binds": True})))
    assert got(things, *(C[name] for name in ROW)) == [(None,) * len(ROW)]
