"""Writes revisions: compares the models with the declared state, and words the difference as operations."""
