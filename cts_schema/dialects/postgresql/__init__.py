"""The schema as PostgreSQL keeps it, and how one works with a server."""
