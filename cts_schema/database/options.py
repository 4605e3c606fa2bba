"""The options of a run, wherever they come from: a function's arguments, ``-x`` or alembic.ini."""

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
}
Orphans = Literal["quarantine", "fail"]

# In bytes, on PostgreSQL; the primary key of the version table is called as the table, with "_pkc" behind it.
_LONGEST = {"version_table": 59, "schema": 63}


@dataclass(frozen=True)
class Options:
    """How a run works.

    Attributes:
        version_table: the table with the current revision; another one where the database has an Alembic of its own.
        schema: the PostgreSQL schema to work in; None means the first one of the search path.
        wait: seconds to wait for locks, in all.
        yes: agree to the decisions that the adoption of an old database asks for.
        may_drop: let a downgrade drop what has values; it is preserved, and restored on the way up.
        orphans: what an adoption does with rows whose parent is gone: keep them in ``adoption_leftovers``, or stop.
        checkpoint: let a new database get its schema by a script, see :mod:`cts_schema.migration.checkpoint`.
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
        """How PostgreSQL is told to wait for a lock; 0 would mean for ever there."""
        return min(max(1, int(self.wait * 1000)), 2**31 - 1)

    @classmethod
    def from_config(cls, config: Config, x_arguments: Mapping[str, str]) -> Options:
        """Return the options in ``config.attributes``, or else those of ``-x`` and the ini file.

        Raises:
            WrongUsage: an ``-x`` argument that is not known, or whose value cannot be read.
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
            may_drop=yes or config.cmd_opts is None,  # who calls from code has decided
            orphans=orphans_of(x_arguments.get("orphans", "quarantine")),
            checkpoint=_yes("checkpoint", x_arguments.get("checkpoint", "yes")),
        )

    def require_fit(self, url: sa.URL) -> None:
        """Check that the options make sense for a database.

        Raises:
            WrongUsage: a schema in SQLite, or a name that the database does not take as it is.
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
        return "a name has at least one character, and no NUL"
    if longest is not None and len(name.encode(errors="replace")) > longest:
        return f"its name may have {longest} bytes at most: PostgreSQL would cut it off"
    if longest is None and name.lower().startswith("sqlite_"):
        return "SQLite keeps names that begin with sqlite_ for itself"
    if longest is not None and name.startswith("pg_"):
        return "PostgreSQL keeps names that begin with pg_ for itself"
    return None


def orphans_of(text: str) -> Orphans:
    """Return what is to be done with orphans.

    Raises:
        WrongUsage: it is neither of the two words.
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
