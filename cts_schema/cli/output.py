"""What the program prints: lines, tables, JSON and errors. Colours only at a terminal."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from cts_schema.exceptions import NextStep, SchemaError, mask_secrets, of_cts_schema
from cts_schema.streams import written


def print_line(line: str, style: str | None = None) -> None:
    """Print a line on stdout.

    Args:
        line: the text; line breaks and other control characters in it are escaped.
        style: a style of rich, for a terminal.
    """
    _write(sys.stdout, _visible(line), style)


def print_facts(facts: Mapping[str, str | None]) -> None:
    """Print names and values below each other, without the values that are None."""
    known = {name: value for name, value in facts.items() if value is not None}
    width = max(map(len, known))
    for name, value in known.items():
        print_line(f"{name:{width}}  {value}")


def print_table(heading: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str | None]) -> None:
    """Print rows in columns as wide as their cells. A row is one line, however long."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    for row, style in zip([heading, *rows], ["bold", *styles], strict=True):
        print_line("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip(), style)


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout."""
    _write(sys.stdout, _json(answer))


def print_error(error: SchemaError, *, as_json: bool, traceback_text: str | None) -> None:
    """Print an error on stderr.

    Args:
        error: what went wrong.
        as_json: as one JSON object.
        traceback_text: the traceback to print before it, if any.
    """
    traceback_text = None if traceback_text is None else mask_secrets(traceback_text)
    if as_json:
        step = error.next_step.worded(of_cts_schema)
        fields = {"error": error.cause, "place": error.place, "next": step, "exit_code": error.exit_code}
        _write(sys.stderr, _json(fields if traceback_text is None else fields | {"traceback": traceback_text}))
        return
    if traceback_text is not None:
        _write(sys.stderr, traceback_text.rstrip())
    first, *rest = f"error: {error.worded(of_cts_schema)}".split("\n")
    _write(sys.stderr, _visible(first), "bold red")
    for line in rest:
        _write(sys.stderr, _visible(line))


def never_fail_to_encode() -> None:
    """Write a character that the encoding of a stream lacks as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def worded(value: object) -> str | None:
    """Return a text, or a next step with the commands of this program; None for None."""
    if isinstance(value, NextStep):
        return value.worded(of_cts_schema)
    return None if value is None else str(value)


def _json(answer: Mapping[str, Any]) -> str:
    return json.dumps(answer, indent=2, default=worded)


def _visible(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], text)


def _write(stream: TextIO, text: str, style: str | None = None) -> None:
    with written(stream):
        if style is not None and stream.isatty():
            from rich.console import Console

            Console(file=stream).print(text, style=style, markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            print(text, file=stream, flush=True)
