"""Rows of unmanaged tables that refer to rows of ours: what becomes of them when an adoption does not keep the parent.

references  the foreign keys of unmanaged tables that lead to managed ones, straight or through other unmanaged tables
catalogue   reads them, from either database
fates       the keys of the rows of ours that are not kept, or get another key
edits       what is noted about a row, and whether its table takes that
noted       which references follow, become NULL, or take their row along
stranded    those that are lost, counted for a plan
settle      how it is done
back        the rows as they were, for an undo on PostgreSQL
"""
