"""Errors of a database, its URL and its server, and of the options that name it."""

# ruff: noqa: N818 - an error is named after what happened: `DiskFull`, not `DiskFullError`

from cts_schema.exceptions.error import EXIT_DATABASE, EXIT_DISK, EXIT_LOCK, EXIT_USAGE, SchemaError
from cts_schema.exceptions.next_step import NextCommand, NextStep


class WrongUsage(SchemaError):
    """the options contradict each other, or one of them is unknown"""

    exit_code = EXIT_USAGE
    next_step = NextStep("correct the option, then repeat; to see the options: {}", NextCommand("help"))


class WrongUrl(SchemaError):
    """the database URL cannot be read"""

    exit_code = EXIT_USAGE
    next_step = NextStep("write it as sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME")


class UnknownScheme(SchemaError):
    """the database is neither SQLite nor PostgreSQL"""

    exit_code = EXIT_USAGE
    next_step = NextStep("write the URL as sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME")


class DriverMissing(SchemaError):
    """the driver of this database is not installed"""

    exit_code = EXIT_USAGE
    unlisted = ("package",)
    next_step = NextStep("pip install '{package}'")


class TransactionRefused(SchemaError):
    """the connection is in a transaction of its caller, in which this step could lose data"""

    exit_code = EXIT_USAGE
    next_step = NextStep("commit or roll back first, or hand over an Engine or a URL")


class MissingFolder(SchemaError):
    """the folder of the SQLite file does not exist"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("mkdir -p {folder}")


class ReadOnlyDatabase(SchemaError):
    """the database is read-only"""

    exit_code = EXIT_DATABASE
    unlisted = ("folder",)
    next_step = NextStep("check who may write to the file and its folder: ls -la {folder}")


class NotADatabase(SchemaError):
    """the file is not a SQLite database: another kind of file, encrypted, or damaged"""

    exit_code = EXIT_DATABASE
    unlisted = ("file",)
    next_step = NextStep("keep it as it is, and check what is still readable: sqlite3 {file} 'PRAGMA integrity_check'")


class DiskFull(SchemaError):
    """the disk of the database is full"""

    exit_code = EXIT_DISK
    unlisted = ("folder",)
    next_step = NextStep("free space, then repeat; to see how much is left: df -h {folder}")


class OutputFailed(SchemaError):
    """the output cannot be written"""

    exit_code = EXIT_DISK
    next_step = NextStep(
        "free space where the output goes, then repeat; to see the current revision: {}", NextCommand("status")
    )


class DatabaseUnreachable(SchemaError):
    """the database server cannot be reached"""

    exit_code = EXIT_DATABASE
    unlisted = ("host", "port")
    next_step = NextStep(
        "start the server or correct the URL; to check whether it responds: pg_isready -h {host} -p {port}"
    )


class DatabaseMissing(SchemaError):
    """the server has no database of this name"""

    exit_code = EXIT_DATABASE
    unlisted = ("host", "port", "name")
    next_step = NextStep("correct the URL, or create it: createdb -h {host} -p {port} {name}")


class WrongCredentials(SchemaError):
    """the server refused the user or the password"""

    exit_code = EXIT_DATABASE
    unlisted = ("host", "port", "user", "name")
    next_step = NextStep("correct user and password in the URL; to try them: psql -h {host} -p {port} -U {user} {name}")


class NotPermitted(SchemaError):
    """the user of the URL lacks a privilege"""

    exit_code = EXIT_DATABASE
    unlisted = ("schema", "user")
    next_step = NextStep("as the owner: GRANT USAGE, CREATE ON SCHEMA {schema!n} TO {user!n}")


class MixedOwners(SchemaError):
    """the tables belong to several roles, and a run acts as one of them; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("give them all to the role of the application, then repeat: ALTER TABLE name OWNER TO role")


class RowsHidden(SchemaError):
    """row security hides rows from the role, and a run must see all of them; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = NextStep(
        "for the time of the run, as a superuser: ALTER ROLE {role!n} BYPASSRLS;\n"
        "or, as the owner of each table: ALTER TABLE name NO FORCE ROW LEVEL SECURITY"
    )


class SchemaMissing(SchemaError):
    """the database has no schema of this name"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("correct the option, or create it: CREATE SCHEMA {schema!n}")


class DatabaseUnusable(SchemaError):
    """the database cannot be used as it is"""

    exit_code = EXIT_DATABASE
    next_step = NextStep("fix the reported problem, then try: {}", NextCommand("status"))


class DatabaseLocked(SchemaError):
    """another program has locked the database, and SQLite cannot name it"""

    exit_code = EXIT_LOCK
    unlisted = ("file",)
    next_step = NextStep("end that program or wait for it, then repeat; to find it: fuser -v {file}")


class ProxyBetween(SchemaError):
    """a proxy is in front of the server, and this operation needs its own session; nothing was done"""

    exit_code = EXIT_DATABASE
    next_step = NextStep(
        "repeat with the address of the server itself: {}", NextCommand("", url="postgresql://USER@SERVER:5432/NAME")
    )


class OtherSchema(SchemaError):
    """the search path finds the tables in one schema, but new tables would go to another; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = NextStep(
        "put the schema that you mean first in the search path, or name it: {}",
        NextCommand("upgrade", schema="{schema}"),
    )


class CannotListen(SchemaError):
    """the server cannot listen at this address"""

    exit_code = EXIT_USAGE
    next_step = NextStep(
        "end the program that listens there, or choose another port: {}", NextCommand("serve", port=3001)
    )
