"""Dependents on SQLite."""
