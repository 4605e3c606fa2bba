"""Alembic's way in. Everything it does is in cts_schema.migration.environment, which the functions share."""

from alembic import context

from cts_schema.migration.environment import run

run(context)
