"""The package as it is installed: complete, typed, and never taken for Alembic."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from email import message_from_string
from pathlib import Path

import pytest

import cts_schema
from cts_schema import models
from tests.support.databases import Database
from tests.support.program import ROOT, Outcome, run


def build(source: Path, target: Path, *kinds: str) -> None:
    done = run(sys.executable, "-m", "hatchling", "build", "-d", str(target), *kinds, cwd=source)
    assert done.code == 0, done.out + done.err


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@dataclass
class Built:
    """What was built of a copy of the project."""

    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    source = tmp_path_factory.mktemp("source") / "cts"
    ignored = shutil.ignore_patterns(".*", "dist", "data")
    shutil.copytree(ROOT, source, ignore=ignored)
    # What Python leaves behind in a checkout that is used; a gitignore does not keep it out of what is forced in.
    for folder in ("alembic", "alembic/versions", "cts_schema"):
        cache = source / folder / "__pycache__"
        cache.mkdir(exist_ok=True)
        (cache / "env.cpython-311.pyc").touch()
    target = tmp_path_factory.mktemp("dist")
    build(source, target)
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return Built(sdist, wheel)


def test_the_wheel_has_the_package_and_the_revisions_and_nothing_else(built: Built) -> None:
    names = set(contents(built.wheel))
    info = {name for name in names if ".dist-info/" in name}
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "cts_schema").rglob("*")
        if path.suffix in (".py", ".typed", ".json", ".sql", ".html", ".css", ".js", ".svg")
    }
    scripts = [*(ROOT / "alembic").glob("*.*"), *(ROOT / "alembic/versions").glob("*.py")]
    assert names - info == package | {f"cts_schema/_{path.relative_to(ROOT)}" for path in scripts}
    assert {"cts_schema/py.typed", "cts_schema/_alembic/env.py", "cts_schema/_alembic/script.py.mako"} < names


def test_a_wheel_built_from_the_sdist_is_the_same(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    build(source, tmp_path / "dist", "-t", "wheel")
    (again,) = (tmp_path / "dist").glob("*.whl")
    assert contents(again) == contents(built.wheel)
    assert {"Makefile", "README.md", "CHANGELOG.md", "LICENSE", "tests", "docs"} <= {
        path.name for path in source.iterdir()
    }


def test_the_metadata_names_version_license_python_and_extras(built: Built) -> None:
    (metadata,) = (text for name, text in contents(built.wheel).items() if name.endswith("/METADATA"))
    fields = message_from_string(metadata.decode())
    assert fields["Name"] == "cts-schema"
    assert fields["Version"] == cts_schema.__version__
    assert fields["License-Expression"] == "MIT"
    assert fields["License-File"] == "LICENSE"
    assert fields["Requires-Python"] == ">=3.11"
    assert fields.get_all("Provides-Extra") == ["asyncio", "asyncpg", "cli", "web"]
    assert str(fields.get_payload()).startswith("# cts_schema")
    required = [one.partition(";")[0] for one in fields.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert [one.partition("<")[0].partition("[")[0] for one in required] == ["alembic", "psycopg", "sqlalchemy"]


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that was empty but for pip, and got the wheel."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", built.wheel],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return python


INITIALIZE = """
import sys, cts_schema
report = cts_schema.initialize(sys.argv[1])
again = cts_schema.initialize(sys.argv[1])
print(report.after, len(report.applied), len(again.applied), "greenlet" in sys.modules, cts_schema.__file__)
"""


def test_a_wheel_in_an_empty_environment_upgrades_a_database_from_any_folder(
    installed: Path, database: Database, tmp_path: Path
) -> None:
    done = run(str(installed), "-c", INITIALIZE, database.url, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    after, applied, again, greenlet, file = done.out.split()
    assert (after, applied, again, greenlet) == ("060", "13", "0", "False")
    assert Path(file).is_relative_to(installed.parent.parent)
    assert len(database.tables()) == 42


def test_a_wheel_without_the_extra_says_how_to_get_the_command_line(installed: Path, tmp_path: Path) -> None:
    done = run(str(installed.with_name("cts-schema")), "status", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: the command line is not installed")
    assert "pip install 'cts-schema[cli]'" in done.err


def test_the_alembic_of_an_application_runs_the_revisions_of_the_wheel(
    installed: Path, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = cts_schema:_alembic\npath_separator = os\n")
    for command in ("upgrade head", "check"):
        done = run(str(installed), "-m", "alembic", *command.split(), url=database.url, cwd=tmp_path)
        assert done.code == 0, done.out + done.err


APPLICATION = """
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from cts_schema import Report, SchemaError, initialize, models, status
from cts_schema.models import ExchangeConnection, Order, PseudoPosition, User
from cts_schema.models.enums import OrderSide, UserRole

engine = create_engine("sqlite:///cts.db")
try:
    report: Report = initialize(engine)
except SchemaError as error:
    raise SystemExit(error.exit_code) from error
names: list[str] = [done.name for done in report.applied]
before: str | None = status(engine).revision
with Session(engine) as session:
    connection = session.scalars(select(ExchangeConnection)).first()
    name: str | None = None if connection is None else connection.name
    positions = session.scalars(select(PseudoPosition)).all()
    first: PseudoPosition = positions[0]
side: OrderSide = "buy"
user = User(id="u1", username="ann", password_hash=func.lower("X"), role="admin", portfolios=[])
user.role = "user"
role: UserRole = user.role
order = Order(side=side, order_type=None, status="filled", created_at=first.created_at)
order.side = "sell"
text: str = order.status
found = select(User).where(User.role == "admin", User.role.in_(["user"]))
"""
# Every column may be left out of the constructor, as it may be at run time.
CONSTRUCTORS = "".join(f"models.{name}()\n" for name in models.__all__ if name != "Base")
_ROLES, _SIDES = "Literal['user', 'admin']", "Literal['buy', 'sell']"
REFUSED = {
    "wrong: int = report.after": 'expression has type "str | None", variable has type "int"',
    'User(username="ann", role="amdin")': f"""incompatible type "Literal['amdin']"; expected "{_ROLES} |""",
    'user.role = "amdin"': f"""expression has type "Literal['amdin']", variable has type "{_ROLES} |""",
    "User(role=name)": f'incompatible type "str | None"; expected "{_ROLES} |',
    "user.role = None": f'expression has type "None", variable has type "{_ROLES} |',
    'Order(side="long")': f"""incompatible type "Literal['long']"; expected "{_SIDES} |""",
    'order.status = "done"': "expression has type \"Literal['done']\"",
    'User(rolle="user")': 'Unexpected keyword argument "rolle"',
    "Order(symbol=5)": 'incompatible type "int"; expected "SQLCoreOperations[str | None] | str | None"',
}


def test_an_application_that_uses_the_wheel_is_type_checked(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(APPLICATION + CONSTRUCTORS + "\n".join(REFUSED))
    done = run(
        sys.executable, "-m", "mypy", "--strict", "--python-executable", str(installed), "application.py", cwd=tmp_path
    )
    errors = [line.split(":", 3) for line in done.out.splitlines() if ": error: " in line]
    first = (APPLICATION + CONSTRUCTORS).count("\n") + 1
    assert [int(line) for _, line, _, _ in errors] == [*range(first, first + len(REFUSED))], done.out + done.err
    for (*_, message), expected in zip(errors, REFUSED.values(), strict=True):
        assert expected in message


def real_alembic(done: Outcome) -> bool:
    return done.code == 0 and "site-packages" in done.out


def test_the_folder_alembic_is_no_package_and_hides_nothing() -> None:
    """With an __init__.py it would be imported instead of Alembic wherever the project's folder comes first."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
    where = "import alembic.command, sys; print(alembic.command.__file__)"
    assert real_alembic(run(sys.executable, "-c", where))
    assert real_alembic(run("env", "PYTHONPATH=.", sys.executable, "-c", where))
    assert run(sys.executable, "-m", "alembic", "heads").out.strip() == "060 (head)"
    tested = run(sys.executable, "-m", "pytest", "-q", "--collect-only", "tests/test_packaging.py")
    assert tested.code == 0, tested.out + tested.err


def test_an_editable_install_finds_the_revisions_from_any_folder(tmp_path: Path) -> None:
    code = "from cts_schema.schema.scripts import head, script_location; print(head(), script_location())"
    done = run(sys.executable, "-c", code, cwd=tmp_path)
    assert done.out.split() == ["060", str(ROOT / "alembic")]
