"""Rows of unmanaged tables that refer to rows of ours: what becomes of them when an adoption does not keep the parent.

references       reads the foreign keys of unmanaged tables that lead to managed ones, straight or not
changed_keys     the keys of the rows of ours that are not kept, or get another key
edits            what becomes of a row, and whether its table takes that
changes          which references follow, become NULL, or take their row along
lost_references  those that are lost, counted for a plan
apply            how it is done
preserved        the rows as they were, for an undo on PostgreSQL
"""
