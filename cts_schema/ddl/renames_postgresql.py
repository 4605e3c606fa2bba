"""Renames a table or a column of PostgreSQL, in one block that inspects the database itself, as a script must."""

from __future__ import annotations

from cts_schema.ddl.text import literal, quote

_SHORT = (
    "CASE WHEN octet_length({0}) <= 63 THEN {0} "
    "ELSE left({0}, 56) || '_' || left(encode(sha256(convert_to({0}, 'UTF8')), 'hex'), 6) END"
)

_BLOCK = """DO $cts_rename$ DECLARE one record; BEGIN
  IF {done} THEN
    RETURN;
  END IF;
  {rename};
  FOR one IN
    WITH parts AS (
      SELECT k.oid, k.conname::text AS name, k.contype AS kind, 'CONSTRAINT' AS what, 0 AS place,
             ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY u (number, n)
                     JOIN pg_attribute ON attrelid = k.conrelid AND attnum = number ORDER BY n) AS columns
        FROM pg_constraint k WHERE k.conrelid = {literal}::regclass
      UNION ALL
      SELECT c.oid, c.relname::text, 'i', 'INDEX', form.n,
             ARRAY(SELECT attname::text FROM generate_series(0, i.indnkeyatts - 1) n
                     JOIN pg_attribute ON attrelid = i.indrelid AND attnum = i.indkey[n]
                    WHERE form.n = 0 OR i.indoption[n] = 0 ORDER BY n)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, generate_series(0, 1) form (n)
       WHERE i.indrelid = {literal}::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = c.oid)
    ), pairs AS (
      SELECT oid, what, name, array_to_string(ARRAY[head, before] || columns_before, '_') AS before,
             array_to_string(ARRAY[head, after] || columns_after, '_') AS after
        FROM parts, LATERAL (
          SELECT CASE kind WHEN 'p' THEN 'pk' WHEN 'u' THEN 'uq' WHEN 'f' THEN 'fk' WHEN 'i' THEN 'ix' END AS head,
                 {old_table}::text AS before, {new_table}::text AS after,
                 CASE kind WHEN 'p' THEN '{{}}' ELSE array_replace(columns, {new_column}, {old_column}) END
                   AS columns_before,
                 CASE kind WHEN 'p' THEN '{{}}' ELSE columns END AS columns_after) named
       WHERE kind IN ('p', 'u', 'f', 'i')
      UNION ALL
      SELECT oid, 'CONSTRAINT', name, array_to_string(ARRAY[{old_table}] ||
             array_replace(columns, {new_column}, {old_column}), '_') || '_not_null',
             array_to_string(ARRAY[{new_table}] || columns, '_') || '_not_null'
        FROM parts WHERE kind = 'n'
      UNION ALL
      {checks}
      UNION ALL
      SELECT oid, 'TRIGGER', tgname, 'trg_' || {old_table} || '_updated_at', 'trg_' || {new_table} || '_updated_at'
        FROM pg_trigger WHERE tgrelid = {literal}::regclass AND NOT tgisinternal
      UNION ALL
      SELECT s.oid, 'SEQUENCE', s.relname, concat_ws('_', {old_table}, CASE attname WHEN {new_column} THEN {old_column}
             ELSE attname END, 'seq'), concat_ws('_', {new_table}, attname, 'seq')
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
       WHERE d.classid = 'pg_class'::regclass AND d.refobjid = {literal}::regclass AND d.deptype IN ('a', 'i')
      {preserved}
    ), named AS (
      SELECT oid, what, name, {before} AS before, {after} AS after FROM pairs
    )
    SELECT DISTINCT ON (what, name) what, name, after FROM named WHERE name = before AND name <> after
  LOOP
    EXECUTE CASE one.what
      WHEN 'CONSTRAINT' THEN format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', {literal}, one.name, one.after)
      WHEN 'TRIGGER' THEN format('ALTER TRIGGER %I ON %s RENAME TO %I', one.name, {literal}, one.after)
      ELSE format('ALTER %s %I RENAME TO %I', one.what, one.name, one.after)
    END;
  END LOOP;
END $cts_rename$"""

_CHECKS_OF_TABLE = """
      SELECT oid, 'CONSTRAINT', name, 'ck_' || {old_table} || '_' || part, 'ck_' || {new_table} || '_' || part
        FROM parts, LATERAL (SELECT substr(name, length({old_table}) + 5) AS part
                              WHERE starts_with(name, 'ck_' || {old_table} || '_')
                             UNION ALL SELECT columns[1] || tail FROM unnest(ARRAY['', '_finite']) tail) p
       WHERE kind = 'c'"""
_CHECKS_OF_COLUMN = """
      SELECT oid, 'CONSTRAINT', name, 'ck_' || {new_table} || '_' || {old_column} || {tail},
             'ck_' || {new_table} || '_' || {new_column} || {tail} FROM parts WHERE kind = 'c'"""
_PRESERVED = """
      UNION ALL
      SELECT oid, 'TABLE', relname, concat_ws('_', {kept_before}, number), concat_ws('_', {kept_after}, number)
        FROM pg_class, LATERAL (SELECT left(relname, 13) || {old_table} AS old,
                                       left(relname, 13) || {new_table} AS new) h,
             LATERAL (SELECT NULL AS number UNION ALL SELECT generate_series(2, 99)::text) n
       WHERE relkind = 'r' AND relname ~ '^cts_kept_[0-9]{{3}}_'
         AND relnamespace = quote_ident(current_schema())::regnamespace"""


def table(old: str, new: str, *, again: bool) -> str:
    """Return the statement that renames a table.

    Args:
        old: its name so far.
        new: its new name.
        again: whether an earlier run may have renamed it.
    """
    words = _words(old, new, "", "")
    done = f"to_regclass({literal(quote(old))}) IS NULL AND to_regclass({words['literal']}) IS NOT NULL"
    return _BLOCK.format(
        **words,
        rename=f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}",
        done=done if again else "false",
        checks=_CHECKS_OF_TABLE.format(**words),
        preserved=_PRESERVED.format(**words),
    )


def column(table: str, old: str, new: str, check: str | None, *, again: bool) -> str:
    """Return the statement that renames a column.

    Args:
        table: the table's name.
        old: the column's name so far.
        new: its new name.
        check: what follows the name of the column in that of the CHECK of its type, None if that has none.
        again: whether an earlier run may have renamed it.
    """
    words = _words(table, table, old, new)
    there = (
        f"SELECT 1 FROM pg_attribute WHERE attrelid = {words['literal']}::regclass AND NOT attisdropped AND attname = "
    )
    done = f"NOT EXISTS ({there}{literal(old)}) AND EXISTS ({there}{literal(new)})"
    return _BLOCK.format(
        **words,
        rename=f"ALTER TABLE {quote(table)} RENAME COLUMN {quote(old)} TO {quote(new)}",
        done=done if again else "false",
        checks=_CHECKS_OF_COLUMN.format(**words, tail="NULL" if check is None else literal(check)),
        preserved="",
    )


def _words(old: str, new: str, old_column: str, new_column: str) -> dict[str, str]:
    return {
        "old_table": literal(old),
        "new_table": literal(new),
        "old_column": literal(old_column),
        "new_column": literal(new_column),
        "literal": literal(quote(new)),
        "kept_before": _SHORT.format("old"),
        "kept_after": _SHORT.format("new"),
        "before": _SHORT.format("before"),
        "after": _SHORT.format("after"),
    }
