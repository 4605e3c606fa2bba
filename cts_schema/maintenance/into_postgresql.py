"""A backup poured into a PostgreSQL database in one transaction: it becomes what the backup has, or stays as it is.

What would be replaced is moved aside, into schemas named ``cts_replaced_*``. So nothing is lost that anybody has
committed, up to the moment that it moves.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from cts_schema.database import migration_engine
from cts_schema.driver_errors import translate_errors
from cts_schema.exceptions import BackupDamaged, RestoreFailed, TargetNotEmpty, mask_url
from cts_schema.maintenance import contents, programs
from cts_schema.maintenance.contents import Contents
from cts_schema.maintenance.manifest import Manifest
from cts_schema.maintenance.postgresql import (
    ASIDE,
    RELATIONS,
    milliseconds,
    raise_known,
    require_direct,
    server_version,
)
from cts_schema.migration.lock import Deadline, advisory_lock, search_path

_CHUNK = 1 << 16

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
_VERIFY = """
DO {quote}
DECLARE
    expected record;
    found bigint;
BEGIN
    FOR expected IN SELECT * FROM (VALUES {rows}) AS counted(name, rows) LOOP
        EXECUTE format('SELECT count(*) FROM %s', expected.name::regclass) INTO found;
        IF found <> expected.rows THEN
            RAISE EXCEPTION 'table % has % rows, and not the % of the manifest', expected.name, found, expected.rows;
        END IF;
    END LOOP;
END {quote};
"""


# What is done at the end of the transaction, whoever ends it: only we know the word.
_GUARD = """
CREATE TEMP TABLE cts_restoring (n integer) ON COMMIT DROP;
CREATE FUNCTION pg_temp.cts_not_yet() RETURNS trigger LANGUAGE plpgsql AS {quote} BEGIN
  IF current_setting('cts.restored', true) IS DISTINCT FROM '{done}' THEN
    RAISE EXCEPTION 'the script ends the transaction that it is restored in';
  END IF;
  RETURN NULL;
END {quote};
CREATE CONSTRAINT TRIGGER cts_not_yet AFTER INSERT ON cts_restoring DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION pg_temp.cts_not_yet();
INSERT INTO cts_restoring VALUES (1);
"""


def into_postgresql(
    url: sa.URL, backup: Path, found: Contents, told: Manifest | None, schema: str | None, wait: float, *, force: bool
) -> str | None:
    """Pour a backup into a database.

    Args:
        url: the database.
        backup: an archive of pg_dump, or a script.
        found: which of them it is.
        told: its manifest.
        schema: the schema that alone is in it; None means that it may have something in ``public``.
        wait: seconds to wait for another migration, and for each table that is moved aside.
        force: whether what is there may be replaced.

    Returns:
        Where that is what was replaced; None where there was nothing.
    """
    with translate_errors(url), migration_engine(url).connect() as connection:
        require_direct(connection)
        major = server_version(connection)[0]
        psql = programs.program("psql", major)
        if found.kind == "custom":
            pg_restore = programs.program("pg_restore", major)
            schemas = _schemas_of(backup, pg_restore)
            source = _script_of(backup, pg_restore)
        else:
            schemas, source = contents.schemas_of(backup), _chunks_of(backup)
        there = schema is not None and sa.inspect(connection).has_schema(schema)
        connection.rollback()
        with search_path(connection, schema if there else None), advisory_lock(connection, Deadline(wait)):
            replaced = _taken(connection, [*schemas, *(["public"] if schema is None else [])])
            connection.rollback()
            if replaced and not force:
                raise TargetNotEmpty(database=mask_url(url), there=_some(replaced))
            with closing(source):
                aside = _pour(
                    source, url, psql, schemas=schemas, expected=told, backup=backup, wait=wait, public=schema is None
                )
        return f"schema {aside}" if replaced else None


def _taken(connection: sa.Connection, schemas: Sequence[str]) -> list[str]:
    """Return the tables, views and sequences that are in some schemas."""
    found = connection.exec_driver_sql(RELATIONS).all()
    return sorted(f"{schema}.{name}" for schema, name, _ in found if schema in schemas)


def _pour(
    source: Iterator[bytes],
    url: sa.URL,
    psql: Path,
    *,
    schemas: Sequence[str],
    public: bool,
    expected: Manifest | None,
    backup: Path,
    wait: float,
) -> str:
    """Run a script in one transaction, after moving aside what it would replace, and verify it before the commit.

    The transaction is begun and ended here: were it psql's, the end of a script that was cut off would commit it.

    Args:
        source: the script.
        url: the database.
        psql: the program.
        schemas: those that the script makes.
        public: whether it makes something in the schema public.
        expected: what must be there then.
        backup: where the script is from.
        wait: seconds to wait for each table that is moved aside.

    Returns:
        How the schemas are called where things were moved aside.

    Raises:
        DatabaseLocked: somebody kept a table that was to be moved.
        DiskFull: of the server.
        RestoreFailed: the script failed; all is as it was.
    """
    aside = f"{ASIDE}{datetime.now(UTC):%Y%m%dt%H%M%S%f}"  # two may come in one second
    done = uuid.uuid4().hex
    command = [str(psql), "--no-psqlrc", "--no-password", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            [*command, f"--dbname={programs.conninfo(url)}", "--file=-"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=err,
            env=programs.environment(url),
        )
        try:
            with suppress(BrokenPipeError):  # it has stopped at an error, which it tells
                for chunk in _script(source, aside, schemas, expected, wait, done, public=public):
                    _input(child).write(chunk)
                _input(child).close()
            code = child.wait()
        finally:
            if child.poll() is None:  # before its input ends, which it must not take for the end of the script
                child.kill()
                child.wait()
            with suppress(BrokenPipeError):
                _input(child).close()
        out.seek(0)
        err.seek(0)
        if code == 0 and done in out.read().decode():
            return aside
        said = err.read().decode(errors="replace")
    raise_known(said, url, backup)
    reported = programs.complaint(said) if code else "the script ended in the middle of a statement"
    new = "restore it into a new, empty database: what is outside of tables, types and functions cannot be moved aside"
    taken = "already exists" in reported or "duplicate key" in reported
    raise RestoreFailed(backup=backup, database=mask_url(url), reported=reported, next_step=new if taken else None)


def _script(
    source: Iterator[bytes],
    aside: str,
    schemas: Sequence[str],
    expected: Manifest | None,
    wait: float,
    done: str,
    *,
    public: bool,
) -> Iterator[bytes]:
    yield b"BEGIN;\nSET client_encoding = 'UTF8';\nSET client_min_messages = warning;\n"
    yield b"SET standard_conforming_strings = on;\n"
    yield _GUARD.format(done=done, quote=f"$g{done}$").encode()
    yield f"SET lock_timeout = {milliseconds(wait)};\n".encode()
    if public and "public" not in schemas:
        yield _SET_ASIDE.format(aside=aside, relations=RELATIONS).encode()
    for schema in schemas:
        name, moved = _literal(schema), _literal(f"{aside}_{schema}")
        yield (
            f"SELECT format('ALTER SCHEMA %I RENAME TO %I', nspname, {moved}) FROM pg_namespace "
            f"WHERE nspname = {name} \\gexec\n"
        ).encode()
    yield b"RESET lock_timeout;\n"
    # Servers before 17 do not know it, and programs since then write it for all.
    yield next(source, b"").replace(b"\nSET transaction_timeout = 0;", b"", 1)
    yield from source
    yield b"\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n"
    if expected is not None and expected.rows:
        rows = ", ".join(f"({_literal(name)}, {int(number)})" for name, number in expected.rows.items())
        yield _VERIFY.format(rows=rows, quote=f"$v{done}$").encode()  # which no name has in it
    yield f"SELECT set_config('cts.restored', '{done}', true);\nCOMMIT;\n\\echo {done}\n".encode()


def _script_of(dump: Path, restore: Path) -> Generator[bytes]:
    """Yield a dump in the custom format as a script.

    Args:
        dump: the file.
        restore: the program pg_restore.

    Raises:
        BackupDamaged: it cannot be read to its end.
    """
    with tempfile.TemporaryFile() as err:
        with subprocess.Popen([restore, "--file=-", dump], stdout=subprocess.PIPE, stderr=err) as child:
            yield from _chunks(child.stdout)
        if child.returncode != 0:
            err.seek(0)
            raise BackupDamaged(file=dump, reported=programs.complaint(err.read().decode(errors="replace")))


def _schemas_of(dump: Path, restore: Path) -> list[str]:
    """Return the schemas that a dump in the custom format makes.

    Raises:
        BackupDamaged: it is none, or cut off.
    """
    entries = _said_by(dump, restore, "--list").splitlines(keepends=True)
    # An entry ends with the name of the schema and that of its owner, which may both have spaces: the script tells.
    schemas = [entry for entry in entries if re.match(rb"\d+; \d+ \d+ SCHEMA - ", entry)]
    with tempfile.NamedTemporaryFile() as chosen:
        chosen.writelines(schemas)
        chosen.flush()
        return contents.made_by(_said_by(dump, restore, f"--use-list={chosen.name}", "--file=-"))


def _said_by(dump: Path, restore: Path, *arguments: str) -> bytes:
    done = subprocess.run([restore, *arguments, dump], capture_output=True, check=False)
    if done.returncode != 0:
        raise BackupDamaged(file=dump, reported=programs.complaint(done.stderr.decode(errors="replace")))
    return done.stdout


def _chunks(stream: IO[bytes] | None) -> Iterator[bytes]:
    while stream is not None and (chunk := stream.read(_CHUNK)):
        yield chunk


def _chunks_of(file: Path) -> Generator[bytes]:
    """Yield a file piece by piece."""
    with file.open("rb") as stream:
        yield from _chunks(stream)


def _input(child: subprocess.Popen[bytes]) -> IO[bytes]:
    if child.stdin is None:
        raise AssertionError("a program without an input")
    return child.stdin


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
