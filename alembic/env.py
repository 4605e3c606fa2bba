"""Alembic's way in. Everything it does is in cts_schema.migration.environment, which the functions share."""

from alembic import context

from cts_schema.migration.environment import run
from cts_schema.models import Base

target_metadata = Base.metadata

run(context, target_metadata)
