-- Comments on relations and their columns. The parent is the object that the comment is on; where that is a part of another
-- fact, that fact.
WITH commented AS MATERIALIZED (
    SELECT c.relnamespace AS schema, d.objsubid AS sub, d.description AS text, c.oid, c.relkind,
           -- A composite type's own relation bears the type's name.
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                          WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'table' END AS kind,
           c.relname
    FROM pg_description d
    JOIN pg_class c ON c.oid = d.objoid
    WHERE d.classoid = 'pg_class'::regclass
      AND d.objoid = ANY ($1)
)
SELECT c.schema, c.kind, ARRAY[c.relname],
       CASE WHEN o.name IS NULL THEN c.kind ELSE 'column' END, coalesce(o.name, ARRAY[c.relname]), c.text
FROM commented c
-- An identity column's sequence goes with the column.
LEFT JOIN LATERAL (
    SELECT ARRAY[t.relname, a.attname] AS name
    FROM pg_depend o
    JOIN pg_class t ON t.oid = o.refobjid
    JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
    WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
      AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'i'
) o ON c.relkind = 'S'
WHERE c.sub = 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION ALL
-- The columns of a view or a type are no facts of their own.
SELECT c.schema, 'column', ARRAY[c.relname, a.attname],
       CASE WHEN c.kind = 'table' THEN 'column' ELSE c.kind END,
       CASE WHEN c.kind = 'table' THEN ARRAY[c.relname, a.attname] ELSE ARRAY[c.relname] END, c.text
FROM commented c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = c.sub AND NOT a.attisdropped
WHERE c.sub > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
UNION ALL
-- A constraint's index goes with the constraint.
SELECT c.schema, 'index', ARRAY[c.relname],
       CASE WHEN k.oid IS NULL THEN 'index' ELSE 'constraint' END,
       CASE WHEN k.oid IS NULL THEN ARRAY[c.relname] ELSE ARRAY[t.relname, k.conname] END, c.text
FROM commented c
JOIN pg_index x ON x.indexrelid = c.oid
JOIN pg_class t ON t.oid = x.indrelid
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
WHERE c.sub = 0 AND c.relkind IN ('i', 'I')
