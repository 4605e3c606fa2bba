"""Dependents on PostgreSQL."""
