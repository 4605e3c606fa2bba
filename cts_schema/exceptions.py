"""Every error of this package: what happened, where, and the next safe command.

The first line of a class's docstring is its message; `exit_code` is what a command line leaves with. The texts
pass through `mask_secrets`, so a password that slipped into a fact is not printed.
"""

# ruff: noqa: N818 - an error is named after what happened: `DiskFull`, not `DiskFullError`

import copyreg
import re
import string
from typing import Any, ClassVar

from cts_schema.masking import mask_secrets as mask_secrets
from cts_schema.masking import mask_url as mask_url

EXIT_OK = 0
EXIT_FINDINGS = 1  # findings, or the database is not at head
EXIT_USAGE = 2
EXIT_DATABASE = 3  # not reachable, or not usable
EXIT_LOCK = 4
EXIT_DECISION = 5
EXIT_DISK = 6
EXIT_FAULT = 70  # a fault of this package


def first_line(text: object) -> str:
    """The first line of a text, with secrets masked. Further lines of a driver may quote a row, and what is in it."""
    lines = mask_secrets(str(text)).strip().splitlines()
    return lines[0] if lines else ""


def in_a_line(error: BaseException) -> str:
    """An error as its kind and the first line of what it says, or of what its driver says."""
    return f"{type(error).__name__}: {first_line(getattr(error, 'orig', None) or error)}"


def as_sql(name: str) -> str:
    """A name as SQL takes it, to be shown: in quotes only where it needs them."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*|<\w+>", name) else '"' + name.replace('"', '""') + '"'


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"<{key}>"  # a fact nobody knew: the reader fills it in


class _NextStep(string.Formatter):
    """Fills facts in: with ``!n`` behind it, a name as SQL takes it."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion != "n":
            return super().convert_field(value, conversion)
        return as_sql(str(value))


class SchemaError(Exception):
    """the schema of the database could not be handled"""

    exit_code: ClassVar[int] = EXIT_FAULT
    unlisted: ClassVar[tuple[str, ...]] = ()
    """Facts that only the next step mentions."""
    next_step: str = "report this with the lines above"
    """On the class a `str.format` template over the facts; on the instance the text to be shown."""

    def __init__(self, *, cause: str | None = None, next_step: str | None = None, **place: object) -> None:
        """Make the error.

        Args:
            cause: instead of the first line of the class's docstring.
            next_step: instead of the class's next step, taken as it is.
            place: facts to be listed, in this order; those that are None are left out.
        """
        self.cause = mask_secrets(cause or (type(self).__doc__ or type(self).__name__).strip().splitlines()[0])
        self.place = {
            name: fact if isinstance(fact, int | float) else mask_secrets(str(fact))
            for name, fact in place.items()
            if fact is not None
        }
        if next_step is None:
            self.next_step = _NextStep().vformat(type(self).next_step, (), _Facts(self.place))
        else:
            self.next_step = mask_secrets(next_step)
        super().__init__(self.cause)

    def __str__(self) -> str:
        lines = {
            name if name.isupper() else name.replace("_", " "): str(fact)
            for name, fact in self.place.items()
            if name not in self.unlisted
        }
        lines["next"] = self.next_step
        width = max(map(len, lines)) + 3
        indent = "\n" + " " * (width + 2)
        return "\n".join(
            [self.cause, *(f"  {name:{width}}{text.replace(chr(10), indent)}" for name, text in lines.items())]
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # The arguments are keywords, which the default of Exception cannot give back to __init__.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class WrongUsage(SchemaError):
    """the options contradict each other, or one of them is not known"""

    exit_code = EXIT_USAGE
    next_step = "correct the option, then repeat; to see the options: alembic --help"


class WrongUrl(SchemaError):
    """the database URL cannot be read"""

    exit_code = EXIT_USAGE
    next_step = "write it as sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME"


class UnknownScheme(SchemaError):
    """the database is neither SQLite nor PostgreSQL"""

    exit_code = EXIT_USAGE
    next_step = "write the URL as sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME"


class DriverMissing(SchemaError):
    """the driver of this database is not installed"""

    exit_code = EXIT_USAGE
    unlisted = ("package",)
    next_step = "pip install '{package}'"


class UnknownRevision(SchemaError):
    """there is no such revision"""

    exit_code = EXIT_USAGE
    next_step = "choose one of: alembic history"


class TransactionRefused(SchemaError):
    """the connection is in a transaction of its caller, in which this step could lose data"""

    exit_code = EXIT_USAGE
    next_step = "commit or roll back first, or hand over an Engine or a URL"


class MissingFolder(SchemaError):
    """the folder of the SQLite file does not exist"""

    exit_code = EXIT_DATABASE
    next_step = "mkdir -p {folder}"


class ReadOnlyDatabase(SchemaError):
    """the database may only be read"""

    exit_code = EXIT_DATABASE
    unlisted = ("folder",)
    next_step = "see who may write the file and its folder: ls -la {folder}"


class NotADatabase(SchemaError):
    """the file is not a SQLite database: another kind of file, encrypted, or damaged"""

    exit_code = EXIT_DATABASE
    unlisted = ("file",)
    next_step = "keep it as it is, and see what is left: sqlite3 {file} 'PRAGMA integrity_check'"


class DiskFull(SchemaError):
    """the disk of the database is full"""

    exit_code = EXIT_DISK
    unlisted = ("folder",)
    next_step = "make room, then repeat; to see what there is: df -h {folder}"


class OutputFailed(SchemaError):
    """the output cannot be written"""

    exit_code = EXIT_DISK
    next_step = "make room where it goes, then repeat; to see where the database stands: alembic current"


class DatabaseUnreachable(SchemaError):
    """the database server cannot be reached"""

    exit_code = EXIT_DATABASE
    unlisted = ("host", "port")
    next_step = "start the server or correct the URL; to see whether it answers: pg_isready -h {host} -p {port}"


class DatabaseMissing(SchemaError):
    """the server has no database of this name"""

    exit_code = EXIT_DATABASE
    unlisted = ("host", "port", "name")
    next_step = "correct the URL, or create it: createdb -h {host} -p {port} {name}"


class WrongCredentials(SchemaError):
    """the server refused the user or the password"""

    exit_code = EXIT_DATABASE
    unlisted = ("host", "port", "user", "name")
    next_step = "correct user and password in the URL; to try them: psql -h {host} -p {port} -U {user} {name}"


class NotPermitted(SchemaError):
    """the user of the URL lacks a privilege"""

    exit_code = EXIT_DATABASE
    unlisted = ("schema", "user")
    next_step = "as the owner: GRANT USAGE, CREATE ON SCHEMA {schema!n} TO {user!n}"


class MixedOwners(SchemaError):
    """the tables belong to several roles, and a run works in the name of one; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = "give them all to the role of the application, then repeat: ALTER TABLE name OWNER TO role"


class RowsHidden(SchemaError):
    """row security hides rows from the role, and nothing may be decided from a part of them; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = (
        "for the time of the run, as a superuser: ALTER ROLE {role!n} BYPASSRLS;\n"
        "or, as the owner of each table: ALTER TABLE name NO FORCE ROW LEVEL SECURITY"
    )


class SchemaMissing(SchemaError):
    """the database has no schema of this name"""

    exit_code = EXIT_DATABASE
    next_step = "correct the option, or create it: CREATE SCHEMA {schema!n}"


class DatabaseUnusable(SchemaError):
    """the database cannot be used as it is"""

    exit_code = EXIT_DATABASE
    next_step = "mend what is reported, then repeat: alembic current"


class LockTimeout(SchemaError):
    """another migration held the lock for too long"""

    exit_code = EXIT_LOCK
    next_step = "wait until it has ended, then repeat; to see how far it came: alembic current"


class DatabaseLocked(SchemaError):
    """another program holds the database locked, and SQLite cannot name it"""

    exit_code = EXIT_LOCK
    unlisted = ("file",)
    next_step = "end that program or wait for it, then repeat; to find it: fuser -v {file}"


class UnadoptedDatabase(SchemaError):
    """the database has CTS tables that this package did not make; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = "bring it in: alembic upgrade head; to see first what that does: cts-schema adopt --plan"


class DecisionNeeded(SchemaError):
    """the old database can be brought in only if a person agrees to what is listed; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = (
        "to see the whole plan: cts-schema adopt --plan\n"
        "to agree to all of it: cts-schema adopt --yes (or: alembic -x yes upgrade head)"
    )


class AdoptionBlocked(SchemaError):
    """the old database cannot be brought in as it is; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = "mend what is listed, then repeat: alembic upgrade head"


class AdoptionFailed(SchemaError):
    """what came in is not what was there before; everything was rolled back"""

    exit_code = EXIT_FAULT
    next_step = "report this with the lines above; the old database is as it was"


class BackupFailed(SchemaError):
    """the database could not be copied; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = "see who may write there, then repeat"


class BackupPlaceTaken(SchemaError):
    """there is something where the backup should go; nothing was overwritten"""

    exit_code = EXIT_USAGE
    next_step = "choose another name, or a folder, in which it gets a name of its own"


class NotABackup(SchemaError):
    """there is no backup at this path"""

    exit_code = EXIT_USAGE
    next_step = "give the file that cts-schema backup, pg_dump --format=custom, or sqlite3 .dump has made"


class WrongBackup(SchemaError):
    """the backup is of the other kind of database; nothing was touched"""

    exit_code = EXIT_USAGE
    next_step = "give the URL of a database of that kind: cts-schema restore {backup} --url URL"


class BackupDamaged(SchemaError):
    """the backup is not what it was when it was made; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = "use another backup; whoever trusts this file all the same moves its manifest away"


class TargetNotEmpty(SchemaError):
    """the database is not empty, and would be replaced; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = "to replace it, and keep what is there aside: repeat with --force"


class RestoreFailed(SchemaError):
    """the backup could not be restored; the database is as it was"""

    exit_code = EXIT_DATABASE
    next_step = "mend what is reported (a role that is missing: CREATE ROLE name), then repeat"


class ProgramMissing(SchemaError):
    """a client program of PostgreSQL is not installed"""

    exit_code = EXIT_USAGE
    unlisted = ("server",)
    next_step = (
        "install the client of PostgreSQL {server} or newer: apt install postgresql-client-{server}\n"
        "where it is there already: CTS_PG_BIN=FOLDER says in which folder"
    )


class ProgramTooOld(SchemaError):
    """a client program of PostgreSQL is older than the server"""

    exit_code = EXIT_USAGE
    next_step = (
        "install the client of PostgreSQL {server} or newer: apt install postgresql-client-{server}\n"
        "where it is there already: CTS_PG_BIN=FOLDER says in which folder"
    )


class ChangedSince(SchemaError):
    """the new tables have changed since the adoption, and that would be lost; nothing was touched"""

    exit_code = EXIT_DECISION
    next_step = "to lose it all the same: cts-schema adopt --undo --discard-new"


class DataWouldBeDropped(SchemaError):
    """a downgrade would drop what is listed, and needs a yes; nothing was done"""

    exit_code = EXIT_DECISION
    next_step = (
        "to go on: cts-schema downgrade {revision} --yes, or: alembic -x yes downgrade {revision}\n"
        "what goes is preserved in tables cts_kept_<revision>_<table>, and restored by an upgrade"
    )


class StillNeeded(SchemaError):
    """something that is not of this package needs what goes; nothing was done"""

    exit_code = EXIT_DECISION
    next_step = "keep the definition of what is listed, drop it, repeat; create it again after the next upgrade"


class DatabaseNewer(SchemaError):
    """the database is newer than this package"""

    exit_code = EXIT_DATABASE
    unlisted = ("known",)
    next_step = "install the version that made it, or roll back with that version: alembic downgrade {known}"


class ProxyBetween(SchemaError):
    """a proxy stands before the server, and this needs sessions of its own; nothing was done"""

    exit_code = EXIT_DATABASE
    next_step = "repeat with the address of the server itself: --url postgresql://USER@SERVER:5432/NAME"


class CannotListen(SchemaError):
    """nothing can be served at this address"""

    exit_code = EXIT_USAGE
    next_step = "end what listens there, or choose another one: cts-schema serve --port 3001"


class NotAtHead(SchemaError):
    """the database was not brought to head in time"""

    exit_code = EXIT_FINDINGS
    next_step = "see whether anybody migrates it: cts-schema status; to do it: alembic upgrade head"


class NotInProduction(SchemaError):
    """examples do not go into a production database; nothing was done"""

    exit_code = EXIT_USAGE
    next_step = "seed another environment, or what every installation needs: cts-schema seed production"


class RowsOfOthers(SchemaError):
    """the database has rows of somebody's own, among which examples would be taken for real; nothing was done"""

    exit_code = EXIT_DECISION
    next_step = "seed a database of its own: cts-schema seed {data_set} --url URL"


class FalseVersion(SchemaError):
    """the version table names a revision that the database has never been at; nothing was touched"""

    exit_code = EXIT_DATABASE
    unlisted = ("table",)
    next_step = (
        "if tables were dropped: cts-schema restore BACKUP; to have them back empty: cts-schema repair missing-table\n"
        "if the old application has made it and something else has stamped it: DROP TABLE {table!n}, then\n"
        "alembic upgrade head, which brings it in"
    )


class LedgerNotWritten(SchemaError):
    """the database left out a row that says what is applied, and reported no error; everything was rolled back"""

    exit_code = EXIT_DATABASE
    next_step = "find out what keeps the database from writing these rows, then repeat"


class ForeignRevision(SchemaError):
    """the version table belongs to another application"""

    exit_code = EXIT_DATABASE
    next_step = (
        "give this package a version table of its own: alembic -x version_table=cts_alembic_version upgrade head"
    )


class OtherSchema(SchemaError):
    """the search path finds tables in another schema than the one that new tables would go to; nothing was touched"""

    exit_code = EXIT_DATABASE
    next_step = (
        "put the schema that is meant first in the search path, or name it: alembic -x schema={schema} upgrade head"
    )


class SeveralHeads(SchemaError):
    """there is more than one current revision, where there may be one"""

    exit_code = EXIT_DATABASE
    next_step = "find out which one is right, then: alembic stamp --purge REVISION"


class RevisionFailed(SchemaError):
    """a revision failed; its whole transaction was rolled back"""

    exit_code = EXIT_FAULT
    next_step = (
        "to see where the database stands: alembic current;\nto see the whole story: alembic --raiseerr upgrade head"
    )


class NameTaken(RevisionFailed):
    """something of yours has the name of a table that an upgrade makes or restores; everything was rolled back"""

    exit_code = EXIT_DATABASE
    unlisted = ("rename",)
    next_step = (
        "keep it under another name, then repeat the upgrade: {rename}\n"
        "its rows can be copied into the table of the package afterwards"
    )


class ForeignKeyViolations(SchemaError):
    """rows would have lost the row they refer to; everything was rolled back"""

    exit_code = EXIT_DATABASE
    next_step = "mend or remove these rows, then repeat: alembic upgrade head"


class RepairFailed(SchemaError):
    """a repair failed; what it had not committed was rolled back"""

    exit_code = EXIT_DATABASE
    next_step = "see what was to be done: cts-schema repair --plan; all but this: cts-schema repair CODE..."


class HoldingTaken(SchemaError):
    """the schema that is to hold the old tables is there already"""

    exit_code = EXIT_DECISION
    unlisted = ("schema",)
    next_step = (
        "if it holds the old tables of an earlier adoption, and nobody needs them: cts-schema adopt --finalize\n"
        "if it is yours: ALTER SCHEMA {schema} RENAME TO another_name"
    )


class StillInUse(SchemaError):
    """something of yours depends on tables that would be dropped; nothing was dropped"""

    exit_code = EXIT_DECISION
    next_step = "drop or change what is listed, then repeat"


class NoAdoption(SchemaError):
    """there is no adoption to undo"""

    exit_code = EXIT_USAGE
    next_step = "see where the database stands: cts-schema status"
