"""The dialect of PostgreSQL: its SQL, its schema, and access to a server."""
