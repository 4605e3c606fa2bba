"""The next step of an error, as a value: a sentence with commands, which each front end words for its reader."""

from __future__ import annotations

import re
import shlex
import string
from collections.abc import Callable, Mapping
from typing import Any

from cts_schema.masking import mask_secrets


def as_sql(name: str) -> str:
    """A name as SQL accepts it, for display: in quotes only if it needs them."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*|<\w+>", name) else '"' + name.replace('"', '""') + '"'


class NextCommand:
    """A command of this package with its options, independent of a front end.

    Args:
        name: the command; ``help`` for its options, empty for options alone.
        arguments: ``{fact}`` stands for that fact of the error.
        options: those of `cts-schema`; True for an option without a value.
    """

    def __init__(self, name: str, *arguments: str, **options: object) -> None:
        self.name = name
        self.arguments = arguments
        self.options: Mapping[str, object] = options

    def about(self, facts: Mapping[str, Any]) -> NextCommand:
        """Return the command with the facts of an error."""

        def known(value: object) -> object:
            if not isinstance(value, str):
                return value
            found = re.fullmatch(r"\{(\w+)\}", value)
            return mask_secrets(str(facts[found[1]]) if found else value)

        options = {name: known(value) for name, value in self.options.items()}
        return NextCommand(self.name, *(str(known(argument)) for argument in self.arguments), **options)


Words = Callable[[NextCommand], str]
"""How a front end words a command."""


class NextStep:
    """What to do about an error.

    Args:
        text: a `str.format` template: ``{}`` stands for the next command, ``{fact}`` for a fact of the error, and
            ``{fact!n}`` for a fact that is a name, quoted for SQL.
        commands: those of this package that the text mentions.
    """

    def __init__(self, text: str, *commands: NextCommand) -> None:
        self._text = text
        self._commands = commands
        self._facts = _Facts()

    @classmethod
    def of(cls, text: str) -> NextStep:
        """Return a next step that shows a text as it is, with secrets masked."""
        return cls(mask_secrets(text).replace("{", "{{").replace("}", "}}"))

    def about(self, facts: Mapping[str, Any]) -> NextStep:
        """Return the next step of an error with these facts."""
        step = NextStep(self._text, *self._commands)
        step._facts = _Facts(facts)
        return step

    def worded(self, words: Words) -> str:
        """Return the text with the commands of a front end."""
        commands = [words(command.about(self._facts)) for command in self._commands]
        return _Formatter().vformat(self._text, commands, self._facts)

    def __str__(self) -> str:
        return self.worded(in_code)


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"<{key}>"  # an unknown fact, for the reader to fill in


class _Formatter(string.Formatter):
    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion != "n":
            return super().convert_field(value, conversion)
        return as_sql(str(value))


# The front ends. HTTP, which has routes for some commands, is in cts_schema.web.schemas.

_OF_ALEMBIC = {
    "": "",
    "downgrade": "downgrade",
    "help": "--help",
    "history": "history",
    "status": "current",
    "upgrade": "upgrade",
}
_FUNCTIONS = {"plan": "plan_adoption", "undo": "undo_adoption", "finalize": "finalize_adoption"}
_NO_FUNCTION = ("history", "serve")


def of_alembic(command: NextCommand) -> str:
    """Word a command for users of ``alembic``; a command that Alembic lacks is one of ``cts-schema``."""
    name, arguments = command.name, list(command.arguments)
    if name == "adopt" and command.options == {"yes": True}:
        name = "upgrade"  # which adopts
    if name not in _OF_ALEMBIC:
        return of_cts_schema(command)
    words = ["alembic"] * bool(name)
    for option, value in command.options.items():
        words += (
            ["--raiseerr"] if option == "debug" else ["-x", option if value is True else f"{option}={_typed(value)}"]
        )
    words += [_OF_ALEMBIC[name], *map(_typed, arguments or ["head"] * (name == "upgrade"))]
    return " ".join(filter(None, words))


def of_cts_schema(command: NextCommand) -> str:
    """Word a command for users of ``cts-schema``."""
    words = ["cts-schema"] * bool(command.name)
    words += ["--help" if command.name == "help" else command.name, *map(_typed, command.arguments)]
    for option, value in command.options.items():
        words += [f"--{option.replace('_', '-')}", *([] if value is True else [_typed(value)])]
    return " ".join(filter(None, words))


def in_code(command: NextCommand) -> str:
    """Word a command for callers of a function, which they gave ``target``."""
    if command.name in _NO_FUNCTION:
        return of_cts_schema(command)
    if command.name == "help":
        return "help(cts_schema)"
    if "debug" in command.options:
        return "the __cause__ of this error"
    options = {name: value for name, value in command.options.items() if name != "url"}
    function = command.name
    if function == "adopt":
        mode = next(filter(_FUNCTIONS.__contains__, options), None)
        function = _FUNCTIONS.get(mode or "", function)
        options.pop(mode or "", None)
    target = repr(command.options["url"]) if "url" in command.options else "target"
    given = [repr(argument) for argument in command.arguments]
    if function == "repair":
        given = [f"[{', '.join(given)}]"] * bool(given)
    given.insert(len(given) if function == "restore" else 0, target)
    named = [f"{name}={value!r}" for name, value in options.items()]
    if not function:
        return ", ".join([target] * ("url" in command.options) + named)
    return f"cts_schema.{function}({', '.join(given + named)})"


def _typed(value: object) -> str:
    """Return a value, quoted for a shell."""
    text = str(value)
    return text if re.fullmatch(r"<\w+>", text) else shlex.quote(text)
