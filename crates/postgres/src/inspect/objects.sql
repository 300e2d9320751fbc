-- What stands in the schemas ($1), by what decides which statements have something to read there: a row for each sort of
-- object, with the oids of all objects of that sort, schema by schema.
WITH inside AS MATERIALIZED (
    -- Whatever has a namespace depends on it: pg_depend has an index for that, and pg_class has none.
    SELECT d.refobjid AS schema, d.classid AS class, d.objid AS object
    FROM pg_depend d
    WHERE d.refclassid = 'pg_namespace'::regclass
      AND d.refobjid = ANY ($1)
)
SELECT 'pg_class' AS class, c.relkind::text AS kind,
       c.relhasindex AS has_index, c.relhasrules AS has_rules, c.relhastriggers AS has_triggers,
       c.relispartition AS is_partition,
       array_agg(c.oid ORDER BY i.schema, c.oid) AS objects
FROM inside i
JOIN pg_class c ON c.oid = i.object
WHERE i.class = 'pg_class'::regclass
GROUP BY 2, 3, 4, 5, 6
UNION ALL
SELECT 'pg_type', t.typtype::text, false, false, false, false, array_agg(t.oid ORDER BY i.schema, t.oid)
FROM inside i
JOIN pg_type t ON t.oid = i.object
WHERE i.class = 'pg_type'::regclass
GROUP BY 2
UNION ALL
SELECT 'pg_proc', p.prokind::text, false, false, false, false, array_agg(p.oid ORDER BY i.schema, p.oid)
FROM inside i
JOIN pg_proc p ON p.oid = i.object
WHERE i.class = 'pg_proc'::regclass
GROUP BY 2
UNION ALL
SELECT i.class::regclass::text, '', false, false, false, false, array_agg(i.object ORDER BY i.schema, i.object)
FROM inside i
WHERE i.class NOT IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)
GROUP BY i.class
UNION ALL
SELECT 'pg_namespace', '', false, false, false, false, array_agg(n.oid ORDER BY n.oid)
FROM pg_namespace n
WHERE n.oid = ANY ($1)
HAVING count(*) > 0
UNION ALL
-- A comment on an object that was made after the database, or on one of these schemas themselves.
SELECT 'pg_description', '', false, false, false, false, array_agg(n.oid ORDER BY n.oid)
FROM pg_namespace n
WHERE n.oid = ANY ($1)
  AND (EXISTS (SELECT FROM pg_description d WHERE d.objoid >= 16384)
       OR EXISTS (SELECT FROM pg_description d WHERE d.objoid = ANY ($1)))
HAVING count(*) > 0
UNION ALL
-- Something that goes with an extension, anywhere.
SELECT 'tie', '', false, false, false, false, array_agg(n.oid ORDER BY n.oid)
FROM pg_namespace n
WHERE n.oid = ANY ($1)
  AND EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x')
HAVING count(*) > 0
