"""Foreign keys of other tables on SQLite that mean nothing beside the new tables, and how a table loses one.

SQLite cannot drop a foreign key, but its definition can be cut out of that of its table, which stores nothing of it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing as closed
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption.dependents.sqlite import in_memory
from cts_schema.ddl.rewriting import rewrite
from cts_schema.ddl.text import closing, opening, quote, run, token_texts, tokens
from cts_schema.exceptions import AdoptionFailed

#: What may follow the parent, in words with a blank after each.
_REST = re.compile(
    "ON (?:DELETE|UPDATE) (?:SET NULL|SET DEFAULT|CASCADE|RESTRICT|NO ACTION) |MATCH [^ ]+ "
    "|(?:NOT )?DEFERRABLE (?:INITIALLY (?:DEFERRED|IMMEDIATE) )?"
)


@dataclass(frozen=True)
class Key:
    """A foreign key of a table: its columns, what they refer to, and where it stands in the definition."""

    table: str
    number: int
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    clause: str

    @property
    def title(self) -> str:
        """What it is, as SQL."""
        return f"FOREIGN KEY ({', '.join(self.columns)}) {self.clause}"


def lost(
    before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]], tables: Collection[str]
) -> dict[str, list[tuple[Key, str]]]:
    """Return the keys that worked and no longer do, with the reason, by their tables.

    Args:
        before: names and definitions of the tables that there were, and their unique indexes.
        after: of those that there will be.
        tables: the tables in question, which are in both.
    """
    found: dict[str, list[tuple[Key, str]]] = {}
    with _copy(before) as was, _copy(after) as now:
        definitions = dict(before)
        for table in tables:
            for key in _keys(was, table, definitions[table]):
                meant = _meant(was, key)
                reason = _fault(now, key, meant)
                if meant is not None and _fault(was, key, meant) is None and reason is not None:
                    found.setdefault(table, []).append((key, reason))
    return found


def without(definition: str, keys: Collection[Key]) -> str:
    """Return the definition of a table without some of its foreign keys."""
    gone = {key.number for key in keys}
    spans = list(_spans(definition))
    for number, (start, end) in reversed(list(enumerate(spans))):
        if len(spans) - 1 - number in gone:  # SQLite counts them from the end
            before, after = definition[:start], definition[end:]
            last = list(tokens(before))[-1]
            if last[0] == "," and _next(after) in (",", ")"):  # it stood there alone
                before = before[: last.start()] + before[last.end() :]
            definition = before.rstrip(" ") + ("" if after[:1] in (",", ")", " ") else " ") + after
    return definition


def drop(connection: sa.Connection, table: str, definition: str) -> None:
    """Let a table have another definition, which lacks foreign keys alone.

    Args:
        connection: in the run's transaction.
        table: its name.
        definition: its new definition, under the same name.

    Raises:
        AdoptionFailed: its columns would be others.
    """
    facts = run(connection, f"PRAGMA table_xinfo({quote(table)})").all()
    rewrite(connection, table, definition)
    if run(connection, f"PRAGMA table_xinfo({quote(table)})").all() != facts:
        raise AdoptionFailed(table=table, reported="it has other columns without the foreign key")


def _copy(definitions: Sequence[tuple[str, str]]) -> closed[sqlite3.Connection]:
    copy = sqlite3.connect(":memory:", isolation_level=None)
    in_memory.create(copy, (sql for _, sql in definitions))
    return closed(copy)


def _keys(copy: sqlite3.Connection, table: str, definition: str) -> Iterator[Key]:
    parts: dict[int, list[Any]] = {}
    for row in copy.execute(f"PRAGMA foreign_key_list({quote(table)})"):
        parts.setdefault(row[0], []).append(row)
    spans = list(_spans(definition))
    for number, rows in sorted(parts.items()):
        rows.sort(key=lambda row: int(row[1]))
        start, end = spans[len(spans) - 1 - number] if number < len(spans) else (0, 0)
        clause = definition[start:end]
        place = re.search(r"\bREFERENCES\b", clause, re.IGNORECASE)
        yield Key(
            table,
            number,
            tuple(row[3] for row in rows),
            rows[0][2],
            tuple(row[4] for row in rows if row[4] is not None),
            clause[place.start() if place else 0 :],
        )


def _meant(copy: sqlite3.Connection, key: Key) -> tuple[str, ...] | None:
    """Return the columns that a key refers to, in small letters; None where there is no such table."""
    facts = copy.execute(f"PRAGMA table_xinfo({quote(key.parent)})").fetchall()
    if not facts:
        return None
    primary = [row[1].lower() for row in sorted(facts, key=lambda row: int(row[5])) if row[5]]
    return tuple(name.lower() for name in key.parent_columns) or tuple(primary)


def _fault(copy: sqlite3.Connection, key: Key, meant: tuple[str, ...] | None) -> str | None:
    """Return why a key does not refer to what it means; None where it does."""
    facts = copy.execute(f"PRAGMA table_xinfo({quote(key.parent)})").fetchall()
    lacking = [name for name in meant or () if name not in {row[1].lower() for row in facts}]
    if lacking:
        return f"{', '.join(key.columns)} refers to {key.parent}({', '.join(meant or ())}), and there is no such column"
    if _meant(copy, key) != meant:
        return f"{', '.join(key.columns)} refers to the primary key of {key.parent}, which is another one"
    listed = ", ".join(f"c{number}" for number in range(len(key.columns)))
    named = f" ({', '.join(map(quote, key.parent_columns))})" if key.parent_columns else ""
    try:
        copy.execute(f"CREATE TABLE cts_probe ({listed}, FOREIGN KEY ({listed}) REFERENCES {quote(key.parent)}{named})")
        copy.execute("PRAGMA foreign_key_check(cts_probe)").close()
    except sqlite3.Error:
        return f"{', '.join(key.columns)} refers to {key.parent}({', '.join(meant or ())}), which is no key any more"
    finally:
        copy.execute("DROP TABLE IF EXISTS cts_probe")
    return None


def _spans(definition: str) -> Iterator[tuple[int, int]]:
    """Yield where each foreign key begins and ends in the definition of a table."""
    found = list(tokens(definition))
    words = [token[0].upper() for token in found]
    depth = 0
    for place, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth != 1 or word != "REFERENCES":
            continue
        first = place
        before = opening(words, place - 1)
        if words[max(0, before - 2) : before] == ["FOREIGN", "KEY"]:
            first = before - 2
        if words[first - 2] == "CONSTRAINT":
            first -= 2
        last = place + 1
        if words[last + 1] == "(":
            last = closing(words, last + 1)
        while rest := _REST.match("".join(f"{one} " for one in words[last + 1 : last + 5])):
            last += rest[0].count(" ")
        yield found[first].start(), found[last].end()


def _next(text: str) -> str:
    """Return the first sign of some SQL, without comments."""
    return next(token_texts(text), "")
