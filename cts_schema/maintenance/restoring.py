"""The transaction of a restore on PostgreSQL: move aside, run the script statement by statement, verify."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.pq import ExecStatus, TransactionStatus

from cts_schema.database.options import Options
from cts_schema.ddl.naming import shorten
from cts_schema.ddl.text import quote
from cts_schema.exceptions import RestoreFailed
from cts_schema.maintenance import default_privileges, script
from cts_schema.maintenance.manifest import Manifest
from cts_schema.maintenance.postgresql import ASIDE, RELATIONS, revision_of
from cts_schema.maintenance.script import Statement

_LINES = 1000  # lines of COPY data per message

# Encodings in which a byte of a longer character may look like a quote or a backslash.
_AMBIGUOUS = frozenset({"BIG5", "GB18030", "GBK", "JOHAB", "SHIFT_JIS_2004", "SJIS", "UHC"})

# Statements of a dump by their first words, or by the kind of the created object.
_CALL_NOTHING = {(b"COMMENT",), (b"GRANT",), (b"REVOKE",), (b"ALTER", b"DEFAULT")}
_OF_SUPERUSERS = {(b"EVENT",), (b"EXTENSION",), (b"PUBLICATION",), (b"SUBSCRIPTION",)}

_TABLES = f"""
SELECT pg_catalog.format('%%I.%%I', nspname, relname) FROM ({RELATIONS}) r WHERE relkind = 'r' AND nspname = ANY (%s)
"""  # noqa: S608  names are quoted

_SET_ASIDE = """
DO $aside$
DECLARE
    command text;
    made boolean := false;
BEGIN
    FOR command IN
        SELECT format('ALTER %s %I.%I SET SCHEMA {aside}', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
                      WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
                      nspname, relname)
          FROM ({relations}) r WHERE nspname = 'public'
        UNION ALL
        SELECT format('ALTER ROUTINE %s SET SCHEMA {aside}', p.oid::regprocedure) FROM pg_proc p
         WHERE pronamespace = to_regnamespace('public')
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass
                              AND d.deptype IN ('e', 'i'))
        UNION ALL
        SELECT format('ALTER TYPE public.%I SET SCHEMA {aside}', typname)
          FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
         WHERE typnamespace = to_regnamespace('public') AND (typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.classid = 'pg_type'::regclass
                              AND d.deptype = 'e')
    LOOP
        IF NOT made THEN
            CREATE SCHEMA {aside};
            made := true;
        END IF;
        EXECUTE command;
    END LOOP;
END $aside$;
"""


class Restoring:
    """The transaction of a restore: its caller commits it."""

    def __init__(self, session: sa.Connection, backup: Path, owner: str | None = None) -> None:
        """Begin the transaction.

        Args:
            session: the session of a separate connection.
            backup: the source of the script, for the text of an error.
            owner: the role to restore as, if the role of the URL is a superuser and the script is not trusted. Objects
                get the owners of the script only at the end.
        """
        session.execution_options(isolation_level="READ COMMITTED")
        self._session = session
        self._backup = backup
        self._owner = owner
        self._given_away: list[Statement] = []
        self._schemas: list[str] = []
        self._driver: psycopg.Connection[Any] = session.connection.driver_connection  # type: ignore[assignment]
        self._path: str = session.exec_driver_sql("SHOW search_path").scalar_one()
        self.line: int | None = None
        """The current line of the script."""

    def move_aside(self, schemas: Sequence[str], options: Options, *, whole_public: bool) -> str:
        """Move the old contents aside.

        Args:
            schemas: the schemas of the backup, and their legacy schemas of an adoption.
            options: how long to wait for each table.
            whole_public: whether the backup creates the schema public; otherwise only its contents move.

        Returns:
            The prefix of the schemas with the old contents.
        """
        self._schemas = list(schemas)
        self._execute("SET search_path = pg_catalog")  # no planted objects
        aside = f"{ASIDE}{datetime.now(UTC):%Y%m%dt%H%M%S%f}"  # two restores may run in one second
        self._execute(f"SET lock_timeout = {options.milliseconds}")
        for schema in schemas:
            if schema == "public" and not whole_public:
                self._execute(_SET_ASIDE.format(aside=aside, relations=RELATIONS))
            elif self._driver.execute("SELECT FROM pg_namespace WHERE nspname = %s", [schema]).rowcount:
                self._execute(f"ALTER SCHEMA {quote(schema)} RENAME TO {quote(shorten(f'{aside}_{schema}'))}")
        self._execute("RESET lock_timeout")
        return aside

    def run(self, source: Iterable[bytes], *, of_pg_restore: bool) -> None:
        """Run a script, which may be of pg_restore."""
        for setting in (
            "client_encoding = 'UTF8'",
            "client_min_messages = warning",
            "standard_conforming_strings = on",
        ):
            self._execute(f"SET {setting}")
        withheld = default_privileges.withhold(self._driver)
        self._driver.execute("SELECT pg_catalog.set_config('search_path', %s, false)", [self._path])
        if self._owner is not None:
            self._execute(f"SET ROLE {quote(self._owner)}")
        for statement in script.statements(source, self._backup, of_pg_restore=of_pg_restore):
            self.line = statement.line
            # Servers before 17 do not know it, but newer programs always write it.
            if statement.words[:2] == (b"SET", b"TRANSACTION_TIMEOUT") and self._driver.info.server_version < 170000:
                continue
            self._let(statement)
            if self._driver.info.transaction_status != TransactionStatus.INTRANS:
                raise AssertionError("a statement has ended the transaction of the restore")
            if self._driver.info.parameter_status("client_encoding") in _AMBIGUOUS:
                raise RestoreFailed(
                    cause="the script is in an encoding that cannot be read safely; the database is as it was",
                    backup=self._backup,
                    line=statement.line,
                    next_step="dump the database again, with --encoding=UTF8",
                )
        self.line = None
        self._execute("RESET SESSION AUTHORIZATION")  # the script may have set it, and the following
        self._execute("RESET ROLE")
        for statement in self._given_away:
            self._send(statement)
        for again in withheld:
            self._execute(again)

    def verify(self, expected: Manifest, version_table: str, schema: str | None) -> None:
        """Compare rows and revision with the manifest.

        Raises:
            RestoreFailed: they differ.
        """
        self._execute("SET search_path = pg_catalog")
        found = self._driver.execute(_TABLES.encode(), [self._schemas]).fetchall()
        if unexpected := sorted({table for (table,) in found} - expected.rows.keys()):
            self._differs("rows", table=unexpected[0], expected="none: it is not in the manifest")
        for name, value in (("client_encoding", "UTF8"), ("row_security", "off"), ("search_path", self._path)):
            self._driver.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])
        for table, count in expected.rows.items():
            (name,) = self._one("SELECT pg_catalog.to_regclass(%s)::text", [table])
            (rows,) = (None,) if name is None else self._one(f"SELECT pg_catalog.count(*) FROM ONLY {name}")  # noqa: S608  names are quoted
            if rows != count:
                self._differs("rows", table=table, rows="none: it is missing" if rows is None else rows, expected=count)
        revision = revision_of(self._session, version_table, schema)
        if revision != expected.revision:
            self._differs("revision", revision=revision or "none", expected=expected.revision or "none")

    def _let(self, statement: Statement) -> None:
        """Send a statement, as the owner if needed; the superuser sends statements that call no functions."""
        words = statement.words
        if self._owner is None:
            self._send(statement)
        elif b" OWNER TO " in b" ".join(words):
            self._given_away.append(statement)
        elif words[:1] in _CALL_NOTHING or words[:2] in _CALL_NOTHING or words[1:2] in _OF_SUPERUSERS:
            self._execute("RESET ROLE")
            self._send(statement)
            self._execute(f"SET ROLE {quote(self._owner)}")
        elif words[1:3] != (b"SESSION", b"AUTHORIZATION"):  # around a grant
            self._send(statement)

    def _send(self, statement: Statement) -> None:
        if statement.data is None:
            # In binary mode, so that the server refuses a text of several statements.
            self._driver.cursor(binary=True).execute(statement.sql)
            return
        parsed = self._driver.pgconn.prepare(b"", statement.sql)  # which also refuses it
        if parsed.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(parsed)
        with self._driver.cursor().copy(statement.sql) as copy:
            while lines := b"".join(islice(statement.data, _LINES)):
                copy.write(lines)

    def _execute(self, sql: str) -> None:
        self._driver.execute(sql.encode())

    def _one(self, query: str, values: Sequence[str] | None = None) -> tuple[Any, ...]:
        found: tuple[Any, ...] | None = self._driver.execute(query.encode(), values).fetchone()
        if found is None:
            raise AssertionError("a query for one row found none")
        return found

    def _differs(self, what: str, **facts: object) -> None:
        raise RestoreFailed(
            cause=f"the backup does not have the {what} of its manifest; the database is as it was",
            backup=self._backup,
            **facts,
            next_step="use another backup; to trust this file all the same, move its manifest away",
        )
