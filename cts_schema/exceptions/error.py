"""The base class of all errors: a cause, a place, an exit code and the next step."""

import copyreg
from typing import Any, ClassVar

from cts_schema.exceptions.next_step import NextStep, Words, in_code
from cts_schema.masking import mask_secrets as mask_secrets
from cts_schema.masking import mask_url as mask_url

EXIT_OK = 0
EXIT_FINDINGS = 1  # findings, or the database is not at head
EXIT_USAGE = 2
EXIT_DATABASE = 3  # not reachable, or not usable
EXIT_LOCK = 4
EXIT_DECISION = 5
EXIT_DISK = 6
EXIT_FAULT = 70  # a bug in this package
EXIT_INTERRUPTED = 130  # what a shell says of a program ended by Ctrl-C


def first_line(text: object) -> str:
    """The first line of a text, with secrets masked. Further lines of a driver may quote the values of a row."""
    lines = mask_secrets(str(text)).strip().splitlines()
    return lines[0] if lines else ""


def in_a_line(error: BaseException) -> str:
    """The class of an error, and the first line of its message or of its driver's."""
    return f"{type(error).__name__}: {first_line(getattr(error, 'orig', None) or error)}"


class SchemaError(Exception):
    """the schema of the database could not be handled"""

    exit_code: ClassVar[int] = EXIT_FAULT
    unlisted: ClassVar[tuple[str, ...]] = ()
    """Facts that only the next step mentions."""
    next_step: NextStep = NextStep("report this with the lines above")

    def __init__(self, *, cause: str | None = None, next_step: NextStep | str | None = None, **place: object) -> None:
        """Make the error.

        Args:
            cause: replaces the first line of the class's docstring.
            next_step: replaces the class's next step; a text is shown as it is.
            place: facts to list, in this order, without those that are None.
        """
        self.cause = mask_secrets(cause or (type(self).__doc__ or type(self).__name__).strip().splitlines()[0])
        self.place = {
            name: fact if isinstance(fact, int | float) else mask_secrets(str(fact))
            for name, fact in place.items()
            if fact is not None
        }
        step = NextStep.of(next_step) if isinstance(next_step, str) else next_step or type(self).next_step
        self.next_step = step.about(self.place)
        super().__init__(self.cause)

    def __str__(self) -> str:
        return self.worded(in_code)

    def worded(self, words: Words) -> str:
        """Return the whole message, with the commands of a front end."""
        lines = {
            name if name.isupper() else name.replace("_", " "): str(fact)
            for name, fact in self.place.items()
            if name not in self.unlisted
        }
        lines["next"] = self.next_step.worded(words)
        width = max(map(len, lines)) + 3
        indent = "\n" + " " * (width + 2)
        return "\n".join(
            [self.cause, *(f"  {name:{width}}{text.replace(chr(10), indent)}" for name, text in lines.items())]
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # The default of Exception cannot pass keyword arguments to __init__.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]
