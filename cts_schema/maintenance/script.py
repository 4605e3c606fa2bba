"""Parses a script for PostgreSQL into statements, by tokens: literals, comments and COPY data contain none.

It yields only SQL and COPY data. It refuses a backslash outside of them, which is a command for psql.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NoReturn

from cts_schema.exceptions import BackupDamaged, NotABackup

_TOKEN = re.compile(
    rb"""(?P<space>\s+|--[^\n\r]*)|(?P<comment>/\*)|(?P<prefix>[eEbBxX])?(?P<quote>')|(?P<name>")
    |(?P<tag>\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$)|(?P<word>[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*)
    |(?P<number>[0-9][A-Za-z0-9_$.\x80-\xff]*)|(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTED = {  # what is met inside, up to the first match of one byte
    "literal": re.compile(rb"''|'"),
    "escapes": re.compile(rb"\\.|''|'", re.DOTALL),
    "name": re.compile(rb'""|"'),
}
_NESTED = re.compile(rb"/\*|\*/")
_OF_PG_DUMP = re.compile(rb"\\(un)?restrict [A-Za-z0-9]+\s*")
_COMMAND_OF_PSQL = re.compile(rb"\\\S{0,20}")
_END_OF_DATA = (b"\\.\n", b"\\.\r\n", b"\\.")
_STAYS = "the script leaves its database or its transaction"
_OF_PSQL = "the script has a command for psql, but a restore accepts only SQL and COPY data"
_OPENING = 12  # tokens that identify a statement, before its first parenthesis

_TRANSACTION = frozenset(b"BEGIN START COMMIT END ABORT ROLLBACK SAVEPOINT RELEASE".split())
_LEAVES = (b"PREPARE TRANSACTION", b"CREATE DATABASE", b"DROP DATABASE")
_BEGINS_SCRIPT = _TRANSACTION | frozenset(
    b"SET SELECT CREATE DROP ALTER INSERT UPDATE DELETE COPY COMMENT PRAGMA DO GRANT REVOKE TRUNCATE WITH".split()
)
_GAP = rb"(?:\s|--[^\n\r]*[\n\r]|/\*(?:[^*]|\*(?!/))*\*/)+"
_SCHEMA = re.compile(
    rb"CREATE%(gap)bSCHEMA%(gap)b(?:IF%(gap)bNOT%(gap)bEXISTS%(gap)b)?(?:AUTHORIZATION%(gap)b)?"
    rb'("(?:[^"]|"")+"|[\w$\x80-\xff]+)' % {b"gap": _GAP},
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes:
        line: the number of its first line.
        sql: its text, without the semicolon.
        words: its first words outside of parentheses, in capitals; ``"`` represents a quoted name or literal.
        data: the lines after a ``COPY ... FROM stdin``, otherwise None. Unread lines are skipped.
    """

    line: int
    sql: bytes
    words: tuple[bytes, ...]
    data: Iterator[bytes] | None


def statements(lines: Iterable[bytes], path: Path, *, of_pg_restore: bool = False) -> Iterator[Statement]:
    """Yield the statements of a script.

    Args:
        lines: the script.
        path: its source, for the text of an error.
        of_pg_restore: skip BEGIN and COMMIT, which that program writes around large objects.

    Raises:
        NotABackup: the script has other contents than SQL and COPY data, leaves its transaction or its database, or
            uses files and programs of the server.
        BackupDamaged: it ends within a statement or COPY data.
    """
    own = ((b"BEGIN",), (b"COMMIT",)) if of_pg_restore else ()
    return _Reader(lines, path, own).statements()


def begins_as_script(head: bytes) -> bool:
    """Return whether a file begins like a script."""
    reader = _Reader(BytesIO(head), Path())
    try:
        first = next(reader.statements(), None)
    except BackupDamaged:  # the head is incomplete
        return reader.words[:1] != [] and reader.words[0] in _BEGINS_SCRIPT
    except NotABackup:  # reading it will report why
        return not reader.words or reader.words[0] in _BEGINS_SCRIPT
    return first is not None and first.words[:1] != () and first.words[0] in _BEGINS_SCRIPT


def schemas_of(lines: Iterable[bytes], path: Path) -> list[str]:
    """Return the schemas that a script creates, by reading all of it.

    Raises:
        NotABackup, BackupDamaged: see `statements`.
    """
    found = (_SCHEMA.match(statement.sql) for statement in statements(lines, path))
    names = [match[1] for match in found if match]
    plain = (name[1:-1].replace(b'""', b'"') if name.startswith(b'"') else name.lower() for name in names)
    return list(dict.fromkeys(name.decode(errors="replace") for name in plain))


class _Reader:
    def __init__(self, lines: Iterable[bytes], path: Path, skipped: tuple[tuple[bytes, ...], ...] = ()) -> None:
        self._lines = iter(lines)
        self._path = path
        self._skipped = skipped
        self._number = 0
        self._ordinary = "literal"  # a literal without a prefix: "escapes" where a backslash is none of its characters
        self._forget()

    def _forget(self) -> None:
        """Start a new statement."""
        self.words: list[bytes] = []
        self._parts: list[bytes] = []
        self._first = 0
        self._within = ""  # the kind of the open literal, name, dollar quote or comment
        self._tag = b""
        self._comments = 0  # their depth
        self._parentheses = 0
        self._bodies = 0  # BEGIN ATOMIC and CASE in the body of a function
        self._goes_on = ""  # the kind of the previous literal, which one after a line break continues
        self._names = False  # after a dot a word is a name, even if it is a keyword

    def statements(self) -> Iterator[Statement]:
        for line in self._numbered():
            at = begun = 0
            if not self._parts and not self._within and _OF_PG_DUMP.fullmatch(line):
                continue
            while at < len(line):
                if self._within:
                    at = self._end_of_quoted(line, at)
                    continue
                token = _token(line, at)
                if not self._first and not token["space"] and not token["comment"] and token["sign"] != b";":
                    self._first, begun = self._number, at
                at = token.end()
                if token["sign"] == b";" and not self._parentheses and not self._bodies:
                    if self._first and tuple(self.words) not in self._skipped:
                        self._parts.append(line[begun : token.start()])
                        found = self._statement(line[at:])
                        yield found
                        deque(found.data or (), maxlen=0)
                    self._forget()
                    begun = at
                else:
                    self._take(token)
            if self._first:
                self._parts.append(line[begun:])
        if self._first or self._within:
            self._damaged("the script ends within a statement: a part is missing", self._first or self._number)

    def _numbered(self) -> Iterator[bytes]:
        for line in self._lines:
            self._number += 1
            yield line

    def _take(self, token: re.Match[bytes]) -> None:
        kind = token.lastgroup or ""
        if kind == "space":
            return
        if kind == "comment":
            self._within, self._comments = "comment", 1
            return
        before, self._goes_on = self._goes_on, ""
        names, self._names = self._names, token["sign"] == b"."
        if kind == "quote":
            prefix = (token["prefix"] or b"").upper()
            self._within = "escapes" if prefix == b"E" else "literal" if prefix else before or self._ordinary
            self._word(b'"')
        elif kind == "name":
            self._within = "name"
            self._word(b'"')
        elif kind == "tag":
            self._within, self._tag = "dollars", token[0]
            self._word(b'"')
        elif kind == "word":
            self._word(b'"' if names else token[0].upper())
        elif kind == "sign":
            self._sign(token)

    def _sign(self, token: re.Match[bytes]) -> None:
        sign = token[0]
        if sign == b"\\":
            command = _COMMAND_OF_PSQL.match(token.string, token.start())
            shown = command[0] if command else sign
            self._refuse(_STAYS if shown in (b"\\c", b"\\connect") else _OF_PSQL, shown, self._number)
        if sign == b"(":
            self._parentheses += 1
        elif sign == b")":
            self._parentheses = max(0, self._parentheses - 1)

    def _word(self, word: bytes) -> None:
        if self._parentheses:
            return
        if len(self.words) < _OPENING:
            self.words.append(word)
        # The body of a function may be statements between BEGIN ATOMIC and END, with semicolons.
        made = self.words[3:4] if self.words[1:3] == [b"OR", b"REPLACE"] else self.words[1:2]
        if self.words[0] == b"CREATE" and made in ([b"FUNCTION"], [b"PROCEDURE"]):
            if word == b"BEGIN" or (word == b"CASE" and self._bodies):
                self._bodies += 1
            elif word == b"END":
                self._bodies = max(0, self._bodies - 1)

    def _end_of_quoted(self, line: bytes, at: int) -> int:
        """Return where the open literal, name or comment ends in a line."""
        if self._within == "dollars":
            end = line.find(self._tag, at)
            if end >= 0:
                self._within = ""
                return end + len(self._tag)
            return len(line)
        if self._within == "comment":
            for mark in _NESTED.finditer(line, at):
                self._comments += 1 if mark[0] == b"/*" else -1
                if not self._comments:
                    self._within = ""
                    return mark.end()
            return len(line)
        for mark in _QUOTED[self._within].finditer(line, at):
            if len(mark[0]) == 1:
                self._goes_on, self._within = ("" if self._within == "name" else self._within), ""
                return mark.end()
        return len(line)

    def _statement(self, rest: bytes) -> Statement:
        """Return the statement that just ended.

        Args:
            rest: the rest of its line.
        """
        sql, words = b"".join(self._parts), tuple(self.words)
        if b"\0" in sql:
            self._refuse("the script contains a NUL", b"NUL", self._first)
        command = b" ".join(words[:2])
        if words[:1] == (b"COPY",):
            way = next((at for at, word in enumerate(words) if word in (b"FROM", b"TO")), 0)
            if words[way : way + 2] != (b"FROM", b"STDIN"):
                self._refuse(
                    "the script copies data from or to a file or a program of the server", b"COPY", self._first
                )
            if rest.strip():
                self._refuse("the line of COPY ... FROM stdin has more text", b"COPY", self._number)
            return Statement(self._first, sql, words, self._data())
        if words[:2] == (b"SET", b"STANDARD_CONFORMING_STRINGS"):
            self._ordinary = "escapes" if words[-1] == b"OFF" else "literal"
        if (words and words[0] in _TRANSACTION) or command in _LEAVES:
            self._refuse(_STAYS, command, self._first)
        return Statement(self._first, sql, words, None)

    def _data(self) -> Iterator[bytes]:
        for line in self._numbered():
            if line in _END_OF_DATA:
                return
            yield line
        self._damaged("the script ends within COPY data: a part is missing", self._first)

    def _refuse(self, cause: str, found: bytes, line: int) -> NoReturn:
        raise NotABackup(
            cause=cause,
            path=self._path,
            line=line,
            found=found.decode(errors="replace"),
            next_step="dump the database again: pg_dump --format=custom --file=FILE DATABASE\n"
            "or delete the line, if nothing needs it",
        )

    def _damaged(self, cause: str, line: int) -> NoReturn:
        raise BackupDamaged(cause=cause, file=self._path, line=line)


def _token(line: bytes, at: int) -> re.Match[bytes]:
    found = _TOKEN.match(line, at)
    if found is None:
        raise AssertionError("every byte is a token")
    return found
