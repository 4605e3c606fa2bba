"""Runs: one line of revisions, and one code path for every way to start it."""
