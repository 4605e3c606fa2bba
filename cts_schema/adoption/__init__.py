"""How a legacy database is adopted: a folder for each phase.

survey      what a database has, read without SQLAlchemy's reflection, which does not survive every legacy shape
convert     what legacy names and values mean: rules as data, and the SQL that converts a value on each database
plan        what would happen, as a value, before anything is touched: rows examined, a load on trial, decisions
legacy      the legacy tables: moved aside, dropped for good, or brought back
load        the rows, set by set, and the leftovers that have no place
unmanaged   rows of other tables, which follow the rows that they refer to
dependents  views, triggers, grants and foreign keys of others

adopt       the phases in their order, within the run of a migration
run         the same from code: plan, adopt, finalize, undo
target      the tables that the revisions make, replayed
verify      that nothing was lost, before anything is committed
"""
