"""Rows whose key another row has already: the newest stands for the others, or they get a longer key."""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.adoption.convert import rules
from cts_schema.adoption.load.leftovers import EXCEPTIONS, SURVIVORS
from cts_schema.adoption.load.row_exceptions import RowExceptions
from cts_schema.ddl.text import literal, quote, run

Key = tuple[str, ...]


def record_repeated(rows: RowExceptions, *, first: bool) -> None:
    """Record the rows whose key another one has: of the same source, or loaded before.

    Args:
        rows: of the source, with what was recorded about their values.
        first: nothing was loaded into our table before.
    """
    table, conversion = rows.table, rows.conversion
    for key in conversion.unique_keys():
        merged = any(table.columns[name].parent in rows.merged for name in key)
        met_before = not first and not (table.counted and key == table.key)
        if key not in rows.findings.duplicates and not merged and not met_before:
            continue
        for fill in rules.LONGER_KEYS.get((table.name, key[0]), ()):
            if set(fill.columns) <= conversion.source.old.columns.keys():
                _lengthen(rows, key[0], conversion.fill(fill))
        optional = len(key) == 1 and table.columns[key[0]].nullable
        for repeated in _repeated(rows, key):
            if optional:
                old = conversion.columns[key[0]].chosen()
                rows.record("column", _select(rows, repeated, literal(key[0]), old), target=key[0])
            elif rows.record("row", _select(rows, repeated)):
                _let_children_follow(rows, key)
    # Where a nullable key was taken from a row, it may say nothing at all now.
    rows.refuse_broken("'duplicate'")


def _repeated(rows: RowExceptions, key: Key) -> Iterator[str]:
    """Yield queries for the rows that a key refuses, as (source_row, survivor)."""
    values = ", ".join(f"{rows.final(name)} AS k{place}" for place, name in enumerate(key))
    # The newest row stands for the others: the one that was changed last, or made last; else the first.
    times = [rows.values.get(name, "NULL") for name in ("updated_at", "created_at")]
    newest = ", ".join(f"{value} AS newest{place}" for place, value in enumerate(times))
    keyed = f"SELECT {rows.row} AS source_row, {values}, {newest} FROM {rows.conversion.place} o{rows.where}"
    names = [f"k{place}" for place in range(len(key))]
    filled = " AND ".join(f"{name} IS NOT NULL" for name in names)
    order = "newest0 DESC NULLS LAST, newest1 DESC NULLS LAST, source_row"
    window = f"PARTITION BY {', '.join(names)} ORDER BY {order}"
    yield (
        f"SELECT source_row, survivor FROM (SELECT source_row, row_number() OVER ({window}) AS place, "
        f"first_value(source_row) OVER ({window}) AS survivor FROM ({keyed}) k WHERE {filled}) ranked "
        "WHERE place > 1"
    )
    yield (
        f"SELECT k.source_row, {rows.conversion.engine.loading.NO_ROW} AS survivor FROM ({keyed}) k "
        f"WHERE EXISTS (SELECT 1 FROM {quote(rows.table.name)} t WHERE {_same(key)})"
    )


def _same(key: Key) -> str:
    return " AND ".join(f"t.{quote(name)} = k.k{place}" for place, name in enumerate(key))


def _select(rows: RowExceptions, repeated: str, target: str = "NULL", old: str = "NULL", value: str = "NULL") -> str:
    text = rows.conversion.engine.loading.as_text
    return (
        f"SELECT r.source_row, {text(target)} AS target, {text(old)} AS old, {text(literal('duplicate'))} AS reason, "
        f"r.survivor, {text(value)} AS value FROM ({repeated}) r "
        f"JOIN {rows.conversion.place} o ON {rows.row} = r.source_row"
    )


def _lengthen(rows: RowExceptions, name: str, longer: str | None) -> None:
    """Give repeated keys a longer one; those that are repeated even so keep theirs, and are refused."""
    if longer is None:
        return
    old = rows.conversion.columns[name].chosen()
    rewrite = rules.REWRITES.get((rows.table.name, name))
    if rewrite is not None:
        longer = f"replace({longer}, {literal(rewrite[0])}, {literal(rewrite[1])})"
    for repeated in list(_repeated(rows, (name,))):
        select = _select(rows, repeated, literal(name), old, longer)
        rows.record("key", f"SELECT n.* FROM ({select}) n WHERE n.value IS NOT NULL", target=name)


def _let_children_follow(rows: RowExceptions, key: Key) -> None:
    """Let children of the repeated rows follow those that stand for them."""
    if "id" not in rows.values or rows.table.counted:
        return
    place, row = rows.conversion.place, rows.row
    identity = f"(SELECT {rows.values['id']} FROM {place} o WHERE {row} = "
    names = ", ".join(f"{rows.final(name)} AS k{number}" for number, name in enumerate(key))
    followed = run(
        rows.connection,
        f"INSERT INTO {SURVIVORS} SELECT {literal(rows.table.name)}, old_id, new_id FROM ("
        f"SELECT {identity} e.source_row) AS old_id, {identity} e.survivor) AS new_id FROM {EXCEPTIONS} e "
        f"WHERE e.kind = 'row' AND e.reason = 'duplicate' AND e.survivor IS NOT NULL UNION ALL "
        f"SELECT k.old_id, t.id FROM (SELECT {rows.values['id']} AS old_id, {row} AS source_row, {names} "
        f"FROM {place} o) k JOIN {EXCEPTIONS} e ON e.source_row = k.source_row AND e.kind = 'row' "
        f"AND e.reason = 'duplicate' AND e.survivor IS NULL JOIN {quote(rows.table.name)} t ON {_same(key)}"
        f") f WHERE old_id <> new_id",
    ).rowcount
    if followed:
        rows.merged.add(rows.table.name)
