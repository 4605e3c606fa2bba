"""Which database is meant, and how its URL is shown."""

import traceback
from collections.abc import Mapping

import pytest
from sqlalchemy import URL, make_url

from cts_schema.database.urls import DEFAULT_URL, async_url, normalize, resolve_url, sync_url
from cts_schema.exceptions import SchemaError, UnknownScheme, WrongUrl, WrongUsage, mask_url

SQLITE = "sqlite:///some/file.db"
POSTGRES = "postgresql+psycopg://cts@db/cts"


def resolved(
    environ: Mapping[str, str] | None = None, *, url: str | URL | None = None, configured: str | None = None
) -> str:
    return resolve_url(url, configured=configured, environ=environ or {}).render_as_string(hide_password=False)


def test_each_source_comes_before_all_the_later_ones() -> None:
    sources = {
        "DATABASE_URL": "sqlite:///1.db",
        "POSTGRES_URL": "postgres://cts@two/cts",
        "REMOTE_POSTGRES_URL": "postgres://cts@three/cts",
        "SQLITE_DB_PATH": "4.db",
    }
    expected = [
        "sqlite:///1.db",
        "postgresql+psycopg://cts@two/cts",
        "postgresql+psycopg://cts@three/cts",
        "sqlite:///4.db",
    ]
    assert resolved(sources, url="sqlite:///0.db", configured="sqlite:///5.db") == "sqlite:///0.db"
    for name, meant in zip(list(sources), expected, strict=True):
        assert resolved(sources, configured="sqlite:///5.db") == meant
        del sources[name]
    assert resolved(configured="sqlite:///5.db") == "sqlite:///5.db"
    assert resolved() == DEFAULT_URL


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_TYPE", raising=False)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///from/environment.db")
    assert resolve_url().database == "from/environment.db"


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_variable_counts_as_absent(blank: str) -> None:
    names = ["DATABASE_URL", "POSTGRES_URL", "REMOTE_POSTGRES_URL", "SQLITE_DB_PATH", "DATABASE_TYPE"]
    assert resolved(dict.fromkeys(names, blank), configured=blank) == DEFAULT_URL


def test_a_blank_explicit_url_is_refused_instead_of_meaning_the_default() -> None:
    with pytest.raises(WrongUrl):
        resolve_url("", environ={})


@pytest.mark.parametrize(
    ("path", "database"),
    [(":memory:", ":memory:"), ("/srv/a b?%41#.db", "/srv/a b?%41#.db"), ("C:\\data\\cts.db", "C:\\data\\cts.db")],
)
def test_the_sqlite_path_is_taken_as_it_is(path: str, database: str) -> None:
    url = resolve_url(environ={"SQLITE_DB_PATH": path})
    assert (url.drivername, url.database) == ("sqlite", database)


def test_a_url_in_the_sqlite_path_is_refused() -> None:
    with pytest.raises(WrongUrl, match="not a URL") as caught:
        resolve_url(environ={"SQLITE_DB_PATH": "postgres://cts:geheim@db/cts"})
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("kind", ["sqlite", "SQLite", "sqlite3"])
def test_database_type_sqlite_skips_postgresql_variables(kind: str) -> None:
    environ = {"DATABASE_TYPE": kind, "DATABASE_URL": "postgres://cts@db/cts", "POSTGRES_URL": "POSTGRESQL://cts@db/x"}
    assert resolved(environ) == DEFAULT_URL
    assert resolved(environ | {"REMOTE_POSTGRES_URL": SQLITE}) == SQLITE


@pytest.mark.parametrize("kind", ["postgres", "postgresql", "PostgreSQL"])
def test_database_type_postgresql_refuses_sqlite(kind: str) -> None:
    assert resolved({"DATABASE_TYPE": kind, "POSTGRES_URL": "postgres://cts@db/cts"}) == POSTGRES
    with pytest.raises(WrongUsage, match="DATABASE_TYPE contradicts"):
        resolve_url(environ={"DATABASE_TYPE": kind})


def test_database_type_sqlite_refuses_a_configured_postgresql() -> None:
    with pytest.raises(WrongUsage, match="DATABASE_TYPE contradicts"):
        resolve_url(configured=POSTGRES, environ={"DATABASE_TYPE": "sqlite"})


def test_an_unknown_database_type_is_refused() -> None:
    with pytest.raises(WrongUsage, match="DATABASE_TYPE is neither"):
        resolve_url(environ={"DATABASE_TYPE": "mysql"})


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
@pytest.mark.parametrize("url", [SQLITE, POSTGRES])
def test_an_explicit_url_is_never_overridden(url: str, kind: str) -> None:
    assert resolved({"DATABASE_TYPE": kind, "DATABASE_URL": "sqlite:///other.db"}, url=url) == url
    assert resolved({"DATABASE_TYPE": kind}, url=make_url(url)) == url


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://cts@db/cts", "postgresql+psycopg"),
        ("postgresql://cts@db/cts", "postgresql+psycopg"),
        ("Postgres://cts@db/cts", "postgresql+psycopg"),
        ("postgresql+asyncpg://cts@db/cts", "postgresql+asyncpg"),
        ("postgres+asyncpg://cts@db/cts", "postgresql+asyncpg"),
        ("  postgres://cts@db/cts\n", "postgresql+psycopg"),
        ("sqlite+aiosqlite:///a.db", "sqlite+aiosqlite"),
        ("sqlite://", "sqlite"),
    ],
)
def test_normalizing_names_the_driver_and_happens_once(given: str, driver: str) -> None:
    url = normalize(given)
    assert url.drivername == driver
    assert normalize(url) == url


@pytest.mark.parametrize(
    ("written", "password"), [("p%40ss%25%2F", "p@ss%/"), ("100%25", "100%"), ("a:b", "a:b"), ("%C3%BC", "ü")]
)
def test_percent_encoded_passwords_arrive_decoded(written: str, password: str) -> None:
    url = resolve_url(environ={"DATABASE_URL": f"postgres://cts:{written}@db:5433/cts"})
    assert (url.password, url.host, url.port, url.database) == (password, "db", 5433, "cts")


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("data/cts.db", "sqlite:///data/cts.db"),
        ("/srv/cts.db", "sqlite:////srv/cts.db"),
        ("C:\\cts.db", "sqlite:///C:\\cts.db"),
        ("host=db password=geheim", "sqlite:///PATH"),
        ("cts:geheim@db/cts", "sqlite:///PATH"),
        ("sqlite://data/cts.db", "sqlite:///data/cts.db"),
        ("sqlite://cts:ge@heim@data/cts.db", "sqlite:///PATH"),
        ("postgres://cts:ge@heim@db/cts", "%40"),
        ("postgres://cts:geheim@db:port/cts", "postgresql://USER"),
        ("postgres://cts:geheim", "postgresql://USER"),
        ("post gres://cts:geheim@db/cts", "postgresql://USER"),
    ],
)
def test_an_unreadable_url_is_refused_with_a_hint_and_without_its_password(given: str, hint: str) -> None:
    with pytest.raises(WrongUrl) as caught:
        resolve_url(environ={"DATABASE_URL": given})
    shown = str(caught.value)
    assert hint in shown
    assert "DATABASE_URL" in shown
    assert "heim" not in shown
    assert "heim" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("given", ["sqlite+pysqlcipher://:geheim@/cts.db", "sqlite+libsql:///cts.db"])
def test_a_driver_of_sqlite_that_nobody_here_knows_is_refused(given: str) -> None:
    with pytest.raises(UnknownScheme, match="does not know the driver") as caught:
        normalize(given)
    assert "geheim" not in str(caught.value)
    assert "sqlite:///PATH" in str(caught.value.next_step)


@pytest.mark.parametrize("given", ["mysql://cts:geheim@db/cts", "https://cts:geheim@db/cts", "oracle+x://cts@db"])
def test_other_databases_are_refused(given: str) -> None:
    with pytest.raises(UnknownScheme) as caught:
        normalize(given)
    assert "geheim" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_synchronous_command_line_reads_asynchronous_urls() -> None:
    given = "postgresql+asyncpg://cts:p%40ss@db/cts?ssl=require&timeout=3&prepared_statement_cache_size=0"
    url = sync_url(make_url(given))
    assert url.drivername == "postgresql+psycopg"
    assert url.password == "p@ss"
    assert dict(url.query) == {"sslmode": "require", "connect_timeout": "3"}
    assert sync_url(make_url("postgresql+psycopg_async://db/cts")).drivername == "postgresql+psycopg"
    assert sync_url(make_url("sqlite+aiosqlite:///a.db")) == make_url("sqlite:///a.db")
    assert sync_url(make_url(POSTGRES)) == make_url(POSTGRES)


def test_an_asynchronous_application_reads_synchronous_urls() -> None:
    assert async_url(make_url("sqlite:///a.db")) == make_url("sqlite+aiosqlite:///a.db")
    assert async_url(make_url("sqlite+pysqlite:///a.db")) == make_url("sqlite+aiosqlite:///a.db")
    assert async_url(make_url(POSTGRES)) == make_url(POSTGRES)
    assert async_url(make_url("postgresql+psycopg2://cts@db/cts")) == make_url(POSTGRES)
    given = make_url("postgresql+asyncpg://db/cts?sslmode=require")
    assert async_url(given) == make_url("postgresql+asyncpg://db/cts?ssl=require")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("sqlite:///data/cts.db", "sqlite:///data/cts.db"),
        ("sqlite:////srv/a-b/cts.db?timeout=5", "sqlite:////srv/a-b/cts.db?timeout=5"),
        ("postgresql+psycopg://cts:geheim@db/cts", "postgresql://cts:***@db/cts"),
        ("postgresql+asyncpg://cts:geheim@db/cts", "postgresql+asyncpg://cts:***@db/cts"),
        ("postgresql://cts@db:5432/cts", "postgresql://cts@db:5432/cts"),
        ("postgresql://[::1]:5432/cts", "postgresql://[::1]:5432/cts"),
        ("postgresql://cts:geheim@[::1]:5432/cts", "postgresql://cts:***@[::1]:5432/cts"),
        ("postgresql://db/cts?password=geheim&sslmode=require", "postgresql://db/cts?password=***&sslmode=require"),
        ("postgresql://db/cts?sslpassword=geheim", "postgresql://db/cts?sslpassword=***"),
        ("postgresql://db/cts?Client_Secret=geheim&a=1", "postgresql://db/cts?Client_Secret=***&a=1"),
    ],
)
def test_the_password_is_masked_and_the_rest_is_readable(given: str, shown: str) -> None:
    assert mask_url(given) == shown
    assert mask_url(make_url(given)) == shown


def test_the_path_of_a_file_is_no_password() -> None:
    assert mask_url("sqlite:////home/a:b@c/cts.db") == "sqlite:////home/a:b@c/cts.db"


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://cts:ge@heim@db/cts",
        "postgresql://cts:ge heim\n@db/cts",
        "postgresql://cts:ge/he?im://heim@db:x/cts",
        "postgresql://us@er:geheim@db/cts",
        "sqlite://cts:geheim@db/cts",
        "postgresql://us/er:geheim@db/cts",
        "postgresql://cts:geheim",
        "cts:geheim@db/cts",
        "cts/geheim@db",
        "cts:geheim://x",
        "host=db password='ge heim' user=cts",
    ],
)
def test_nothing_leaks_from_text_that_is_no_proper_url(given: str) -> None:
    shown = mask_url(given)
    assert "heim" not in shown
    assert "***" in shown


def test_an_error_masks_a_url_that_reached_it_as_it_was() -> None:
    url = "postgresql://cts:geheim@db/cts"
    error = SchemaError(cause=f"no {url}", database=url, note=f"(at {url}, twice)", next_step=f"try {url}")
    assert "geheim" not in str(error)
    assert "geheim" not in repr(error)
    assert error.place["note"] == "(at postgresql://cts:***@db/cts, twice)"
