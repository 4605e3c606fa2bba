"""Dependents on PostgreSQL, which bind by object id: everything must be made again."""

from cts_schema.adoption.dependents.postgresql.dependents import read as read
