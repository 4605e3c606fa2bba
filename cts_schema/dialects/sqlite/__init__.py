"""The dialect of SQLite: its SQL, its schema, and access to a file."""
