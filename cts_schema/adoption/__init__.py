"""How an old CTS database comes in: survey, plan, back up, move aside, build, load, verify.

rules       what old names and words mean, as data
target      the tables of the adoption revision, frozen
survey      what a database has, read without SQLAlchemy's reflection, which does not survive every old shape
sources     which old columns fill which of ours
casts       how a value is converted, and when it cannot be: SQL for each database
plan        what would happen, as a value, before anything is touched
load        the conversion itself, set by set
leftovers   where values and rows go that have no place
verify      that nothing was lost, before anything is committed
"""
