"""Data sets by environment: what every installation needs, sample data, and fixed rows for tests."""
