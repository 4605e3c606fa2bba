"""Breaks what moves a database, at every statement in turn, and looks at what is left: ``make torture``.

An *operation* (upgrade, downgrade, adoption) runs in a fork of one process that has loaded everything, on a copy of a
prepared database. At one *point*, a call of the driver or a file that changes, a *fault* strikes. Then:

- the database is in its old state or in the new one, to the last row;
- the error is a SchemaError with the exit code of its cause, and says the cause; nothing else is printed;
- nothing is left: no table in passing, no session, no lock, no invalid index, no file;
- the next plain run succeeds, and ends where an undisturbed one ends.

The next run is the same for the same state: it is tried once for each state that a fault has left, files included.
"""
