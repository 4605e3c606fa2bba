"""The next step of an error, for those who have `cts-schema` at hand: its commands instead of those of alembic."""

from __future__ import annotations

import re

_ALEMBIC = re.compile(
    r"\balembic(?P<raiseerr> --raiseerr)?(?P<options>(?: -x \w+=\S+)*)"
    r" (?P<command>upgrade(?: head)?|downgrade|current|history|--help)"
)
_COMMANDS = {"upgrade head": "upgrade", "current": "status"}


def in_our_words(next_step: str) -> str:
    """Return a next step that names commands of alembic with those of this program, which need no alembic.ini."""

    def ours(found: re.Match[str]) -> str:
        options = re.findall(r" -x (\w+)=(\S+)", found["options"])
        words = ["cts-schema", _COMMANDS.get(found["command"], found["command"])]
        words += [f"--{name.replace('_', '-')} {value}" for name, value in options]
        return " ".join(words + ["--debug"] * bool(found["raiseerr"]))

    return _ALEMBIC.sub(ours, next_step)
