"""The page about changing the schema shows what is generated, and what it shows runs with rows in the tables."""

from __future__ import annotations

import json
import re

import pytest

from cts_schema.exceptions import RowsRefused
from tests.support.databases import Database
from tests.support.program import ROOT
from tests.support.project import Project

NOWHERE = "postgresql://nobody:secret@127.0.0.1:1/nothing"
PAGE = ROOT / "docs" / "changing-the-schema.md"
# One process takes all steps, with the models read anew for each: starting Python is most of the time.
STEPS = """
import json, shlex, sys
from alembic.config import main
for file, old, new, command in json.loads(sys.argv[1]):
    if file:
        text = open(file).read()
        assert text.count(old) == 1, (file, old)
        open(file, "w").write(text.replace(old, new))
    for name in [name for name in sys.modules if name.startswith("cts_schema.models")]:
        del sys.modules[name]
    if command:
        main(shlex.split(command), prog="alembic")
"""


def sections() -> list[str]:
    return PAGE.read_text().split("\n## ")[1:]


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def edit(diff: str) -> tuple[str, str, str]:
    """Return the file, the text that stands there, and the text that takes its place."""
    head, *lines = diff.splitlines()
    old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    return head.removeprefix("--- "), old, "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")


def steps() -> list[list[str]]:
    found = []
    for number, section in enumerate(sections(), 61):
        model, *completion = blocks(section, "diff")
        (command,) = blocks(section, "sh")
        found.append([*edit(model), command.removeprefix("alembic ").strip()])
        for diff in completion:
            file, old, new = edit(diff)
            assert file.startswith(f"{number:03d}_")
            found.append([f"alembic/versions/{file}", old, new, ""])
    return found


def generated(project: Project) -> list[str]:
    return [(project.versions / name).read_text() for name in project.new_revisions()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which the changes of the page were made, without a database."""
    made = Project(tmp_path_factory.mktemp("changes") / "project")
    done = made.python("-c", STEPS, json.dumps(steps()), url=NOWHERE)
    assert done.code == 0, done.out + done.err
    return made


def test_the_page_shows_the_files_as_they_are_generated(project: Project) -> None:
    shown = [file for section in sections() for file in blocks(section, "python")]
    for file, old, new, _ in steps():
        if file.startswith("alembic"):  # the value that the author has written
            shown = [text.replace(old, new) for text in shown]
    assert generated(project) == shown


def test_what_the_page_shows_runs_with_rows_in_the_tables(head: Database, project: Project) -> None:
    for statement in (
        "INSERT INTO users (id, username, password_hash) VALUES ('u', 'ann', 'x')",
        "INSERT INTO portfolios (id, user_id, name, description) VALUES ('p', 'u', 'mine', 'my own')",
        "INSERT INTO orders (id, quantity, status) VALUES ('o1', 1, 'open'), ('o2', 2, 'expired')",
    ):
        head.execute(statement)
    project.alembic("upgrade head", "-x yes downgrade 060", "upgrade head", "check", url=head.url)
    assert head.rows("SELECT title FROM portfolios") == [("mine",)]
    assert head.rows("SELECT venue, fee_currency, status FROM orders ORDER BY id") == [
        ("unknown", None, "open"),
        ("unknown", None, "cancelled"),
    ]
    assert head.rows("SELECT description FROM cts_kept_065_portfolios") == [("my own",)]


def test_the_page_words_an_error_as_it_is() -> None:
    (text,) = blocks("".join(sections()), "text")
    error = RowsRefused(
        table="orders",
        check="ck_orders_status",
        refused="'held' in 2 rows",
        code="""ddl.fill("orders", {"status": "pending"}, where="status = 'held'")""",
    )
    assert text == f"error: {error}\n"
