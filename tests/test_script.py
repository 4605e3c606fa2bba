"""A script for PostgreSQL is read by tokens: where each statement begins and ends, and what is none."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from cts_schema.exceptions import BackupDamaged, NotABackup
from cts_schema.maintenance.script import begins_as_script, schemas_of, statements


def read(text: str) -> list[tuple[int, str]]:
    """Return line and text of each statement."""
    return [(one.line, one.sql.decode()) for one in statements(BytesIO(text.encode()), Path("script.sql"))]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT ';'",
        "SELECT ''';'",
        "SELECT '\n;\n'",
        "SELECT '\\'",
        "SELECT E'\\';'",
        "SELECT e'\\\\;', E''';'",
        "SELECT E'a'\n  -- between\n  '\\';'",
        "SELECT B'1', x'F', N';', U&'\\0041;'",
        'SELECT 1 AS ";"";"',
        "SELECT $$;$$",
        "SELECT $a$;$$;$b$;$a$",
        "SELECT $é$;$é$",
        "SELECT a$b$ FROM c$d$",
        "SELECT $1",
        "SELECT 1 /* ; /* ; */ ; */ + 2",
        "SELECT 1 */* ; */ 2",
        "SELECT 1 -- ; '\n + 2",
        "SELECT 1 +-- ;\r 2",
        "CREATE RULE r AS ON DELETE TO t DO (SELECT 1; SELECT 2)",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
        "CREATE OR REPLACE PROCEDURE p()\nBEGIN ATOMIC\nSELECT 1;\nEND",
        "CREATE TABLE begin (a int)",
    ],
)
def test_a_statement_ends_where_the_server_ends_it(statement: str) -> None:
    assert read(f"{statement};SELECT 2;") == [(1, statement), (statement.count("\n") + 1, "SELECT 2")]


def test_a_statement_begins_behind_spaces_and_comments() -> None:
    assert read("\n-- one;\n/* two;\n*/ ; ;\n  SELECT 1\n;\n") == [(5, "SELECT 1\n")]


def test_a_backslash_counts_as_the_script_sets_it() -> None:
    off = "SET standard_conforming_strings = off"
    assert [sql for _, sql in read(f"{off};\nSELECT '\\';';\nSET standard_conforming_strings TO on;SELECT '\\';")] == [
        off,
        "SELECT '\\';'",
        "SET standard_conforming_strings TO on",
        "SELECT '\\'",
    ]


def test_data_of_a_copy_are_lines_up_to_its_end() -> None:
    text = "COPY a.b (c) FROM stdin;\n;\\!\n\\\\.\n \\.\n\\.\nSELECT 1;\nCOPY b FROM STDIN;\r\n1\r\n\\.\r\n"
    found = [(one.line, list(one.data or ())) for one in statements(BytesIO(text.encode()), Path())]
    assert found == [(1, [b";\\!\n", b"\\\\.\n", b" \\.\n"]), (6, []), (7, [b"1\r\n"])]
    assert [line for line, _ in read(text)] == [1, 6, 7]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SELECT 1;\n\\! ls\n", 2),
        ("SELECT 1\n\\g\n", 2),
        ("SELECT 1;\n\n  ROLLBACK\n;", 3),
        ("SELECT 1;\nPREPARE /* */ TRANSACTION 'a';", 2),
        ("DROP DATABASE cts;", 1),
        ("COPY t FROM\n'file';", 1),
        ("SELECT 1;\nCOPY a /* */ . from.stdin FROM PROGRAM 'ls';\n\\.\n", 2),
        ("COPY t FROM stdin; SELECT 1;\n\\.\n", 1),
        ("\\restrict a b\n", 1),
        ("SELECT 1 \\restrict a\n", 1),
        ("SELECT\n\0;", 1),
        ("SELECT '\n\0';", 1),
    ],
)
def test_what_is_no_sql_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(NotABackup) as caught:
        read(text)
    assert caught.value.place["line"] == line


@pytest.mark.parametrize(
    "text", ["SELECT 1", "SELECT '", "/* SELECT 1;", "SELECT $$;$", "SELECT (1;", "COPY t FROM stdin;\n"]
)
def test_a_script_without_its_end_is_damaged(text: str) -> None:
    with pytest.raises(BackupDamaged):
        read(text)


def test_the_schemas_that_a_script_makes() -> None:
    text = (
        'CREATE SCHEMA One; create schema if not exists "Two "" 2"; CREATE /* a */ SCHEMA -- b\n three;'
        "CREATE SCHEMA AUTHORIZATION four; SELECT 'CREATE SCHEMA five;'; CREATE SCHEMA one;"
    )
    assert schemas_of([text.encode()], Path()) == ["one", 'Two " 2', "three", "four"]


@pytest.mark.parametrize(
    ("head", "is_script"),
    [
        ("\\restrict abc\n\n-- a comment\n/* another */ SET a = 1;", True),
        ("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;", True),
        ("INSERT INTO t VALUES ('cut off", True),
        ("rollback;", True),
        ("\\! ls", True),
        ("", False),
        ("-- a comment\n", False),
        ("Dear reader,\n", False),
        ("{}", False),
        ("/**/" * 16_000, False),
    ],
)
def test_a_script_is_known_by_its_beginning(head: str, is_script: bool) -> None:
    assert begins_as_script(head.encode()) is is_script
