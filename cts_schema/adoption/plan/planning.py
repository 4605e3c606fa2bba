"""Makes the plan of an adoption: surveys the database, examines its rows, and tries out what may lose some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cts_schema.adoption.convert import sources
from cts_schema.adoption.convert.conversion import Conversion
from cts_schema.adoption.engine import Dependents, Engine
from cts_schema.adoption.plan import decisions, examine, plan, trial
from cts_schema.adoption.plan.examine import Examination
from cts_schema.adoption.plan.plan import Plan
from cts_schema.adoption.refusal import Refusal
from cts_schema.adoption.survey.tables import Survey
from cts_schema.adoption.unmanaged.references import References, read
from cts_schema.database.options import Options
from cts_schema.ddl.text import quote
from cts_schema.dialects.sqlite.untrusted import distrusted, readable_without_collations
from cts_schema.exceptions import AdoptionBlocked, DecisionNeeded, DiskFull, NotPermitted
from cts_schema.migration.progress import Progress


@dataclass
class Planned:
    """A plan, and what it was made of.

    Attributes:
        plan: for a person.
        survey: what there is.
        dependents: on the legacy tables.
        examined: the sources, and what is wrong with their rows.
        refusals: what cannot be carried over, and is left out.
        references: the foreign keys of unmanaged tables.
    """

    plan: Plan
    survey: Survey
    dependents: Dependents
    examined: Sequence[tuple[Conversion, Examination]] = ()
    refusals: Sequence[Refusal] = ()
    references: References = field(default_factory=lambda: References({}, ()))

    def require_possible(self, *, yes: bool) -> None:
        """Check that nothing stands against the adoption.

        Raises:
            DiskFull: there is not enough room.
            NotPermitted: a table belongs to another user.
            AdoptionBlocked: something must be fixed first.
            DecisionNeeded: the plan has decisions, and nobody has said yes to them.
        """
        made = self.plan
        if made.bytes_free is not None and made.bytes_free < made.bytes_needed:
            raise DiskFull(
                cause="there is not enough room for an adoption",
                database=made.database,
                needed=f"{made.bytes_needed:,} bytes",
                free=f"{made.bytes_free:,} bytes",
            )
        if any("belongs to another user" in blocker for blocker in made.blockers):
            raise NotPermitted(
                cause="the user of the URL does not own all of the legacy tables",
                database=made.database,
                tables="\n".join(made.blockers),
                next_step="repeat as their owner, or: ALTER TABLE name OWNER TO user",
            )
        if made.blockers:
            raise AdoptionBlocked(database=made.database, blockers="\n".join(made.blockers))
        if made.decisions and not yes:
            raise DecisionNeeded(database=made.database, decisions="\n".join(map(str, made.decisions)))


def make_plan(engine: Engine, options: Options, progress: Progress) -> Planned:
    """Survey the database, examine its rows, and say what would happen. Nothing is written."""
    connection = engine.connection
    with distrusted(connection), readable_without_collations(connection):
        found = engine.survey.survey(connection, options.version_table)
        blockers = _blockers(engine, found)
        examined = [] if blockers else _examine(engine, found, progress)
        dependents = engine.dependents.read(connection, [table.name for table in found.managed.values()])
        refused = [] if blockers else dependents.refused(connection, found.managed.values())
        blockers += [str(one) for one in refused if one.blocking]
        refusals = [one for one in refused if not one.blocking]
        references, outcome = References({}, ()), trial.Outcome()
        if not blockers:
            keys = [one.name for one in refusals if one.kind == "foreign key"]
            references = read(engine, found.managed, keys)
            if not options.yes:  # who has agreed to everything needs no list of it
                progress.report("finding what refers to rows that cannot be kept")
                try:
                    outcome = trial.run_trial(engine, found, examined, references)
                except AdoptionBlocked as error:
                    blockers.append(str(error.place["blockers"]))
        found_decisions = decisions.find(examined, outcome, refusals)
        made = plan.make(connection, found, examined, options.orphans, found_decisions, blockers)
        return Planned(made, found, dependents, examined, refusals, references)


def _blockers(engine: Engine, found: Survey) -> list[str]:
    """Return what prevents an examination of the rows."""
    blockers = [f"{thing} has the name of one of our tables" for thing in found.taken]
    blockers += [f"table {table.name} belongs to another user" for table in found.tables.values() if not table.owned]
    blockers += [table.unreadable for table in found.tables.values() if table.unreadable is not None]
    if not engine.loading.may_make_temporary_tables(engine.connection):
        blockers.append("the user may not make temporary tables: GRANT TEMPORARY ON DATABASE is missing")
    return blockers


def _examine(engine: Engine, found: Survey, progress: Progress) -> list[tuple[Conversion, Examination]]:
    engine.convert.prepare(engine.connection, engine.version)
    places = {name: quote(table.name) for name, table in found.tables.items()}
    places |= {table.name: quote(table.name) for table in found.tables.values()}
    parents: dict[str, list[str]] = {}
    examined = []
    for source in sources.find(found, engine):
        conversion = Conversion(source, engine, places, built=False)
        progress.report(f"examining {source.old.name}")
        findings = examine.examine(engine.connection, conversion, parents)
        keys = examine.keys(conversion, findings)
        if keys is not None:
            parents.setdefault(source.table.name, []).append(keys)
        examined.append((conversion, findings))
    return examined
