"""Masks columns of credentials in tables within a text: CSV, psql and Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_LINE_END = re.compile(r"(\r?\n|(?:\\r)?\\n)")
_RULE = re.compile(r"\s*[|+:=-][\s|+:=-]*")
# Words may precede the name of the first column.
_NAME = re.compile(r"(?:.*:\s++)?\\*[\"'`]?(?P<name>[A-Za-z_][\w .-]{0,62}?)?\\*[\"'`]?")
_LONGEST, _MOST_LINES = 200, 50  # characters of a name and what stands before it, lines of a value


@dataclass(frozen=True)
class _Header:
    """The header of a table: the separator, the number of columns, and which of them hold credentials."""

    separator: str
    columns: int
    secret: tuple[int, ...]


def mask_columns(text: str, is_secret: Callable[[str], bool], mask: str) -> str:
    """Return a text with a mask for each value in a column of credentials.

    Args:
        text: any text; a line of names begins a table, and a line with another number of cells ends it.
        is_secret: returns whether a name is that of a credential.
        mask: replaces a value.
    """
    lines = _LINE_END.split(text)
    header: _Header | None = None
    at = 0
    while at < len(lines):
        rule = _RULE.fullmatch(lines[at])
        row = None if header is None or rule else _row(lines, at, header)
        if header is not None and row is not None:
            for place in header.secret:
                row.cells[place] = re.sub(r"\S(?:.*\S)?", mask, row.cells[place], count=1, flags=re.DOTALL)
            lines[at : row.end] = [header.separator.join(row.cells), *[""] * (row.end - at - 1)]
            at = row.end
        else:
            header = header if rule else _header(lines[at], is_secret)
            at += 1
        at += 1  # behind the end of the line
    return "".join(lines)


@dataclass(frozen=True)
class _Row:
    """The cells of a row, and the number of the next line."""

    cells: list[str]
    end: int


def _row(lines: Sequence[str], at: int, header: _Header) -> _Row | None:
    """Return the row that begins in a line, None if the line does not belong to the table."""
    end = at + 1
    text = lines[at]
    while text.count('"') % 2 and end - at < 2 * _MOST_LINES and end + 1 < len(lines):
        text += lines[end] + lines[end + 1]  # a value in quotes goes over several lines
        end += 2
    for last, row in ((end, text), (at + 1, lines[at])):
        cells = _cells(row, header.separator)
        if len(cells) == header.columns:
            return _Row(cells, last)
    return None


def _header(line: str, is_secret: Callable[[str], bool]) -> _Header | None:
    for separator in ",;\t|":
        if separator not in line:
            continue
        cells = _cells(line, separator)
        names = [_NAME.fullmatch(cell.strip()) for cell in cells] if max(map(len, cells)) <= _LONGEST else []
        if names and all(names):
            secret = [
                place for place, found in enumerate(names) if found and found["name"] and is_secret(found["name"])
            ]
            return _Header(separator, len(names), tuple(secret)) if secret else None
    return None


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line; quoted text is one cell."""
    if '"' not in line:
        return line.split(separator)
    cell = re.compile(rf'(?:"[^"]*"|[^{re.escape(separator)}])*+')
    cells, at = [], 0
    while found := cell.match(line, at):
        cells.append(found[0])
        at = found.end() + 1
        if at > len(line):
            break
    return cells
