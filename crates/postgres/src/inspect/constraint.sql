-- Constraints of tables, in the server's own words. A check that a table only
-- inherits follows from its parent's, and is no fact; what partitions have from
-- their partitioned table is, as they need it before they are attached, and
-- keep it when they are detached.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
own AS MATERIALIZED (
    SELECT n.oid AS schema, n.path, c.relname, c.relispartition,
           above.conname AS above_name, k.*,
           -- Not there before 18, where the name means the column of `missing`.
           (SELECT conenforced FROM (SELECT k.*) present) AS is_enforced
    FROM namespace n
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                    AND d.refobjid = n.oid
                    AND d.classid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
    JOIN pg_constraint k ON k.conrelid = c.oid
    LEFT JOIN pg_constraint above ON above.oid = k.conparentid
    CROSS JOIN (VALUES (true)) missing (conenforced)
    WHERE k.contype IN ('p', 'u', 'x')
       OR k.contype = 'c' AND (k.conislocal OR c.relispartition)
       -- Not the rows that stand for the partitions of a table which is referred to.
       OR k.contype = 'f' AND above.conrelid IS DISTINCT FROM k.conrelid
)
SELECT k.schema,
       'pg_constraint'::regclass::oid      AS class,
       k.oid                               AS object,
       0                                   AS sub,
       'constraint'                        AS kind,
       ARRAY[k.relname, k.conname]::text[] AS name,
       'table'                             AS parent_kind,
       ARRAY[k.relname]::text[]            AS parent_name,
       CASE WHEN current_setting('search_path') = k.path
              OR set_config('search_path', k.path, true) IS NOT NULL THEN
           json_build_object(
               'type', CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
                                      WHEN 'f' THEN 'foreign key' WHEN 'x' THEN 'exclusion' END,
               'definition', regexp_replace(
                   pg_get_constraintdef(k.oid),
                   '( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT ENFORCED| NOT VALID)?$', ''),
               'deferrable', nullif(k.condeferrable, false),
               'deferred', nullif(k.condeferred, false),
               'not_valid', nullif(k.is_enforced AND NOT k.convalidated, false),
               'not_enforced', nullif(NOT k.is_enforced, false),
               'options', (SELECT json_object_agg(option_name, option_value ORDER BY option_name)
                           FROM pg_options_to_table(ic.reloptions)),
               'clustered', nullif(i.indisclustered, false),
               'replica_identity', nullif(i.indisreplident, false),
               -- The partitioned table's constraint that it belongs to, by name.
               'attached_to', CASE WHEN k.contype <> 'c' THEN k.above_name
                                   WHEN k.relispartition AND k.coninhcount > 0 THEN k.conname END,
               -- What a partitioned table's index lacks while not all partitions have theirs.
               'invalid', nullif(NOT i.indisvalid, false),
               -- The table that a foreign key refers to, where it is the schema's own.
               '_references', CASE WHEN f.relnamespace = k.schema THEN f.relname END,
               '_rests_on', CASE WHEN k.contype = 'c' AND k.relispartition AND k.coninhcount > 0 THEN (
                   SELECT json_agg(json_build_array('constraint', json_build_array(p.relname, k.conname)))
                   FROM pg_inherits h
                   JOIN pg_class p ON p.oid = h.inhparent AND p.relnamespace = k.schema
                   WHERE h.inhrelid = k.conrelid
               ) END
           )
       END::text AS attributes
FROM own k
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
LEFT JOIN pg_class f ON f.oid = k.confrelid AND k.contype = 'f'
