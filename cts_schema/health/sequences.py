"""The numbers that PostgreSQL gives: whether the next one is free. (SQLite looks at the table itself.)"""

from __future__ import annotations

from collections.abc import Iterator

from cts_schema.ddl.text import quote
from cts_schema.health.look import Look
from cts_schema.health.report import Finding

_SEQUENCES = """
SELECT c.relname AS table, a.attname AS column, s.seqrelid::regclass::text AS sequence, q.last_value,
       s.seqstart, s.seqincrement
  FROM pg_sequence s
  JOIN pg_depend d ON d.objid = s.seqrelid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('i', 'a')
  JOIN pg_class c ON c.oid = d.refobjid
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  JOIN pg_class n ON n.oid = s.seqrelid
  JOIN pg_sequences q ON q.sequencename = n.relname AND q.schemaname = n.relnamespace::regnamespace::name
 WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
   AND has_sequence_privilege(s.seqrelid, 'SELECT,USAGE') AND s.seqincrement > 0
 ORDER BY c.relname, a.attname
"""


def findings(look: Look) -> Iterator[Finding]:
    """Find sequences whose next number is taken, or has been passed. The largest is read from the key's index."""
    if look.dialect != "postgresql":
        return
    for one in look.rows(_SEQUENCES):
        if one.table not in look.tables:
            continue
        following = one.seqstart if one.last_value is None else one.last_value + one.seqincrement
        largest = look.value(f"SELECT max({quote(one.column)}) FROM {quote(one.table)}")
        if largest is not None and largest >= following:
            yield Finding(
                "sequence-behind",
                "error",
                f"{one.table}.{one.column}",
                f"the next number would be {following}, and there is {largest}: the next row will be refused",
            )
