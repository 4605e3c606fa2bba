"""Old databases that nobody has seen: shapes made of the names that the rules know, and rows in them, by hypothesis.

A database is drawn as SQL, so that a failing one can be read and kept. What an old database would have refused itself,
a second row of one key say, is left out by it (INSERT OR IGNORE, ON CONFLICT DO NOTHING).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite
from random import Random
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from cts_schema.adoption import target
from cts_schema.adoption.convert import rules
from cts_schema.adoption.convert.rules import Absorbed
from cts_schema.adoption.target import Column, Table
from cts_schema.ddl.text import literal, quote

_NAMES = (*(name for name in target.tables() if name != "adoption_leftovers"), *rules.ABSORBED)
_IDS = ("1", "2", "3", "conn-1", "CONN-1", "gone")
_ODD_NAMES = (
    'order', 'select', 'a b', 'per%cent', '%s', '%(x)s', 'quo"te', "apo'strophe", 'semi;colon', 'UPPER', 'ünïcode',
    '表', 'emoji😀', 'x' * 63, 'back\\slash', 'col:on', '{brace}', 'new\nline', '[bracket]', 'back`tick', ' ', 'o', 't',
    'k0', 'key', 'payload', 'source_row', 'row_key',
)  # fmt: skip
_ODD_NAMES_OF_SQLITE = ("rowid", "oid", "_rowid_")  # names that SQLite has for the number of a row

# What the old application would write, by what our column holds; each with something that converts, but not exactly.
_FITTING: dict[str, tuple[str, ...]] = {
    "text": ("BTCUSDT", "ETH/USDT", "active_advanced", "optimal", "5m", "é 表 😀", "it's 100% \"so\""),
    "number": ("0", "1", "-2.5", "0.1", "1.23456789", "64000.5", "0.0001", "12345.678901234567"),
    "integer": ("0", "1", "2", "3", "-1", "3600", "5400", "100"),
    "float": ("0", "0.5", "-1.25", "3"),
    "boolean": ("0", "1"),
    "timestamp": (
        "2026-01-03 01:00:00", "2026-01-03 23:59:59.5", "2025-12-31T23:59:59.999Z", "2026-01-03", "2024-02-29 12:00:00",
        "2026-01-03 01:00:00+02:00", "2026-01-03 01:00:00.123456789",
    ),
    "json": ("{}", "[]", '{"a": 1.50, "b": [true, null]}', '{"a": 1, "a": 2}', '["BTCUSDT"]', '"word"'),
}  # fmt: skip

# What else turns up in texts.
_TEXTS = (
    "", "0", "1", "true", "False", "yes", "2", "-1", "007", "+5", " 5 ", "1_000", "1,5", "1e3", "1E400", ".5", "5.",
    "0x1F",
    "NaN", "Infinity", "null", "9223372036854775807", "9223372036854775808", "0.1234567891", "123456789012.12345678",
    "1.50", "-0", "0.30000000000000004", "active", "closed", "open", "long", "LONG", "1.0",
    "2026-02-30 00:00:00", "2026-13-01", "2026-01-03T01:00", "2026-01-03 01:00:00.123456789",
    "2026-01-03T01:00:00+05:30",
    "2026-01-03T01:00:00-0800", "2026-01-03 01:00:00+02", "2026-01-03 24:00:00", "2026-01-03 23:59:60", "03.01.2026",
    "0044-03-15 BC", "0000-01-01 00:00:00", "9999-12-31 23:59:59", "infinity", "now", "1767402000",
    "2026-01-03 01:00:00 Z",
    "0001-01-01 00:00:00+14:00", "2026-01-03 01:00:00Z ", "12:00:00", "2026-1-3", "20260103",
    "{broken", '{"a": 1, "a": 2}', '[{"k": 1, "k": 2}]', '{"n": 1e400}', '{"n": 0.1234567890123456789}', '"\\ud800"',
    '"\\u0000"',
    "[1,2", "{'a': 1}", "undefined", "é", "😀" * 20, "long text " * 300, "a\nb", "tab\t", "\\", "%s %% %(x)s",
    "x'00ff'", "NULL",
)  # fmt: skip
_WORDS = tuple(
    dict.fromkeys(
        word for table in target.tables().values() for column in table.columns.values() for word in column.values
    )
)

_TYPES: dict[str, tuple[str, ...]] = {
    "text": ("TEXT", "VARCHAR(255)", "VARCHAR(21)"),
    "enum": ("TEXT", "VARCHAR(20)"),
    "number": ("REAL", "DOUBLE PRECISION", "DECIMAL(20,8)", "DECIMAL(10,4)", "INTEGER", "NUMERIC"),
    "integer": ("INTEGER", "BIGINT", "SMALLINT"),
    "float": ("REAL", "DOUBLE PRECISION", "DECIMAL(5,2)"),
    "boolean": ("BOOLEAN", "INTEGER"),
    "timestamp": ("DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "DATE", "TEXT"),
    "json": ("TEXT", "JSON", "JSONB"),
    "any": (
    "INTEGER", "TEXT", "VARCHAR(300)", "REAL", "DOUBLE PRECISION", "DECIMAL(12,3)", "NUMERIC", "BOOLEAN", "DATETIME",
        "TIMESTAMPTZ", "DATE", "JSON", "JSONB", "TEXT[]", "NUMERIC[]", "BLOB", "", "SERIAL",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class OldTable:
    """A table with its rows, all of it as SQL.

    Attributes:
        name: its name.
        columns: their names and types.
        constraints: keys.
        rows: a tuple of expressions for each row.
        options: what stands behind the parenthesis.
        mark: a column whose values tell the rows apart, whatever becomes of them.
        after: what is done to it when it has its rows.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    constraints: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    options: str = ""
    mark: str | None = None
    after: tuple[str, ...] = ()

    def statements(self, dialect: str) -> Iterator[str]:
        """Yield what makes it."""
        parts = [f"{quote(name)} {type_}" for name, type_ in self.columns] + list(self.constraints)
        yield f"CREATE TABLE {quote(self.name)} ({', '.join(parts)}) {self.options}"
        names = ", ".join(quote(name) for name, _ in self.columns)
        ignore, conflict = ("OR IGNORE ", "") if dialect == "sqlite" else ("", " ON CONFLICT DO NOTHING")
        for row in self.rows:
            yield f"INSERT {ignore}INTO {quote(self.name)} ({names}) VALUES ({', '.join(row)}){conflict}"
        yield from self.after


@dataclass(frozen=True, repr=False)
class OldDatabase:
    """An old database.

    Attributes:
        dialect: of which kind.
        tables: with their rows.
        around: statements for what others have put on them.
        journal: the journal mode of a SQLite file.
    """

    dialect: str
    tables: tuple[OldTable, ...]
    around: tuple[str, ...] = ()
    journal: str = "delete"

    def __repr__(self) -> str:
        return "\n" + self.script()

    @property
    def marks(self) -> dict[str, str]:
        """The columns that tell rows apart, by table."""
        return {table.name: table.mark for table in self.tables if table.mark is not None}

    def script(self) -> str:
        """Return what makes it, to be read or to be kept."""
        made = [statement for table in self.tables for statement in table.statements(self.dialect)]
        return ";\n".join([*made, *self.around]) + ";\n"

    def build(self, connection: sa.Connection) -> None:
        """Make it in an empty database, and commit; SQLite checks no foreign keys meanwhile."""
        raw: Any = connection.connection.driver_connection
        if self.dialect == "sqlite":
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute(f"PRAGMA journal_mode = {self.journal}")
            raw.executescript(f"BEGIN; {self.script()} COMMIT;")
        else:
            with raw.transaction():
                raw.execute(self.script())
        connection.rollback()


@st.composite
def databases(
    draw: DrawFn, dialect: str, *, most_tables: int = 5, most_rows: int = 6, around: bool = False
) -> OldDatabase:
    """Draw an old database for a dialect; ``around`` puts triggers, rules, policies and grants of others on it."""
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=most_tables, unique=True))
    if not target.tables().keys() & set(names):  # what has no managed table is no old database
        names.append(draw(st.sampled_from(tuple(target.tables()))))
    for name in tuple(names):
        # Parents make the difference between a row that stays and one that is an orphan.
        parents = {column.parent for column in _meaning(name)[0].columns.values() if column.parent}
        if name in rules.ABSORBED:
            parents.add(_meaning(name)[0].name)
        names += [parent for parent in sorted(parents) if parent not in names and draw(_PROBABLY)]
    tables = [draw(_tables(dialect, name, most_rows)) for name in names]
    if draw(st.booleans()):
        tables.append(draw(_unmanaged(dialect, names)))
    for parent in [table for table in tables if _has_id(table)]:
        if draw(st.booleans()):
            tables += draw(_children(dialect, parent))
    if not around:
        return OldDatabase(dialect, tuple(tables))
    statements = [
        statement.replace("TABLE_", quote(table.name)).replace("NUMBER_", str(number))
        for number, table in enumerate(tables)
        if table.name in _NAMES and draw(st.booleans())
        for statement in draw(st.sampled_from(_AROUND[dialect]))
    ]
    if dialect == "postgresql":
        statements += draw(st.sampled_from(_OF_ALL))
    return OldDatabase(dialect, tuple(tables), tuple(statements), draw(st.sampled_from(("delete", "wal"))))


# What others have put on a table: it must neither act while rows are moved, nor hide any.
_AROUND: dict[str, tuple[tuple[str, ...], ...]] = {
    "sqlite": (
        ("CREATE TRIGGER mineNUMBER_ BEFORE INSERT ON TABLE_ BEGIN SELECT RAISE(IGNORE); END",),
        ("CREATE TRIGGER mineNUMBER_ BEFORE UPDATE ON TABLE_ BEGIN SELECT RAISE(IGNORE); END",),
        ("CREATE TRIGGER mineNUMBER_ BEFORE DELETE ON TABLE_ BEGIN SELECT RAISE(ABORT, 'mine'); END",),
    ),
    "postgresql": (
        (
            "ALTER TABLE TABLE_ ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE TABLE_ FORCE ROW LEVEL SECURITY",
            "CREATE POLICY mine ON TABLE_ USING (false)",
        ),
        (
            "CREATE OR REPLACE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER mine BEFORE INSERT OR UPDATE OR DELETE ON TABLE_ FOR EACH ROW EXECUTE FUNCTION mine()",
        ),
        ("CREATE RULE mine AS ON UPDATE TO TABLE_ DO INSTEAD NOTHING",),
        ("GRANT SELECT ON TABLE_ TO PUBLIC",),
    ),
}
_OF_ALL: tuple[tuple[str, ...], ...] = (
    (),
    ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",),
    (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', "
        "current_database()); END $$",
    ),
)


_PROBABLY = st.sampled_from((True, True, True, False))
# What may stand in an INTEGER PRIMARY KEY of SQLite, which is the number of the row.
_HIGHEST = "9223372036854775807"
_ROW_NUMBERS = st.sampled_from(("1", "2", "3", "4", "NULL", "-5", _HIGHEST))
_SELDOM = st.sampled_from((False,) * 7 + (True,))


def _meaning(name: str) -> tuple[Table, Absorbed | None]:
    """Return the table of ours that an old one is about."""
    if name in target.tables():
        return target.tables()[name], None
    absorbed = rules.ABSORBED[name][0]
    return target.tables()[absorbed.into], absorbed


@st.composite
def _tables(draw: DrawFn, dialect: str, name: str, most_rows: int) -> OldTable:
    columns = draw(_columns(dialect, name))
    constraints, options, keyed = draw(_keys(dialect, columns))
    values = [
        _ROW_NUMBERS
        if dialect == "sqlite" and keyed == {place} and type_ == "INTEGER"
        else _values(dialect, column, type_, required=place in keyed)
        for place, (_, type_, column) in enumerate(columns)
    ]
    if _meaning(name)[0].counted:
        # After the highest number there is none for the next row, in the old table either.
        values = [value.filter(lambda number: _HIGHEST not in number) for value in values]
    rows = draw(st.lists(st.tuples(*values), max_size=most_rows))
    made = OldTable(name, tuple((old, type_) for old, type_, _ in columns), tuple(constraints), tuple(rows), options)
    return _marked(made) if draw(st.booleans()) else made


def _marked(made: OldTable) -> OldTable:
    """Give the rows of a table something by which they can be found again."""
    table, absorbed = _meaning(made.name)
    aliases = rules.ALIASES.get(table.name, {})
    taken = {alias for olds in aliases.values() for alias in olds} | aliases.keys()
    if absorbed is not None:
        taken |= {*absorbed.aliases, *absorbed.constants} | {old for olds in absorbed.aliases.values() for old in olds}
    taken |= {name.lower() for name, _ in made.columns} | {name for key in (table.key, *table.unique) for name in key}
    taken |= {name for owner, name in (*rules.RENAMED_VALUES, *rules.REWRITES) if owner == table.name}
    taken |= {name for owner, name in rules.GUARDS if owner == made.name}
    free = [
        one.name for one in table.columns.values() if one.kind == "text" and not one.parent and one.name not in taken
    ]
    if not free:
        return made
    rows = tuple((*row, literal(f"{made.name} {number}")) for number, row in enumerate(made.rows))
    return replace(made, columns=(*made.columns, (free[0], "TEXT")), rows=rows, mark=free[0])


@st.composite
def _columns(draw: DrawFn, dialect: str, name: str) -> list[tuple[str, str, Column | None]]:
    """Draw (name, type, the column of ours that it is about) of each column."""
    table, absorbed = _meaning(name)
    wanted = [column.name for column in table.columns.values() if column.required and not draw(_SELDOM)]
    if "id" in table.columns and draw(_PROBABLY):
        wanted.append("id")
    if absorbed is not None:
        wanted += [need for need in absorbed.needs if draw(_PROBABLY)]
    parents = [column.name for column in table.columns.values() if column.parent and column.name not in wanted]
    if parents:
        wanted += draw(st.lists(st.sampled_from(parents), max_size=3, unique=True))
    others = [column for column in table.columns if column not in wanted]
    if others:
        wanted += draw(st.lists(st.sampled_from(others), max_size=6, unique=True))
    found: dict[str, tuple[str, str, Column | None]] = {}
    for wish in wanted:
        column = table.columns.get(wish)
        names = (wish, *rules.ALIASES.get(table.name, {}).get(wish, ()))
        if absorbed is not None:
            names += absorbed.aliases.get(wish, ())
        chosen = (
            [wish] if len(names) == 1 else draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        )
        for one in chosen:
            spelled = one.upper() if dialect == "sqlite" and draw(_SELDOM) else one
            found.setdefault(spelled.lower(), (spelled, draw(_types(dialect, column)), column))
    odd = _ODD_NAMES + (_ODD_NAMES_OF_SQLITE if dialect == "sqlite" else ())
    for unknown in draw(st.lists(st.sampled_from(odd), max_size=2, unique=True)):
        found.setdefault(unknown.lower(), (unknown, draw(_types(dialect, None)), None))
    return list(found.values()) or [("id", "INTEGER", None)]


def _types(dialect: str, column: Column | None) -> st.SearchStrategy[str]:
    own = () if column is None else _TYPES[column.kind]
    if column is not None and (column.parent is not None or column.name == "id"):
        own = ("TEXT", "INTEGER")
    types = own * 6 + _TYPES["any"] if own else _TYPES["any"]
    if dialect == "sqlite":
        types += ("TEXT COLLATE NOCASE",)
        if column is not None and column.parent is not None:
            types += (f"TEXT REFERENCES {column.parent}(id) ON DELETE CASCADE",) * 4
    else:
        types = tuple(_POSTGRESQL_TYPES.get(type_, type_) for type_ in types)
        if column is not None and column.kind == "text":  # which no shape has as a list
            types = tuple(type_ for type_ in types if not type_.endswith("[]"))
    return st.sampled_from(types)


_POSTGRESQL_TYPES = {"DATETIME": "TIMESTAMP", "BLOB": "UUID", "": "UUID"}


@st.composite
def _keys(draw: DrawFn, dialect: str, columns: list[tuple[str, str, Column | None]]) -> tuple[list[str], str, set[int]]:
    """Draw the keys of a table: as SQL, what stands behind the table, and which columns may not be NULL for them."""
    comparable = [place for place, (_, type_, _) in enumerate(columns) if type_ != "JSON"]
    identity = next((place for place, (name, _, _) in enumerate(columns) if name.lower() == "id"), None)
    constraints, options = [], ""
    kind = draw(st.sampled_from(("none", "id", "id", "id", "composite", "without rowid")))
    key: list[int] = []
    if kind == "id" and identity is not None and identity in comparable:
        key = [identity]
    elif kind in ("composite", "without rowid") and comparable:
        key = draw(st.lists(st.sampled_from(comparable), min_size=1, max_size=2, unique=True))
        if kind == "without rowid" and dialect == "sqlite":
            options = "WITHOUT ROWID"
    if key:
        constraints.append(f"PRIMARY KEY ({', '.join(quote(columns[place][0]) for place in key)})")
    if comparable and draw(_SELDOM):
        unique = draw(st.lists(st.sampled_from(comparable), min_size=1, max_size=2, unique=True))
        constraints.append(f"UNIQUE ({', '.join(quote(columns[place][0]) for place in unique)})")
    return constraints, options, set(key)


def _values(dialect: str, column: Column | None, type_: str, *, required: bool) -> st.SearchStrategy[str]:
    of = _values_of_sqlite if dialect == "sqlite" else _values_of_postgresql
    fitting, others = of(column, type_)
    # Mostly what fits: a row is interesting as long as not all of it is refused.
    weight = max(1, 5 * len(others) // max(1, len(fitting)))
    values = fitting * weight + others
    required = required or type_ == "SERIAL"
    return st.sampled_from(tuple(values if required else values + ("NULL",) * (len(values) // 10 + 1)))


def _fitting(column: Column | None) -> tuple[str, ...]:
    if column is None:
        return _FITTING["text"]
    if column.parent is not None or column.name == "id":
        return _IDS
    if column.kind == "enum":
        renamed = {old for (_, name), words in rules.RENAMED_VALUES.items() if name == column.name for old in words}
        return (*column.values, *sorted(renamed))
    return _FITTING[column.kind]


def _values_of_sqlite(column: Column | None, type_: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    texts = tuple(map(literal, _fitting(column)))
    numbers = tuple(word for word in _fitting(column) if _is_number(word))
    doubles = _DOUBLES if "CTS_TEST_EXAMPLES" in os.environ else ()  # the few examples of each run stay what they are
    return (numbers or texts) + texts + ("0.1+0.2",), _JUNK_OF_SQLITE + doubles


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).removeprefix("-").isdigit()


_JUNK_OF_SQLITE = (
    *map(literal, _TEXTS),
    *map(literal, _WORDS[:12]),
    "0", "1", "2", "-1", "1.0", "0.0", "-0.0", "0.1+0.2", "1e300", "-1e300", "9e999", "-9e999", "9223372036854775807",
    "-9223372036854775808", "9007199254740993", "123456789012.12345678", "1e15+0.3", "5e-324", "1767402000",
    "1767402000123", "2147483648", "x'00ff'", "x''", "x'6c6f6e67'", "x'31'", "x'7b7d'",
    "CAST(x'ff41' AS TEXT)", "CAST(x'3100' AS TEXT)", "'a'||char(0)||'b'", "'1'||char(0)", "'{}'||char(0)||'x'",
    "CAST(x'7b22ff223a317d' AS TEXT)", "char(0)", "'long'||char(0)", "'2026-01-03 01:00:00'||char(0)",
    "CAST(x'c3' AS TEXT)", "CAST(x'eda080' AS TEXT)", "'true'||char(0)",
)  # fmt: skip

_bits = Random(20260103)
# Doubles by their bit pattern, and of the size that prices have: to the last bit.
_DOUBLES = tuple(
    repr(double)
    for double in (
        *(struct.unpack("<d", _bits.randbytes(8))[0] for _ in range(40)),
        *(_bits.random() * 10 ** _bits.randint(-4, 5) for _ in range(40)),
    )
    if isfinite(double)
)
_OF_TYPES: dict[str, tuple[str, ...]] = {
    "SMALLINT": ("0", "1", "2", "-1", "32767"),
    "INTEGER": ("0", "1", "2", "3", "-1", "100", "2147483647"),
    "BIGINT": ("0", "1", "-1", "9223372036854775807", "1767402000123", "9007199254740993"),
    "REAL": ("0", "1", "0.1", "'-0'", "3.4e38", "1e-45", "'NaN'", "'Infinity'", "16777217"),
    "DOUBLE PRECISION": (
        "0", "1", "0.1+0.2", "'-0'", "1e300", "1e308", "5e-324", "'NaN'", "'-Infinity'", "123456789012.12345678",
    ),
    "NUMERIC": (
        "0", "1.50", "0.30000000000000004", "1e300", "'NaN'", "'Infinity'", "123456789012.123456789", "1e-30",
        "9223372036854775808",
    ),
    "BOOLEAN": ("true", "false"),
    "TIMESTAMP": (
    "'2026-01-03 01:00:00'", "'2026-01-03 01:00:00.123456'", "'infinity'", "'-infinity'", "'0044-03-15 BC'",
    "'10000-01-01'",
        "'0001-01-01'", "'9999-12-31 23:59:59'", "'294276-12-31'",
    ),
    "JSON": (
    "'{}'", "'[1, 2.50]'", "'null'", "'\"x\"'", '\'{"a": 1}\'', "'true'", "'1.50'", "'1e400'",
    "'0.12345678901234567890'",
        '\'{"b": {"c": []}}\'',
    ),
    "TEXT[]": ("'{}'", "'{a,NULL,\"b c\"}'", "'{{a,b},{c,d}}'"),
    "NUMERIC[]": ("'{}'", "'{1.50,NULL,NaN}'", "'{0.1}'"),
    "UUID": ("'00000000-0000-0000-0000-000000000001'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
}  # fmt: skip
_JSON_TEXTS = (
    '\'{"a": 1, "a": 2}\'',
    '\'[{"k": 1, "k": 2}]\'',
    "'\"\\u0000\"'",
    "'\"\\ud800\"'",
    "' {\"a\" : 1} '",
    "'1e200000'",
)


def _values_of_postgresql(column: Column | None, type_: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    name = type_.partition("(")[0]
    if name in ("TEXT", "VARCHAR"):
        length = int(type_[8:-1]) if name == "VARCHAR" else 10**6
        return _of_length(length, _fitting(column)), _of_length(length, (*_TEXTS, *_WORDS[:12]))
    if name in ("DECIMAL", "SERIAL"):
        values = _OF_TYPES["SMALLINT"] + (("1.25", "'NaN'") if name == "DECIMAL" else ())
    else:
        alike = {"TIMESTAMPTZ": "TIMESTAMP", "DATE": "TIMESTAMP", "JSONB": "JSON"}
        values = _OF_TYPES[alike.get(name, name)]
    if name == "JSON":
        values += _JSON_TEXTS
    own = tuple(word for word in _fitting(column) if _is_number(word)) if name in _NUMBERS else ()
    if name == "SMALLINT" or name == "INTEGER" or name == "BIGINT" or name == "SERIAL":
        own = tuple(word for word in own if word.removeprefix("-").isdigit())
    return own or values[:3], values


def _of_length(length: int, words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(literal(word) for word in words if len(word) <= length)


_NUMBERS = ("SMALLINT", "INTEGER", "BIGINT", "SERIAL", "REAL", "DOUBLE PRECISION", "NUMERIC", "DECIMAL")


@st.composite
def _unmanaged(draw: DrawFn, dialect: str, names: list[str]) -> OldTable:
    """Draw a table that is none of ours, with an odd name."""
    odd = _ODD_NAMES[:20]
    name = draw(st.sampled_from(odd))
    columns = [
        (column, draw(_types(dialect, None)))
        for column in draw(st.lists(st.sampled_from(odd), min_size=1, max_size=3, unique=True))
    ]
    rows = draw(
        st.lists(st.tuples(*(_values(dialect, None, type_, required=False) for _, type_ in columns)), max_size=3)
    )
    return OldTable(name, tuple(columns), (), tuple(rows))


def _has_id(table: OldTable) -> bool:
    """Whether a table of ours has a key that others can refer to."""
    return table.name in target.tables() and any(one == 'PRIMARY KEY ("id")' for one in table.constraints)


@st.composite
def _children(draw: DrawFn, dialect: str, parent: OldTable) -> list[OldTable]:
    """Draw an unmanaged table whose rows refer to those of a table of ours, and one whose rows refer to that."""
    place = [name for name, _ in parent.columns].index("id")
    type_ = parent.columns[place][1].replace("SERIAL", "INTEGER")
    ids = [row[place] for row in parent.rows if row[place] != "NULL"] or ["NULL"]
    required, single = draw(st.booleans()), draw(_SELDOM)
    values = st.sampled_from(tuple(ids if required and ids != ["NULL"] else [*ids, "NULL"]))
    child, grandchild = f"my {parent.name}", f"my {parent.name} 2"
    made: list[OldTable] = []
    for name, of, kind, drawn, must in (
        (child, parent.name, type_, values, required and ids != ["NULL"]),
        (grandchild, child, "INTEGER", st.sampled_from(("1", "2", "3")), draw(st.booleans())),
    ):
        rows = draw(st.lists(drawn, max_size=5))
        numbered = tuple((str(number + 1), value) for number, value in enumerate(rows))
        if name == grandchild:
            there = {row[0] for row in made[0].rows}
            numbered = tuple(row for row in numbered if row[1] in there)
        refers = f"FOREIGN KEY (parent) REFERENCES {quote(of)} ({'id' if of == parent.name else 'n'})"
        unique = (f"UNIQUE ({quote('parent')})",) if single and name == child else ()
        made.append(
            OldTable(
                name,
                (("n", "INTEGER PRIMARY KEY"), ("parent", kind + " NOT NULL" * must)),
                (*unique, *((refers,) if dialect == "sqlite" else ())),
                numbered,
                # A row that the database itself had refused may be a parent.
                after=() if dialect == "sqlite" else (f"ALTER TABLE {quote(name)} ADD {refers} NOT VALID",),
            )
        )
    return made
