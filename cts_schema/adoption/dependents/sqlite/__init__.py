"""Dependents on SQLite, which bind by name: what no longer compiles is noticed by nobody unless it is compiled."""

from cts_schema.adoption.dependents.sqlite.dependents import read as read
