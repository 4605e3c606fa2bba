"""A script is restored whole or not at all, and nothing of it but SQL and COPY data is carried out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cts_schema import backup, restore, status
from cts_schema.exceptions import BackupDamaged, NotABackup, RestoreFailed
from cts_schema.maintenance import programs
from tests.conftest import Server
from tests.support import client
from tests.support.databases import Database
from tests.support.program import cts_schema

on_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(programs.FOLDER, str(client.folder()))


@pytest.fixture
def mine(database: Database) -> Database:
    """A database with a schema that the script makes too, and one with a row that must stay."""
    for statement in (
        "CREATE SCHEMA mine",
        "CREATE TABLE mine.notes ()",
        "CREATE SCHEMA other",
        "CREATE TABLE other.kept (a integer)",
    ):
        database.execute(statement)
    database.execute("INSERT INTO other.kept VALUES (7)")
    return database


def state(database: Database) -> object:
    """Return what is where, and the rows of one table."""
    found = database.rows(
        "SELECT n.nspname, c.relname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname !~ '^(pg_|information_schema)' ORDER BY 1, 2"
    )
    schemas = database.rows("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1")
    return found, schemas, database.rows("SELECT a FROM other.kept")


def script(folder: Path, text: str | bytes) -> Path:
    file = folder / "script.sql"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


# Commands for psql


COMMANDS = [
    r"\! touch {pwned}",
    r"\!touch {pwned}",
    r"  \! touch {pwned}",
    r"\copy kept to program 'touch {pwned}'",
    r"\copy kept to {pwned}",
    r"\o |touch {pwned}",
    r"\w {pwned}",
    r"\i {other}",
    r"\ir {other}",
    r"\include_relative {other}",
    r"\setenv PAGER 'touch {pwned}'",
    r"SELECT 'touch {pwned}' \g |sh",
    r"SELECT 1 \; SELECT 2 \gexec",
    r"SELECT format('CREATE TABLE %I (a int)', 'new') \gexec",
    r"\set x `touch {pwned}`",
    r"\if `touch {pwned}`",
    r"\restrict a`touch {pwned}`",
    r"\restrict",
    "SELECT 'one'; \\! touch {pwned}",
    "/* closed */ \\! touch {pwned}",
    "/* /* nested */ */ \\! touch {pwned}",
    "SELECT 'it''s'; \\! touch {pwned}",
    "SELECT $a$ $b$ $a$; \\! touch {pwned}",
    "SELECT E'\\''; \\! touch {pwned}",
    "SELECT '\\'; \\! touch {pwned}",
    "COPY new FROM stdin;\nx\n\\.\n\\! touch {pwned}",
    "-- a comment\r\\! touch {pwned}",
]


@on_postgresql
def test_no_command_of_psql_in_a_script_is_carried_out(mine: Database, tmp_path: Path) -> None:
    pwned, other = tmp_path / "pwned", tmp_path / "other.sql"
    other.write_text(f"\\! touch {pwned}\n")
    before = state(mine)
    for command in COMMANDS:
        text = f"CREATE TABLE new (a text);\n{command.replace('{pwned}', str(pwned)).replace('{other}', str(other))}\n"
        with pytest.raises(NotABackup) as caught:
            restore(script(tmp_path, text), mine.url, force=True)
        assert not pwned.exists(), command
        assert caught.value.place["line"] == text.count("\n"), command
        assert state(mine) == before, command


@on_postgresql
def test_a_command_for_psql_is_named_with_its_line(mine: Database, tmp_path: Path) -> None:
    file = script(tmp_path, "CREATE TABLE new (a text);\n\n/* two\nlines */\n\\! touch pwned\n")
    done = cts_schema("restore", str(file), "--force", url=mine.url, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "command for psql" in done.err
    assert [line.split() for line in done.err.splitlines() if line.split()[:1] == ["line"]] == [["line", "5"]]
    assert "Traceback" not in done.err
    assert not (tmp_path / "pwned").exists()


@on_postgresql
def test_a_variable_of_psql_is_no_variable(mine: Database, tmp_path: Path) -> None:
    file = script(tmp_path, "CREATE TABLE new AS SELECT ':DBNAME :''USER''' AS a, (ARRAY[1, 2, 3])[2:3] AS b;\n")
    restore(file, mine.url, force=True)
    assert mine.rows("SELECT * FROM new") == [(":DBNAME :'USER'", [2, 3])]


COPIES = [
    "COPY kept FROM PROGRAM 'touch {pwned}; echo 1'",
    "COPY kept TO PROGRAM 'touch {pwned}'",
    "copy kept to '{pwned}'",
    "COPY (SELECT 1) TO '{pwned}'",
    "COPY kept FROM /* stdin */ PROGRAM 'touch {pwned}; echo 1'",
    "COPY \"stdin\" FROM '{pwned}'",
    'CREATE SCHEMA "from"; CREATE TABLE "from".stdin (a text);\n'
    "COPY {database} . from.stdin FROM PROGRAM 'touch {pwned}; echo 1'",
]


@on_postgresql
def test_a_copy_reaches_for_nothing_on_the_server(mine: Database, tmp_path: Path) -> None:
    pwned = tmp_path / "pwned"
    before = state(mine)
    for statement in COPIES:
        text = statement.format(pwned=pwned, database=mine.location.database)
        with pytest.raises(NotABackup, match="file or a program of the server"):
            restore(script(tmp_path, f"SELECT 1;\n{text};\n"), mine.url, force=True)
        assert not pwned.exists(), statement
        assert state(mine) == before, statement


# The end of the transaction


SET_AND_RESET = "SET standard_conforming_strings = off; RESET standard_conforming_strings;"
ENDS = [
    "SET x.y=1; ROLLBACK;",
    "SET x.y=1;COMMIT;",
    "SELECT ';'; commit",
    "SELECT 1 /* ; */ ; /* */ -- \n End",
    "ABORT",
    "ROLLBACK AND CHAIN",
    "COMMIT AND CHAIN",
    "COMMIT PREPARED 'x'",
    "PREPARE TRANSACTION 'x'",
    "START TRANSACTION",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "SAVEPOINT a",
    "RELEASE a",
    "ROLLBACK TO a",
    "; ; ROLLBACK",
    "DO $$ BEGIN COMMIT; END $$",
    "DO 'BEGIN ROLLBACK; END'",
    "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL p()",
    "CREATE DATABASE other",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; COMMIT",
    "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN true THEN 1 END; COMMIT",
    "SET standard_conforming_strings = off; SELECT 'a\\'; COMMIT; SELECT 'b'; ROLLBACK; SELECT 'c'",
    "SELECT set_config('standard_conforming_strings', 'off', false); SELECT 'a\\'; COMMIT; SELECT 'b\\''",
    "SELECT U&'\\0041'; ROLLBACK",
    "SELECT E'a'\n'\\'; COMMIT; --'; COMMIT",
    # What is one statement to the reader and several to the server.
    f"{SET_AND_RESET} SELECT 'a\\'; COMMIT; SELECT 'b' /*'*/",
    f"{SET_AND_RESET} COPY other.kept FROM stdin (NULL 'a\\'); COMMIT; COPY other.kept FROM stdin (NULL 'b' /*'*/);\n"
    "\\.\nSELECT 1",
]


@on_postgresql
def test_no_script_ends_the_transaction_that_it_is_restored_in(mine: Database, tmp_path: Path) -> None:
    before = state(mine)
    made = "CREATE SCHEMA mine;\nCREATE TABLE mine.new (a integer);\nINSERT INTO other.kept VALUES (8);\n"
    for text in ENDS:
        file = script(tmp_path, f"{made}{text};\nINSERT INTO other.kept VALUES (9);\nSELECT 1/0;\n")
        with pytest.raises((NotABackup, BackupDamaged, RestoreFailed)) as caught:
            restore(file, mine.url, force=True)
        assert state(mine) == before, text
        assert not isinstance(caught.value, RestoreFailed) or "the database is as it was" in str(caught.value)


@on_postgresql
def test_words_in_a_literal_are_no_statements(mine: Database, tmp_path: Path) -> None:
    """Not even where they begin a line: no schema moves, and nothing is refused."""
    words = "CREATE SCHEMA mine;\nCOMMIT;\n\\! touch pwned\n\\connect other\nROLLBACK;\nCREATE DATABASE other;\n"
    quoted = words.replace("\\", "\\\\")
    file = script(
        tmp_path,
        "CREATE TABLE new (n integer, a text);\n"
        f"INSERT INTO new VALUES (1, '\n{words}'), (2, E'it\\'s\n{quoted}'), (3, $x$\n{words}$$ $x$);\n"
        f"/* /* \n{words} */\n{words} */\n-- {words.splitlines()[0]}\n"
        f'CREATE TABLE "\n{words}" (a integer);\n'
        "CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC\nSELECT 1;\nSELECT CASE WHEN true THEN 2 END;\n"
        "END;\nCREATE RULE r AS ON DELETE TO new DO INSTEAD (SELECT 1; SELECT 2);\n"
        "COPY new FROM stdin;\n"
        "4\tCREATE SCHEMA mine;\n5\t\\\\! touch pwned\n6\t\\N\n7\t'\n8\t$$\n9\t/*\n\\.\n"
        "COPY new FROM STDIN (FORMAT csv);\n10,ROLLBACK;\n\\.\n"
        "INSERT INTO new VALUES (11, 'the last');\n",
    )
    assert restore(file, mine.url).kept is None
    assert mine.value("SELECT to_regclass('mine.notes')::text") == "mine.notes"
    found = dict(mine.rows("SELECT n, a FROM new"))
    assert found == {
        1: f"\n{words}",
        2: f"it's\n{words}",
        3: f"\n{words}$$ ",
        4: "CREATE SCHEMA mine;",
        5: "\\! touch pwned",
        6: None,
        7: "'",
        8: "$$",
        9: "/*",
        10: "ROLLBACK;",
        11: "the last",
    }
    assert mine.value("SELECT f()") == 2


@on_postgresql
def test_a_schema_that_a_script_makes_anywhere_is_moved_aside(mine: Database, tmp_path: Path) -> None:
    file = script(
        tmp_path, 'SET x.y = 1; create /* again */\n  schema If Not Exists\n"mine"; CREATE TABLE mine.new ();\n'
    )
    done = restore(file, mine.url, force=True)
    assert done.kept is not None
    aside = f"{done.kept.removeprefix('schema ')}_mine"
    assert mine.value(f"SELECT count(*) FROM {aside}.notes") == 0
    assert mine.value("SELECT to_regclass('mine.notes')") is None


PARTS = [
    "INSERT INTO new VALUES ('half",
    "/* half",
    "DO $$ half",
    "CREATE TABLE another (a text)",
    "COPY new FROM stdin;\nx\n",
    "CREATE RULE r AS ON DELETE TO new DO (SELECT 1;",
]


@on_postgresql
def test_a_script_without_its_end_is_told_with_the_line(mine: Database, tmp_path: Path) -> None:
    before = state(mine)
    for part in PARTS:
        with pytest.raises(BackupDamaged, match="a part is missing") as caught:
            restore(script(tmp_path, f"CREATE TABLE new (a text);\n{part}"), mine.url, force=True)
        assert caught.value.place["line"] == 2, part
        assert state(mine) == before, part


@on_postgresql
def test_what_the_server_refuses_is_told_with_the_line_and_without_rows(mine: Database, tmp_path: Path) -> None:
    before = state(mine)
    file = script(
        tmp_path,
        "CREATE TABLE new (a text UNIQUE);\n\n-- twice\nCOPY new FROM stdin;\nthe secret\nthe secret\n\\.\n",
    )
    with pytest.raises(RestoreFailed) as caught:
        restore(file, mine.url, force=True)
    assert caught.value.place["line"] == 4
    assert "duplicate key" in str(caught.value)
    assert "the secret" not in str(caught.value)
    assert state(mine) == before


@on_postgresql
def test_a_script_in_an_encoding_of_ambiguous_bytes_is_refused(mine: Database, tmp_path: Path) -> None:
    """The second byte of a Japanese letter may be a backslash."""
    before = state(mine)
    file = script(tmp_path, b"SET client_encoding = 'SJIS';\nCREATE TABLE new AS SELECT '\x83\x5c' AS a;\n")
    with pytest.raises(RestoreFailed, match="encoding"):
        restore(file, mine.url, force=True)
    assert state(mine) == before


@on_postgresql
def test_a_script_may_be_in_another_encoding(mine: Database, tmp_path: Path) -> None:
    file = script(
        tmp_path,
        "SET client_encoding = 'LATIN1';\nCREATE TABLE new (a text);\nINSERT INTO new VALUES ('é');\n"
        "COPY new FROM stdin;\nü\n\\.\n".encode("latin-1"),
    )
    restore(file, mine.url, force=True)
    assert mine.rows("SELECT a FROM new") == [("é",), ("ü",)]


# Genuine dumps


@on_postgresql
def test_large_objects_come_back_into_an_empty_database(database: Database, server: Server, tmp_path: Path) -> None:
    """pg_restore puts them between BEGIN and COMMIT."""
    database.execute("CREATE TABLE mine (a oid)")
    database.execute("INSERT INTO mine SELECT lo_from_bytea(0, '\\x00275c')")
    made = backup(database.url, tmp_path / "copy")
    new = server.create()
    with Database(new) as restored:
        restore(made.path, restored.url)
        assert restored.rows("SELECT lo_get(a) FROM mine") == [(b"\x00'\\",)]
    server.drop(new)


@on_postgresql
@pytest.mark.parametrize("options", [(), ("--inserts", "--use-set-session-authorization")], ids=["copy", "inserts"])
def test_a_plain_dump_comes_back(head: Database, options: tuple[str, ...], tmp_path: Path) -> None:
    """One of a new pg_dump, which writes a line for psql at its beginning and one at its end, and one of before."""
    head.execute("CREATE TABLE hard (a text, b bytea)")
    hard = ["\\.", "it's\nCOMMIT;", "$$;\t\\N", "\\", "", "é"]
    for text in hard:
        head.execute("INSERT INTO hard VALUES (:a, '\\x005c27')", {"a": text})
    file = tmp_path / "plain.sql"
    made = [str(client.folder() / "pg_dump"), f"--dbname={programs.conninfo(head.location)}", f"--file={file}"]
    subprocess.run([*made, *options], check=True)
    new = file.read_text()
    assert "\n\\restrict " in new
    assert "\n\\unrestrict " in new
    old = "".join(line for line in new.splitlines(keepends=True) if "restrict " not in line)
    schema = head.snapshot()
    for dump in (new, old):
        head.execute("DROP TABLE hard")
        restore(script(tmp_path, dump), head.url, force=True)
        assert [text for (text,) in head.rows("SELECT a FROM hard")] == hard
        assert head.snapshot() == schema
        assert status(head.url).at_head
