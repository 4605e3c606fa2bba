"""The schema as SQLite keeps it, and how one works with a file."""
