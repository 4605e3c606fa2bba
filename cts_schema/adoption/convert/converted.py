"""One of our columns, filled from the old columns of a source, as SQL over the old row ``o``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cts_schema.adoption.convert.casts import Cast, Reason
from cts_schema.adoption.convert.sources import Candidate
from cts_schema.adoption.survey.tables import LegacyColumn
from cts_schema.adoption.target import Column
from cts_schema.ddl.text import literal

if TYPE_CHECKING:
    from cts_schema.adoption.convert.conversion import Conversion


@dataclass(frozen=True)
class Problem:
    """Why a value of an old column cannot go into ours as it is.

    Attributes:
        old: the old column.
        column: ours.
        reason: as in adoption_leftovers.
        condition: for which rows it is so.
    """

    old: LegacyColumn
    column: str
    reason: Reason
    condition: str


@dataclass(frozen=True)
class _Part:
    candidate: Candidate
    cast: Cast
    sql: str
    usable: str  # when it has a value that can be ours


class Converted:
    """One of our columns, filled from a source.

    Attributes:
        column: ours.
        problems: what may be wrong with the values of its old columns.
        plain: a quick condition under which none of them is; None means always.
    """

    def __init__(self, conversion: Conversion, column: Column) -> None:
        self.column = column
        self._differs = conversion.engine.sql.differs
        source = conversion.source
        # An empty text says nothing, and a second one would be refused by a unique key.
        self._no_blank = column.kind == "text" and column.nullable and (column.name,) in source.table.unique
        self._parts = [self._part(conversion, candidate) for candidate in source.candidates.get(column.name, ())]
        self._fills = [sql for fill in source.fills.get(column.name, ()) if (sql := conversion.fill(fill)) is not None]
        self._constant = source.constants.get(column.name)
        self.problems = [problem for place in range(len(self._parts)) for problem in self._problems(place)]
        self.plain = self._plain()

    def _part(self, conversion: Conversion, candidate: Candidate) -> _Part:
        sql = conversion.value_of(candidate.old)
        engine = conversion.engine
        found = engine.convert.cast(candidate.wish, candidate.old, sql, engine.version)
        conditions = [f"{sql} IS NOT NULL", found.valid]
        if candidate.guard is not None:
            conditions.append(conversion.fill(candidate.guard))
        if self._no_blank:
            conditions.append(f"CAST({sql} AS TEXT) <> ''")
        if self.column.check is not None:
            conditions.append(f"CASE WHEN {found.valid or 'true'} THEN {self._checked(found.value)} END")
        return _Part(candidate, found, sql, " AND ".join(f"({one})" for one in conditions if one is not None))

    def _problems(self, place: int) -> list[Problem]:
        part = self._parts[place]
        name, old, cast_ = self.column.name, part.candidate.old, part.cast
        if part.candidate.shared:
            return []
        found = []
        if cast_.valid is not None:
            found.append(
                Problem(old, name, cast_.reason, f"{part.sql} IS NOT NULL AND NOT coalesce({cast_.valid}, false)")
            )
        if self._no_blank:
            found.append(Problem(old, name, "duplicate", f"CAST({part.sql} AS TEXT) = ''"))
        if self.column.check is not None:
            valid = f"{part.sql} IS NOT NULL" + (f" AND ({cast_.valid})" if cast_.valid else "")
            broken = f"CASE WHEN {valid} THEN NOT {self._checked(cast_.value)} ELSE false END"
            found.append(Problem(old, name, "check", broken))
        guarded = part.usable
        if part.candidate.guard is not None:
            valid = "" if cast_.valid is None else f" AND ({cast_.valid})"
            found.append(
                Problem(old, name, "no_column", f"{part.sql} IS NOT NULL{valid} AND NOT coalesce({part.usable}, false)")
            )
        earlier = [one.usable for one in self._parts[:place]]
        if cast_.exact is not None:
            first = "".join(f" AND NOT coalesce({one}, false)" for one in earlier)
            condition = f"CASE WHEN ({guarded}){first} THEN NOT coalesce({cast_.exact}, false) ELSE false END"
            found.append(Problem(old, name, "precision", condition))
        if earlier:
            other = self._differs(cast_.value, self._choice(self._parts[:place]))
            if cast_.exact is not None:  # two seconds are no hour, although they become one
                other = f"({other}) OR NOT coalesce({cast_.exact}, false)"
            taken = " OR ".join(f"({one})" for one in earlier)
            # Compared only where both can be converted: a cast of what is not valid would raise.
            condition = f"CASE WHEN ({guarded}) AND ({taken}) THEN {other} ELSE false END"
            found.append(Problem(old, name, "no_column", condition))
        return found

    def _checked(self, value: str) -> str:
        return "(" + re.sub(rf"\b{self.column.name}\b", lambda _: f"({value})", str(self.column.check)) + ")"

    def _plain(self) -> str | None:
        conditions = []
        if any(part.candidate.guard is not None for part in self._parts):
            return "false"
        for place, part in enumerate(self._parts):
            if part.cast.plain is not None:
                conditions.append(part.cast.plain)
            if self.column.check is not None:
                conditions.append(f"{part.sql} IS NULL OR coalesce({part.usable}, false)")
            if self._no_blank:
                conditions.append(f"coalesce(CAST({part.sql} AS TEXT) <> '', true)")
            if place and not part.candidate.shared:
                earlier = " AND ".join(f"{one.sql} IS NULL" for one in self._parts[:place])
                conditions.append(f"({part.sql} IS NULL OR ({earlier}))")
        if self.column.required and self._constant is None:
            values = [part.sql for part in self._parts] + self._fills
            conditions.append(" OR ".join(f"{one} IS NOT NULL" for one in values) or "false")
        return " AND ".join(f"({one})" for one in conditions) if conditions else None

    @property
    def defaulted(self) -> bool:
        """Whether the database fills it in where a row says nothing."""
        return self.column.default and not self.column.nullable

    def value(self, *, settled: bool) -> str:
        """Return its value, NULL where nothing can be said.

        Args:
            settled: every row is plain, so that no value needs to be checked.
        """
        if self._constant is not None:
            return literal(self._constant)
        if settled:
            values = [part.cast.plain_value for part in self._parts] + self._fills
            return _first(values)
        return self._choice(self._parts, self._fills) if self._parts else _first(self._fills)

    def chosen(self) -> str:
        """Return the name of the old column that the value is from, as SQL."""
        branches = " ".join(f"WHEN {part.usable} THEN {literal(part.candidate.old.name)}" for part in self._parts)
        return f"CASE {branches} END" if branches else "NULL"

    def old_names(self) -> list[str]:
        """Return the old columns that may fill it."""
        return [part.candidate.old.name for part in self._parts]

    def raw_column(self) -> LegacyColumn | None:
        """Return the old column, where there is no other and nothing renames its values."""
        if len(self._parts) != 1 or self._fills or self._constant is not None:
            return None
        wish = self._parts[0].candidate.wish
        return None if wish.renamed or wish.rewrite or wish.units != 1 else self._parts[0].candidate.old

    def _choice(self, parts: list[_Part], fills: Sequence[str] = ()) -> str:
        branches = " ".join(f"WHEN {part.usable} THEN {part.cast.value}" for part in parts)
        return f"CASE {branches} ELSE {_first(fills)} END"


def _first(values: Sequence[str]) -> str:
    """Return the first value that is one."""
    return f"coalesce({', '.join(values)})" if len(values) > 1 else (values[0] if values else "NULL")
