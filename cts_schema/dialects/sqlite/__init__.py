"""SQLite: how it spells things, how it keeps a schema, and how one works with a file."""
