-- Sequences, but for those of identity columns, which are a part of them. The
-- parent is the column that owns it and goes with it.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema, c.oid, c.relname, c.relowner, c.relpersistence
    FROM pg_class c
    WHERE c.oid = ANY ($1)
)
SELECT r.schema,
       'pg_class'::regclass::oid AS class,
       r.oid                     AS object,
       0                         AS sub,
       'sequence'                AS kind,
       ARRAY[r.relname]::text[]  AS name,
       CASE WHEN a.attnum IS NOT NULL THEN 'column' END AS parent_kind,
       CASE WHEN a.attnum IS NOT NULL THEN ARRAY[t.relname, a.attname]::text[] END AS parent_name,
       pg_get_userbyid(r.relowner) AS owner,
       -- smallint, integer or bigint: never of the schema's own.
       format_type(s.seqtypid, NULL) AS type,
       s.seqstart AS start,
       s.seqincrement AS increment,
       s.seqmin AS min,
       s.seqmax AS max,
       s.seqcache AS cache,
       nullif(s.seqcycle, false) AS cycle,
       nullif(r.relpersistence = 'u', false) AS unlogged
FROM relation r
JOIN pg_sequence s ON s.seqrelid = r.oid
LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass
                     AND o.objid = r.oid
                     AND o.refclassid = 'pg_class'::regclass
                     AND o.refobjsubid > 0
                     AND o.deptype IN ('a', 'i')
LEFT JOIN pg_class t ON t.oid = o.refobjid
LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
WHERE o.deptype IS DISTINCT FROM 'i'
