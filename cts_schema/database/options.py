"""The options of a run: from the arguments of a function, ``-x`` or alembic.ini."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.exceptions import WrongUsage, mask_url

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "alembic_version"
_X_OPTIONS = {
    "url": "=...",
    "version_table": "=...",
    "schema": "=...",
    "wait": "=...",
    "yes": "",
    "orphans": "=...",
    "checkpoint": "=no",
    "drop": "=TABLE",
    "against": "=database",
    "rename": "=TABLE.COLUMN:NEW",
}
Orphans = Literal["quarantine", "fail"]

# Bytes on PostgreSQL; the primary key of the version table has its name plus "_pkc".
_LONGEST = {"version_table": 59, "schema": 63}


@dataclass(frozen=True)
class Options:
    """The options of a run.

    Attributes:
        version_table: the table with the current revision; another name if the application uses ``alembic_version``.
        schema: the PostgreSQL schema to work in; None means the first one of the search path.
        wait: seconds to wait for locks, in total.
        yes: agree to the decisions of an adoption.
        may_drop: let a downgrade drop values; it preserves them, and an upgrade restores them.
        orphans: what an adoption does with orphans: move them to ``adoption_leftovers``, or stop.
        checkpoint: create the schema of a new database by a script, see :mod:`cts_schema.migration.checkpoint`.
    """

    version_table: str = VERSION_TABLE
    schema: str | None = None
    wait: float = 60.0
    yes: bool = False
    may_drop: bool = True
    orphans: Orphans = "quarantine"
    checkpoint: bool = True

    @property
    def milliseconds(self) -> int:
        """The lock timeout for PostgreSQL, where 0 would mean no timeout."""
        return min(max(1, int(self.wait * 1000)), 2**31 - 1)

    @classmethod
    def from_config(cls, config: Config, x_arguments: Mapping[str, str]) -> Options:
        """Return the options in ``config.attributes``, or those of ``-x`` and the ini file.

        Raises:
            WrongUsage: an ``-x`` argument is unknown, or its value cannot be read.
        """
        given = config.attributes.get("options")
        if isinstance(given, cls):
            return given
        for name in x_arguments:
            if name not in _X_OPTIONS:
                known = ", ".join(f"-x {known}{value}" for known, value in _X_OPTIONS.items())
                raise WrongUsage(option=f"-x {name}=...", known=known)
        yes = _yes("yes", x_arguments.get("yes", "no"))
        return cls(
            version_table=x_arguments.get("version_table") or config.get_main_option("version_table") or VERSION_TABLE,
            schema=x_arguments.get("schema") or config.get_main_option("schema") or None,
            wait=_seconds(x_arguments.get("wait", "60")),
            yes=yes,
            may_drop=yes or config.cmd_opts is None,  # a caller from code has decided
            orphans=orphans_of(x_arguments.get("orphans", "quarantine")),
            checkpoint=_yes("checkpoint", x_arguments.get("checkpoint", "yes")),
        )

    def require_fit(self, url: sa.URL) -> None:
        """Check that the options fit a database.

        Raises:
            WrongUsage: SQLite was given a schema, or the database would change a name.
        """
        in_a_file = dialects.of(url).in_a_file
        if self.schema is not None and in_a_file:
            raise WrongUsage(
                option=f"schema={self.schema}", database=mask_url(url), reason="only PostgreSQL has schemas"
            )
        longest = {} if in_a_file else _LONGEST
        for option, name in (("version_table", self.version_table), ("schema", self.schema)):
            if name is not None and (reason := _unfit(name, longest.get(option))):
                raise WrongUsage(option=f"{option}={name!r}", database=mask_url(url), reason=reason)


def _unfit(name: str, longest: int | None) -> str | None:
    if not name or "\0" in name:
        return "a name has at least one character and no NUL"
    if longest is not None and len(name.encode(errors="replace")) > longest:
        return f"the name may have {longest} bytes at most: PostgreSQL would truncate it"
    if longest is None and name.lower().startswith("sqlite_"):
        return "SQLite reserves names that begin with sqlite_"
    if longest is not None and name.startswith("pg_"):
        return "PostgreSQL reserves names that begin with pg_"
    return None


def orphans_of(text: str) -> Orphans:
    """Return what to do with orphans.

    Raises:
        WrongUsage: it is neither ``quarantine`` nor ``fail``.
    """
    if text == "quarantine":
        return "quarantine"
    if text == "fail":
        return "fail"
    raise WrongUsage(option=f"orphans={text}", expected="quarantine or fail")


def _yes(name: str, text: str) -> bool:
    if text not in ("", "yes", "no"):
        raise WrongUsage(option=f"-x {name}={text}", expected=f"-x {name}, -x {name}=no, or nothing")
    return text != "no"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise WrongUsage(option=f"-x wait={text}", expected="a number of seconds, 0 or more")
    return seconds
