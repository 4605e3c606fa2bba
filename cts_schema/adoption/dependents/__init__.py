"""What is not ours but depends on the legacy tables: views, triggers, grants, foreign keys of other tables.

It is read while the legacy tables are in place, tried on an empty copy of the new schema, taken off before they are
moved, and put on the new tables once these have their rows. What cannot be carried over is refused beforehand, with the
reason that the database gave. Nothing locks a legacy table before it is taken off.

PostgreSQL binds by object id: everything must be made again. SQLite binds by name: only the triggers of the legacy
tables must be made again, but what no longer compiles is noticed by nobody unless it is compiled here.
"""
