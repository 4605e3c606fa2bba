"""Data sets by environment: what every installation needs, an example to look at, and fixed rows for tests."""
