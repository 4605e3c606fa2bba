"""What is special about single rows of a source, recorded before the rest is loaded in one go.

A value that cannot be converted, a reference to nothing, a key that another row has: each is recorded in a temporary
table (see :mod:`cts_schema.adoption.load.leftovers`), by which the load and adoption_leftovers then go.
"""

from __future__ import annotations

import sqlalchemy as sa

from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.load.leftovers import EXCEPTIONS, REFUSED, SURVIVORS
from cts_schema.adoption.plan.examine import Examination
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.ddl.text import holds, literal, quote, run


class RowExceptions:
    """What is special about the rows of a source, and the values that they get because of it.

    Args:
        connection: in the run's transaction.
        conversion: the source.
        findings: what was wrong with its rows.
        lost: our tables that some row did not reach.
        merged: our tables of which a row stands for others; the table of the source is added, where that is so now.

    Attributes:
        any: whether there are some.
        row: by which an old row is found.
        values: our column -> what it gets, as SQL, before anything was recorded about it.
    """

    def __init__(
        self, connection: sa.Connection, conversion: Conversion, findings: Examination, lost: set[str], merged: set[str]
    ) -> None:
        self.connection, self.conversion, self.findings = connection, conversion, findings
        self.lost, self.merged = lost, merged
        self.table = conversion.source.table
        self.row = f"o.{conversion.row_id}"
        self.any = False
        self.values = {
            name: self._followed(column.column.parent, column.value(settled=name not in findings.dirty))
            for name, column in conversion.columns.items()
        }
        self._special: dict[str, set[str]] = {}

    @property
    def staying(self) -> str:
        """The condition that a row does not stay out; empty where all are loaded."""
        return f"{self.row} NOT IN ({REFUSED})" if self.any else ""

    @property
    def where(self) -> str:
        """The same as a clause."""
        return f" WHERE {self.staying}" if self.any else ""

    def _followed(self, parent: str | None, value: str) -> str:
        """A reference to a row that another one stands for goes to that one."""
        if parent not in self.merged:
            return value
        survivor = (
            f"SELECT s.new_id FROM {SURVIVORS} s WHERE s.table_name = {literal(str(parent))} AND s.old_id = {value}"
        )
        return f"coalesce(({survivor}), {value})"

    def final(self, name: str) -> str:
        """The value with what was recorded about it, and its default."""
        value = self.values[name]
        special = self._special.get(name, set())
        if special:
            branches = ""
            recorded = f"FROM {EXCEPTIONS} x WHERE x.target = {literal(name)} AND x.kind ="
            if "column" in special:
                branches += f"WHEN {self.row} IN (SELECT x.source_row {recorded} 'column') THEN NULL "
            if "key" in special:
                longer = f"SELECT x.value {recorded} 'key' AND x.source_row = {self.row}"
                branches += f"WHEN {self.row} IN (SELECT x.source_row {recorded} 'key') THEN ({longer}) "
            value = f"CASE {branches}ELSE {value} END"
        column = self.conversion.columns[name]
        unsaid = special or not self._is_raw(name)
        return f"coalesce({value}, {self.conversion.default(name)})" if column.defaulted and unsaid else value

    def _is_raw(self, name: str) -> bool:
        """Whether all values of a column are those of one old column, converted by its type alone."""
        findings = self.findings
        return (
            self.conversion.columns[name].raw_column() is not None
            and name not in findings.dirty
            and name not in findings.defaulted
        )

    def unchanged(self, name: str, final: str) -> LegacyColumn | None:
        """Return the old column, where all its values go as they are: a check by it checks the conversion as well."""
        column = self.conversion.columns[name]
        return column.raw_column() if self._is_raw(name) and final == column.value(settled=True) else None

    def is_made_up(self, name: str) -> bool:
        """Whether some row gets a new id, or the current time, which is another one whenever it is asked for."""
        default = self.conversion.default(name)
        return (
            self.conversion.columns[name].defaulted
            and not self._is_raw(name)
            and (default == "NULL" or "(" in default or "CURRENT" in default)
        )

    def record_values(self) -> None:
        """Record the values that do not go where their column goes, and the rows that cannot be kept because of it."""
        for problem in self.findings.problems:
            old, reason = literal(problem.old.name), literal(problem.reason)
            self.record("value", self.about(problem.condition, old=old, reason=reason))
        self._record_orphans()
        self._refuse_incomplete()
        self.refuse_broken("'check'")

    def record(self, kind: str, select: str, *, target: str | None = None) -> int:
        """Record what a query gives: source_row, target, old, reason, survivor, value; return how many rows."""
        recorded = run(
            self.connection,
            f"INSERT INTO {EXCEPTIONS} (kind, source_row, target, old, reason, survivor, value) "
            f"SELECT {literal(kind)}, n.* FROM ({select}) n",
        ).rowcount
        if recorded:
            self.any = True
            if target is not None:
                self._special.setdefault(target, set()).add(kind)
        return recorded

    def about(self, where: str, *, target: str = "NULL", old: str = "NULL", reason: str) -> str:
        """Return a query for :meth:`record`, of the rows that meet a condition."""
        spelled = self.conversion.engine.loading
        text = spelled.as_text
        return (
            f"SELECT {self.row} AS source_row, {text(target)} AS target, {text(old)} AS old, {text(reason)} AS reason, "
            f"{spelled.NO_ROW} AS survivor, {text('NULL')} AS value FROM {self.conversion.place} o WHERE {where}"
        )

    def _record_orphans(self) -> None:
        """Record the references to rows that are not there, and those that go to another row now."""
        for name, column in self.conversion.columns.items():
            parent = column.column.parent
            if parent is None or parent == self.table.name:
                continue
            if parent in self.merged:
                value = column.value(settled=name not in self.findings.dirty)
                followed = f"{value} IN (SELECT s.old_id FROM {SURVIVORS} s WHERE s.table_name = {literal(parent)})"
                self.record("value", self.about(followed, old=column.chosen(), reason="'duplicate'"))
            if name in self.findings.orphans or parent in self.lost:
                self._record_orphans_of(name, f"SELECT id AS key FROM {quote(parent)}")

    def record_own_orphans(self) -> None:
        """Record the references to rows of the same table that are not there, or stay out."""
        for name, column in self.conversion.columns.items():
            if column.column.parent == self.table.name:
                there = f"SELECT id AS key FROM {quote(self.table.name)}"
                if "id" in self.values:  # else every row gets a new one, which none can refer to
                    there += f" UNION ALL SELECT {self.values['id']} FROM {self.conversion.place} o{self.where}"
                self._record_orphans_of(name, there)

    def _record_orphans_of(self, name: str, parents: str) -> None:
        condition = self.conversion.engine.loading.lacking(self.values[name], parents)
        old = self.conversion.columns[name].chosen()
        about = self.about(condition, target=literal(name), old=old, reason="'orphan'")
        self.record("column", about, target=name)

    def _refuse_incomplete(self) -> None:
        """Record the rows that lack what our table requires."""
        for name, column in self.table.columns.items():
            if not column.required:
                continue
            if name not in self.conversion.columns:
                self.record("row", self.about("true", reason="'null'"))
                continue
            if name in self._special:
                orphans = (
                    f"SELECT x.source_row FROM {EXCEPTIONS} x WHERE x.kind = 'column' AND x.target = {literal(name)}"
                )
                self._refuse(f"{self.row} IN ({orphans})", "'orphan'")
            if name in self.findings.nulls:
                olds = ", ".join(map(literal, self.conversion.columns[name].old_names())) or "NULL"
                reason = (
                    f"coalesce((SELECT min(x.reason) FROM {EXCEPTIONS} x WHERE x.source_row = {self.row} "
                    f"AND x.kind = 'value' AND x.old IN ({olds})), 'null')"
                )
                self._refuse(f"({self.values[name]}) IS NULL", reason)

    def refuse_broken(self, reason: str) -> None:
        """Record the rows that break a condition of our table, by what was recorded about them until now."""
        for check in self.table.checks:
            if self.findings.checks or self._special:
                named = [name for name in self.table.columns if name in check]
                values = {name: self.final(name) if name in self.values else "NULL" for name in named}
                self._refuse(f"NOT {holds(check, values)}", reason)
        if self.any:  # a row that stays out goes to adoption_leftovers as it is: nothing else matters about it
            run(self.connection, f"DELETE FROM {EXCEPTIONS} WHERE kind <> 'row' AND source_row IN ({REFUSED})")

    def _refuse(self, condition: str, reason: str) -> None:
        already = f" AND {self.staying}" if self.any else ""
        self.record("row", self.about(f"{condition}{already}", reason=reason))
