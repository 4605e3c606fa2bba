"""The program ``cts-schema``: one thin command per file, over the functions that an application calls.

A command returns its exit code and raises its errors. ``main`` prints an error on stderr: the cause, the place and the
next command; with ``--json`` as one object.
"""

# ruff: noqa: N818 - as in cts_schema.exceptions, an error is named after what happened

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from cts_schema.cli import probe
from cts_schema.cli.output import never_fail_to_encode, print_error
from cts_schema.exceptions import EXIT_OK, Interrupted, OutputFailed, SchemaError, WrongUsage, in_a_line
from cts_schema.streams import failed, open_what_is_closed

PROGRAM = "cts-schema"


class Fault(SchemaError):
    """a bug in this program"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    Args:
        arguments: of the program; by default those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    open_what_is_closed()
    never_fail_to_encode()
    error: SchemaError
    try:
        return _run(given)
    except KeyboardInterrupt:
        error, traceback_text = Interrupted(), None
    except SchemaError as raised:
        error, traceback_text = raised, traceback.format_exc() if "--debug" in given else None
    except Exception as raised:  # the bug may not occur again, so show its traceback without --debug
        if (
            isinstance(raised, OSError) and raised.errno == errno.ENOSPC and raised.filename is None
        ):  # the text of --help
            error, traceback_text = failed(sys.stdout, raised), None
        else:
            error, traceback_text = Fault(reported=in_a_line(raised)), traceback.format_exc()
    with suppress(OutputFailed):  # the exit code still reports the error
        # Not read by the parser, because it applies to errors of the parser, too.
        print_error(error, as_json="--json" in given, traceback_text=traceback_text)
    return error.exit_code


def _run(arguments: list[str]) -> int:
    """Parse the arguments and run the command.

    Raises:
        WrongUsage: the arguments cannot be read, or the libraries that read them are not installed.
    """
    if (options := probe.parse(arguments)) is not None:
        probe.wait(**options)
        return EXIT_OK
    try:
        import rich  # noqa: F401  output.py needs it at a terminal, where it is too late for this error
        import typer

        from cts_schema.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        raise WrongUsage(
            cause="the command line is not installed", missing=error.name, next_step="pip install 'cts-schema[cli]'"
        ) from error
    try:
        code = typer.main.get_command(app).main(arguments or ["--help"], prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        message = error.format_message().rstrip(".")
        raise WrongUsage(
            cause=message[:1].lower() + message[1:],
            next_step=f"{PROGRAM if context is None else context.command_path} --help",
        ) from error
    except typer.Abort:  # Ctrl-C or the end of the input at a question; end its line
        typer.echo(err=True)
        raise KeyboardInterrupt from None
    except SystemExit:  # only if the reader of the help has closed the pipe
        return EXIT_OK
    if code == Interrupted.exit_code:
        raise KeyboardInterrupt
    return int(code or 0)
