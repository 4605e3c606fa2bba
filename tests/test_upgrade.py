"""Bringing an empty database to head."""

from __future__ import annotations

import pytest

from cts_schema import downgrade, initialize, status, upgrade
from cts_schema.exceptions import UnknownRevision
from tests.support.databases import Database


def test_an_empty_database_becomes_the_whole_schema(database: Database) -> None:
    report = initialize(database.url)
    assert (report.before, report.after) == (None, "060")
    assert len(database.tables()) == 42  # 41 of ours, and alembic_version


def test_a_second_start_finds_nothing_to_do(head: Database) -> None:
    report = upgrade(head.engine)
    assert report.applied == ()
    assert (report.before, report.after) == ("060", "060")


def test_an_empty_revision_is_refused(head: Database) -> None:
    for step in (upgrade, downgrade):
        with pytest.raises(UnknownRevision):
            step(head.engine, "")
    assert status(head.engine).at_head
