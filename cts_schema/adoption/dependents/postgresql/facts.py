"""What depends on the legacy tables of PostgreSQL, as plain values: names and definitions are SQL.

They are deparsed under a search path that has every schema concerned. So names in them are without a schema, and mean
the new tables once these are in place of the old ones. Where two schemas have something of one name, the second is
written with its schema.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grant:
    """A privilege on a relation, or on a column of it; the role is SQL, PUBLIC for everybody."""

    role: str
    privilege: str
    grantable: bool
    column: str | None = None


@dataclass(frozen=True)
class Relation:
    """A table or a view, and what belongs to it alone.

    Attributes:
        kind: table, view or materialized view.
        name: as SQL, with its schema only where the search path does not find it.
        title: as a person calls it, with its schema unless that is the one of the legacy tables.
        schema: the name of its schema, as SQL.
        own_name: its name without the schema, as SQL.
        owner: a role, as SQL.
        owned: whether the user of the connection may change it.
        creatable: whether its owner, or the user of the connection, may have it in its schema.
        grants: what the roles may do with it, the owner too.
        comments: texts as SQL, of its columns and of itself, whose column is None.
        guarded: whether row level security is on, and whether it binds the owner too.
        definition: of a view: its query.
        hollow: of a view over a column that becomes text: a query of the same columns that reads nothing.
        reads: of a view: the names of others that it reads, as far as they depend on legacy tables too.
        options: of a view, as SQL.
        populated: of a materialized view.
        defaults: of columns of a view.
        indexes: of a materialized view: name and definition.
    """

    kind: str
    name: str
    title: str
    schema: str
    own_name: str
    owner: str
    owned: bool
    creatable: bool
    grants: frozenset[Grant]
    comments: tuple[tuple[str | None, str], ...] = ()
    guarded: tuple[bool, bool] = (False, False)
    definition: str = ""
    hollow: str = ""
    reads: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    populated: bool = False
    defaults: tuple[tuple[str, str], ...] = ()
    indexes: tuple[tuple[str, str], ...] = ()

    @property
    def visible(self) -> bool:
        """Whether its name needs no schema."""
        return self.name == self.own_name

    @property
    def place(self) -> str:
        """Its name with its schema."""
        return f"{self.schema}.{self.own_name}"


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key between a legacy table and one that is not.

    Attributes:
        name: its own, as SQL.
        table: which has it, as SQL.
        definition: without NOT VALID.
        validated: whether all rows of the table meet it.
        outward: whether the legacy table is the one that has it.
    """

    name: str
    table: str
    definition: str
    validated: bool
    outward: bool


@dataclass(frozen=True)
class Retyped:
    """A column that becomes text, because the key that it refers to does.

    Attributes:
        table: as SQL.
        column: as SQL.
        type: what it is.
        default: as SQL.
        hindrance: why it cannot.
        text: what its value becomes, as SQL.
        follows: table and column, as SQL, without which it stays as it is: it refers to that, and that to ours.
    """

    table: str
    column: str
    type: str
    default: str | None
    hindrance: str | None
    text: str
    follows: tuple[str, str] | None


@dataclass(frozen=True)
class Attachment:
    """A trigger, a rule, a policy, or a table's place in a publication.

    Attributes:
        kind: which of them.
        name: its own, as SQL.
        table: what it is on, as SQL.
        elsewhere: whether that is neither a legacy table nor a view over one.
        make: the statements that make it.
        drop: the statement that drops it.
    """

    kind: str
    name: str
    table: str
    elsewhere: bool
    make: tuple[str, ...]
    drop: str


@dataclass(frozen=True)
class Facts:
    """All that depends on the legacy tables.

    Attributes:
        path: the search path under which names mean what they should; the schema of the legacy tables first.
        tables: the legacy tables.
        views: over the legacy tables, over each other, over columns that become text; each after those that it reads.
        others: other tables that are concerned: they have foreign keys, triggers, rules or policies of those below.
        foreign_keys: of other tables onto old ones, and the other way round.
        retyped: columns of other tables.
        attachments: triggers, rules, policies, publications.
        sequences: sequences of legacy tables that others draw from, and the column that each belongs to, as SQL.
        bound: what refers to the legacy tables in a way that cannot be made again, as (kind, description).
    """

    path: str
    tables: tuple[Relation, ...]
    views: tuple[Relation, ...]
    others: tuple[Relation, ...]
    foreign_keys: tuple[ForeignKey, ...]
    retyped: tuple[Retyped, ...]
    attachments: tuple[Attachment, ...]
    sequences: tuple[tuple[str, str], ...]
    bound: tuple[tuple[str, str], ...]

    def title(self, name: str) -> str:
        """Return how a person calls what is ``name`` as SQL."""
        return next((one.title for one in (*self.tables, *self.views, *self.others) if one.name == name), name)
