"""What an adoption has lost: each old value is looked for where it should be now, and in adoption_leftovers.

It knows where values go (the names) from the rules. Whether one has arrived it judges by itself, on what a census of
the old database and one of the new one say.
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cts_schema.adoption import target
from cts_schema.adoption.convert import rules
from tests.legacy.census import Record, Values, census, meaning, records

_TRUE, _FALSE = {"true", "t", "yes", "y", "on"}, {"false", "f", "no", "n", "off"}
_LARGEST_REAL = 3.4028e38
_RENAMED = (("active_advanced", "auto"), ("activeAdvanced", "auto"))


def lost(before: dict[str, Values], connection: sa.Connection) -> list[str]:
    """Return what is missing: nothing, if all is well.

    Args:
        before: the census of the old database.
        connection: to the database that it has become.
    """
    after = census(connection)
    left_over = _left_over(connection)
    missing = []
    # To SQLite names are the same in capitals; what was loaded is in tables of ours, all in small letters.
    plain = str.lower if connection.dialect.name == "sqlite" else str
    for table, values in before.items():
        if plain(table) in target.tables() or plain(table) in rules.ABSORBED:
            named = Counter({(plain(column), text): count for (column, text), count in values.items()})
            missing += _of_table(plain(table), named, after, left_over)
        if plain(table) not in target.tables() and table in after:
            # Where a parent is not kept, a reference goes, or its row.
            for (column, text), count in (_meant(values) - _meant(after[table])).items():
                if left_over.get((plain(table), plain(column)), Counter())[text] < count:
                    missing.append(f"{table}.{column} is unmanaged, and has lost {text!r} {count} times")
        elif plain(table) not in target.tables():
            missing.append(f"{table} is unmanaged, and is gone")
    return missing


def _meant(values: Values) -> Counter[tuple[str, str]]:
    """Return a census by what its values say: a key that was a switch is a word now, and so is what refers to it."""
    meant: Counter[tuple[str, str]] = Counter()
    for (column, text), count in values.items():
        if text is not None:
            meant[column, _said(text)] += count
    return meant


def torn(marks: dict[str, str], before: dict[str, list[Record]], connection: sa.Connection) -> list[str]:
    """Return which rows have come apart: a value of theirs is neither in the row they have become, nor left over.

    Args:
        marks: the column of each old table whose values tell its rows apart.
        before: the rows of the old database.
        connection: to the database that it has become.
    """
    after = records(connection)
    left_over = _left_over(connection)
    plain = str.lower if connection.dialect.name == "sqlite" else str
    apart = []
    for table, mark in marks.items():
        for old in ({plain(name): text for name, text in row.items()} for row in before[table]):
            into, absorbed = _meaning(table, set(old))
            became = [row for row in after[into] if row[mark] == old[mark]]
            whole = left_over.get((table, mark), Counter())[_said(old[mark] or "")]
            if len(became) + whole != 1:
                apart.append(f"{table} {old[mark]}: {len(became)} rows, and {whole} left over")
            for column, text in old.items() if became else ():
                if text is None or _stays(column, into, absorbed):
                    continue
                there = {
                    _said(value) for place in _places(into, column, absorbed) if (value := became[0][place]) is not None
                }
                there |= {_said(json.loads(value)) for value in there if value[:1] == '"'}
                kept = left_over.get((table, column), Counter())[_said(text)]
                if not kept and not there & _forms(into, column, text):
                    apart.append(f"{table} {old[mark]}: {column} was {text!r}, and is {there}")
    return apart


def _meaning(table: str, columns: set[str]) -> tuple[str, rules.Absorbed | None]:
    """Return into which table of ours an old one goes, and by which rule if it is absorbed."""
    if table in target.tables():
        return table, None
    absorbed = next(one for one in rules.ABSORBED[table] if set(one.needs) <= columns)
    return absorbed.into, absorbed


def _stays(column: str, into: str, absorbed: rules.Absorbed | None) -> bool:
    """Whether an old value is nowhere else: a number that only counts stays in the absorbed table."""
    return absorbed is not None and column == "id" and target.tables()[into].counted


def _of_table(
    table: str, values: Values, after: dict[str, Values], left_over: dict[tuple[str, str], Counter[str]]
) -> list[str]:
    columns = {column for column, _ in values}
    into, absorbed = _meaning(table, columns)
    missing = []
    for column in columns:
        if _stays(column, into, absorbed):
            continue
        places = _places(into, column, absorbed)
        there: Counter[str] = Counter()
        for (place, text), count in after[into].items():
            if place in places and text is not None:
                # What is no JSON went into a column of JSON as a string of it.
                forms = {
                    _said(text),
                    _said(json.loads(text)) if text[:1] == '"' == text[-1:] and _is_json(into, place) else _said(text),
                }
                there.update(dict.fromkeys(forms, count))
        kept = left_over.get((table, column), Counter())
        wanted: Counter[str] = Counter()
        for (name, text), count in values.items():
            if name == column and text is not None:
                wanted[text] += count
        for text, count in wanted.items():
            found = sum(there[form] for form in _forms(into, column, text)) + kept[_said(text)]
            if found < count:
                missing.append(f"{table}.{column}: {text!r} {count} times, found {found} times, in {sorted(places)}")
    return missing


def _places(table: str, column: str, absorbed: rules.Absorbed | None) -> set[str]:
    """Return the columns where values of an old column may be."""
    aliases = {**rules.ALIASES.get(table, {})}
    places = {ours for ours, olds in aliases.items() if column in olds or column in map(str.lower, olds)}
    if absorbed is not None:
        places |= {ours for ours, olds in absorbed.aliases.items() if column in olds}
    return places | ({column} & target.tables()[table].columns.keys())


def _forms(table: str, column: str, text: str) -> set[str]:
    """Return what a value may have become."""
    forms = {_said(text), _said(text.lower()) if text.lower() in _TRUE | _FALSE else _said(text)}
    if text.startswith("x'"):  # no UTF-8; as a string of JSON it has quotes around it
        forms.add(f"x'22{text[2:-1]}22'")
    # Of the size of SQLite's integers: a real number, in as few digits as tell it.
    if len(text) < 21 and text.removeprefix("-").isdecimal() and float(text) == int(text):
        forms.add(_said(repr(float(text))))
    if text.removeprefix("-").isdecimal() and 8 < len(text) < 41 and abs(float(text)) < _LARGEST_REAL:
        # A key of type REAL is told by the digits of the double that it is, as a reference of another type finds it.
        forms.add(_said(repr(struct.unpack("f", struct.pack("f", float(text)))[0])))
    for old, new in _RENAMED:
        forms.add(_said(text.replace(old, new)))
    for (owner, name), words in rules.RENAMED_VALUES.items():
        if (
            owner == table
            and (name == column or column in rules.ALIASES.get(table, {}).get(name, ()))
            and text in words
        ):
            forms.add(_said(words[text]))
    for (owner, alias), units in rules.UNITS.items():
        if (owner, alias) == (table, column) and text.isdigit() and int(text) % units == 0:
            forms.add(_said(str(int(text) // units)))
    if text.lower() in _TRUE:
        forms.add("1")
    if text.lower() in _FALSE:
        forms.add("0")
    return forms


def _is_json(table: str, column: str) -> bool:
    return target.tables()[table].columns[column].kind == "json"


def _left_over(connection: sa.Connection) -> dict[tuple[str, str], Counter[str]]:
    sqlite = connection.dialect.name == "sqlite"
    payload, plain = ("payload", str.lower) if sqlite else ("payload::text", str)
    found: dict[tuple[str, str], Counter[str]] = {}
    for table, text in connection.exec_driver_sql(f"SELECT table_name, {payload} FROM adoption_leftovers"):
        values = json.loads(text, parse_float=Decimal)
        for column, value in values.items() if isinstance(values, dict) else ():  # else it is of a table so named
            # A JSON string may have been the text, or a JSON that was one.
            forms = {_said(_as_text(value)), _said(json.dumps(value, default=float, ensure_ascii=False))}
            found.setdefault((plain(table), plain(column)), Counter()).update(forms)
    return found


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | Decimal):
        return str(value)
    return json.dumps(value, default=float, ensure_ascii=False)


# PostgreSQL writes times that Python does not know with a T in JSON, and without one as text.
_FAR = re.compile(r"(\d{4,}-\d\d-\d\d)[T ]([\d:.]+)(\+00(?::00)?)?( BC)?")


def _said(text: str) -> str:
    text = _FAR.sub(r"\1 \2\4", text) if _FAR.fullmatch(text) else text
    said = meaning(text)
    return "" if said is None else said
