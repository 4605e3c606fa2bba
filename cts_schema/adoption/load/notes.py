"""What is special about single rows of a source, noted before the rest is loaded in one go.

A value that cannot be converted, a reference to nothing, a key that another row has: each is noted in a temporary table
(see :mod:`cts_schema.adoption.load.leftovers`), by which the load and adoption_leftovers then go.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cts_schema import dialects
from cts_schema.adoption.convert import rules
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.load.leftovers import EXCEPTIONS, REFUSED, SURVIVORS
from cts_schema.adoption.plan.examine import Findings
from cts_schema.ddl.text import literal, quote, run


class Notes:
    """What is special about the rows of a source, and the values that they get because of it.

    Args:
        connection: in the run's transaction.
        conversion: the source.
        found: what was wrong with its rows.
        lost: our tables that some row did not reach.
        merged: our tables of which a row stands for others; the table of the source is added, where that is so now.
    """

    def __init__(
        self, connection: sa.Connection, conversion: Conversion, found: Findings, lost: set[str], merged: set[str]
    ) -> None:
        self.connection, self.conversion, self.found = connection, conversion, found
        self._lost, self._merged = lost, merged
        self.table = conversion.source.table
        self.row = f"o.{conversion.row_id}"
        self.noted = False
        self.values = {
            name: self._followed(column.column.parent, column.value(settled=name not in found.dirty))
            for name, column in conversion.columns.items()
        }
        self._special: dict[str, set[str]] = {}

    def take(self, *, first: bool) -> None:
        """Note everything.

        Args:
            first: nothing was loaded into our table before.
        """
        self._note_values()
        self._note_orphans()
        self._refuse_rows()
        self._refuse_repeated(first=first)
        self._note_own_orphans()

    @property
    def staying(self) -> str:
        """The condition that a row does not stay out; empty where all are loaded."""
        return f"{self.row} NOT IN ({REFUSED})" if self.noted else ""

    def _followed(self, parent: str | None, value: str) -> str:
        """A reference to a row that another one stands for goes to that one."""
        if parent not in self._merged:
            return value
        survivor = (
            f"SELECT s.new_id FROM {SURVIVORS} s WHERE s.table_name = {literal(str(parent))} AND s.old_id = {value}"
        )
        return f"coalesce(({survivor}), {value})"

    def final(self, name: str) -> str:
        """The value with what was noted about it, and its default."""
        value = self.values[name]
        special = self._special.get(name, set())
        if special:
            branches = ""
            noted = f"FROM {EXCEPTIONS} x WHERE x.target = {literal(name)} AND x.kind ="
            if "column" in special:
                branches += f"WHEN {self.row} IN (SELECT x.source_row {noted} 'column') THEN NULL "
            if "key" in special:
                longer = f"SELECT x.value {noted} 'key' AND x.source_row = {self.row}"
                branches += f"WHEN {self.row} IN (SELECT x.source_row {noted} 'key') THEN ({longer}) "
            value = f"CASE {branches}ELSE {value} END"
        column = self.conversion.columns[name]
        unsaid = special or name in self.found.dirty | self.found.defaulted or column.raw_column() is None
        return f"coalesce({value}, {self.conversion.default(name)})" if column.defaulted and unsaid else value

    def _note(self, kind: str, select: str, *, target: str | None = None) -> int:
        """Note what a query says: source_row, target, old, reason, survivor, value."""
        noted = run(
            self.connection,
            f"INSERT INTO {EXCEPTIONS} (kind, source_row, target, old, reason, survivor, value) "
            f"SELECT {literal(kind)}, n.* FROM ({select}) n",
        ).rowcount
        if noted:
            self.noted = True
            if target is not None:
                self._special.setdefault(target, set()).add(kind)
        return noted

    def _about(self, where: str, *, target: str = "NULL", old: str = "NULL", reason: str, value: str = "NULL") -> str:
        spelled = dialects.named(self.conversion.dialect).loading
        text = spelled.as_text
        return (
            f"SELECT {self.row} AS source_row, {text(target)} AS target, {text(old)} AS old, {text(reason)} AS reason, "
            f"{spelled.NO_ROW} AS survivor, {text(value)} AS value FROM {self.conversion.place} o WHERE {where}"
        )

    def _note_values(self) -> None:
        """Note the values that do not go where their column goes."""
        for problem in self.found.problems:
            self._note(
                "value", self._about(problem.condition, old=literal(problem.old.name), reason=literal(problem.reason))
            )

    def _note_orphans(self) -> None:
        """Note the references to rows that are not there, and those that go to another row now."""
        for name, column in self.conversion.columns.items():
            parent = column.column.parent
            if parent is None or parent == self.table.name:
                continue
            if parent in self._merged:
                value = column.value(settled=name not in self.found.dirty)
                followed = f"{value} IN (SELECT s.old_id FROM {SURVIVORS} s WHERE s.table_name = {literal(parent)})"
                self._note("value", self._about(followed, old=column.chosen(), reason="'duplicate'"))
            if name in self.found.orphans or parent in self._lost:
                self._note_orphans_of(name, f"SELECT id AS key FROM {quote(parent)}")

    def _note_own_orphans(self) -> None:
        """Note the references to rows of the same table that are not there, or stay out."""
        for name, column in self.conversion.columns.items():
            if column.column.parent == self.table.name:
                there = f"SELECT id AS key FROM {quote(self.table.name)}"
                if "id" in self.values:  # else every row gets a new one, which none can refer to
                    stays = f" WHERE {self.row} NOT IN ({REFUSED})" if self.noted else ""
                    there += f" UNION ALL SELECT {self.values['id']} FROM {self.conversion.place} o{stays}"
                self._note_orphans_of(name, there)

    def _note_orphans_of(self, name: str, parents: str) -> None:
        column = self.conversion.columns[name]
        condition = dialects.named(self.conversion.dialect).loading.lacking(self.values[name], parents)
        about = self._about(condition, target=literal(name), old=column.chosen(), reason="'orphan'")
        self._note("column", about, target=name)

    def _refuse_rows(self) -> None:
        """Note the rows that lack what our table requires, or break a condition of it."""
        for name, column in self.table.columns.items():
            if not column.required:
                continue
            if name not in self.conversion.columns:
                self._note("row", self._about("true", reason="'null'"))
                continue
            if name in self._special:
                orphans = (
                    f"SELECT x.source_row FROM {EXCEPTIONS} x WHERE x.kind = 'column' AND x.target = {literal(name)}"
                )
                self._refuse(f"{self.row} IN ({orphans})", "'orphan'")
            if name in self.found.nulls:
                olds = ", ".join(map(literal, self.conversion.columns[name].old_names())) or "NULL"
                reason = (
                    f"coalesce((SELECT min(x.reason) FROM {EXCEPTIONS} x WHERE x.source_row = {self.row} "
                    f"AND x.kind = 'value' AND x.old IN ({olds})), 'null')"
                )
                self._refuse(f"({self.values[name]}) IS NULL", reason)
        self._refuse_broken("'check'")
        self._forget_refused()

    def _refuse_broken(self, reason: str) -> None:
        """Note the rows that break a condition of our table, by what was noted about them until now."""
        for check in self.table.checks:
            if self.found.checks or self._special:
                named = [name for name in self.table.columns if name in check]
                values = ", ".join(
                    f"{self.final(name) if name in self.values else 'NULL'} AS {quote(name)}" for name in named
                )
                self._refuse(f"NOT (SELECT {check} FROM (SELECT {values}) checked)", reason)

    def _forget_refused(self) -> None:
        """A row that stays out needs no notes about its values: it goes to adoption_leftovers as it is."""
        if self.noted:
            run(
                self.connection,
                f"DELETE FROM {EXCEPTIONS} WHERE kind <> 'row' AND source_row IN ({REFUSED})",
            )

    def _refuse(self, condition: str, reason: str) -> None:
        already = f" AND {self.row} NOT IN ({REFUSED})" if self.noted else ""
        self._note("row", self._about(f"{condition}{already}", reason=reason))

    def _refuse_repeated(self, *, first: bool) -> None:
        """Note the rows whose key another one has already: of one table, or loaded before."""
        for key in self.conversion.unique_keys():
            merged = any(self.table.columns[name].parent in self._merged for name in key)
            if (
                key not in self.found.duplicates
                and not merged
                and (first or (self.table.counted and key == self.table.key))
            ):
                continue
            column = self.table.columns[key[0]]
            for fill in rules.LONGER_KEYS.get((self.table.name, key[0]), ()):
                self._lengthen(key[0], self.conversion.fill(fill) if self._has(fill.columns) else None)
            if len(key) == 1 and column.nullable:
                old = self.conversion.columns[key[0]].chosen()
                for repeated in self._repeated(key):
                    self._note("column", self._select(repeated, literal(key[0]), old), target=key[0])
            else:
                for repeated in self._repeated(key):
                    if self._note("row", self._select(repeated)):
                        self._remember(key)
        # Where a nullable key was taken from a row, it may say nothing at all now.
        self._refuse_broken("'duplicate'")
        self._forget_refused()

    def _has(self, columns: tuple[str, ...]) -> bool:
        return set(columns) <= self.conversion.source.old.columns.keys()

    def _repeated(self, key: tuple[str, ...]) -> Iterator[str]:
        """Yield queries for the rows that a key refuses, as (source_row, survivor)."""
        where = f" WHERE {self.row} NOT IN ({REFUSED})" if self.noted else ""
        values = ", ".join(f"{self.final(name)} AS k{place}" for place, name in enumerate(key))
        # The newest row stands for the others: the one that was changed last, or made last; else the first.
        times = [self.values.get(name, "NULL") for name in ("updated_at", "created_at")]
        newest = ", ".join(f"{value} AS newest{place}" for place, value in enumerate(times))
        keyed = f"SELECT {self.row} AS source_row, {values}, {newest} FROM {self.conversion.place} o{where}"
        names = [f"k{place}" for place in range(len(key))]
        filled = " AND ".join(f"{name} IS NOT NULL" for name in names)
        order = "newest0 DESC NULLS LAST, newest1 DESC NULLS LAST, source_row"
        window = f"PARTITION BY {', '.join(names)} ORDER BY {order}"
        yield (
            f"SELECT source_row, survivor FROM (SELECT source_row, row_number() OVER ({window}) AS place, "
            f"first_value(source_row) OVER ({window}) AS survivor FROM ({keyed}) k WHERE {filled}) ranked "
            "WHERE place > 1"
        )
        there = " AND ".join(f"t.{quote(name)} = k.k{place}" for place, name in enumerate(key))
        none = dialects.named(self.conversion.dialect).loading.NO_ROW
        yield (
            f"SELECT k.source_row, {none} AS survivor FROM ({keyed}) k "
            f"WHERE EXISTS (SELECT 1 FROM {quote(self.table.name)} t WHERE {there})"
        )

    def _select(self, repeated: str, target: str = "NULL", old: str = "NULL", value: str = "NULL") -> str:
        text = dialects.named(self.conversion.dialect).loading.as_text
        return (
            f"SELECT r.source_row, {text(target)} AS target, {text(old)} AS old, "
            f"{text(literal('duplicate'))} AS reason, "
            "r.survivor, "
            f"{text(value)} AS value FROM ({repeated}) r JOIN {self.conversion.place} o ON {self.row} = r.source_row"
        )

    def _lengthen(self, name: str, longer: str | None) -> None:
        """Give repeated keys a longer one; those that are repeated even so keep theirs, and are refused."""
        if longer is None:
            return
        old = self.conversion.columns[name].chosen()
        rewrite = rules.REWRITES.get((self.table.name, name))
        if rewrite is not None:
            longer = f"replace({longer}, {literal(rewrite[0])}, {literal(rewrite[1])})"
        for repeated in list(self._repeated((name,))):
            select = self._select(repeated, literal(name), old, longer)
            self._note("key", f"SELECT n.* FROM ({select}) n WHERE n.value IS NOT NULL", target=name)

    def _remember(self, key: tuple[str, ...]) -> None:
        """Let children of the repeated rows follow those that stand for them."""
        if "id" not in self.values or self.table.counted:
            return
        place, row = self.conversion.place, self.row
        identity = f"(SELECT {self.values['id']} FROM {place} o WHERE {row} = "
        names = ", ".join(f"{self.final(name)} AS k{number}" for number, name in enumerate(key))
        there = " AND ".join(f"t.{quote(name)} = k.k{number}" for number, name in enumerate(key))
        followed = run(
            self.connection,
            f"INSERT INTO {SURVIVORS} SELECT {literal(self.table.name)}, old_id, new_id FROM ("
            f"SELECT {identity} e.source_row) AS old_id, {identity} e.survivor) AS new_id FROM {EXCEPTIONS} e "
            f"WHERE e.kind = 'row' AND e.reason = 'duplicate' AND e.survivor IS NOT NULL UNION ALL "
            f"SELECT k.old_id, t.id FROM (SELECT {self.values['id']} AS old_id, {row} AS source_row, {names} "
            f"FROM {place} o) k JOIN {EXCEPTIONS} e ON e.source_row = k.source_row AND e.kind = 'row' "
            f"AND e.reason = 'duplicate' AND e.survivor IS NULL JOIN {quote(self.table.name)} t ON {there}"
            f") f WHERE old_id <> new_id",
        ).rowcount
        if followed:
            self._merged.add(self.table.name)
