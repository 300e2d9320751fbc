-- Constraints of tables, in the server's own words. A check that a table only
-- inherits follows from its parent's, and is no fact; what partitions have from
-- their partitioned table is, as they need it before they are attached, and
-- keep it when they are detached.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname, c.relispartition
    FROM pg_class c
    WHERE c.oid = ANY ($1)
),
own AS MATERIALIZED (
    SELECT r.schema, r.path, r.relname, r.relispartition,
           k.oid, k.conname, k.contype, k.conrelid, k.conindid, k.confrelid, k.conparentid, k.coninhcount, k.conkey,
           k.condeferrable, k.condeferred, k.convalidated,
           -- Not there before 18, where the name means the column of `missing`.
           (SELECT conenforced FROM (SELECT k.*) present) AS is_enforced
    FROM relation r
    JOIN pg_constraint k ON k.conrelid = r.oid
    CROSS JOIN (VALUES (true)) missing (conenforced)
    WHERE k.contype IN ('p', 'u', 'x')
       OR k.contype = 'c' AND (k.conislocal OR r.relispartition)
       -- Not the rows that stand for the partitions of a table which is referred to.
       OR k.contype = 'f' AND (k.conparentid = 0 OR NOT EXISTS (
           SELECT FROM pg_constraint above
           WHERE above.oid = k.conparentid AND above.conrelid = k.conrelid
       ))
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
           CASE WHEN k.condeferrable OR NOT k.convalidated OR NOT k.is_enforced
                   THEN regexp_replace(
                       pg_get_constraintdef(k.oid),
                       '( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT ENFORCED| NOT VALID)?$', '')
                   ELSE pg_get_constraintdef(k.oid) END
       END                                 AS definition,
       CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
                      WHEN 'f' THEN 'foreign key' WHEN 'x' THEN 'exclusion' END AS type,
       -- The table that a foreign key refers to, where it is the schema's own.
       CASE WHEN k.contype = 'f' THEN (
           SELECT f.relname FROM pg_class f WHERE f.oid = k.confrelid AND f.relnamespace = k.schema
       ) END                               AS _references,
       -- What few constraints have.
       CASE WHEN k.condeferrable
             OR NOT k.convalidated
             OR NOT k.is_enforced
             OR k.conparentid <> 0
             OR k.relispartition
             OR i.reloptions IS NOT NULL
             OR i.indisclustered
             OR i.indisreplident
             OR NOT i.indisvalid THEN json_build_object(
                   'deferrable', nullif(k.condeferrable, false),
                   'deferred', nullif(k.condeferred, false),
                   'not_valid', nullif(k.is_enforced AND NOT k.convalidated, false),
                   'not_enforced', nullif(NOT k.is_enforced, false),
                   'options', CASE WHEN i.reloptions IS NOT NULL THEN (
                       SELECT json_object_agg(option_name, option_value ORDER BY option_name)
                       FROM pg_options_to_table(i.reloptions)
                   ) END,
                   'clustered', nullif(i.indisclustered, false),
                   'replica_identity', nullif(i.indisreplident, false),
                   -- The partitioned table's constraint that it belongs to, by name.
                   'attached_to', CASE WHEN k.contype <> 'c' AND k.conparentid <> 0 THEN
                                           (SELECT above.conname FROM pg_constraint above WHERE above.oid = k.conparentid)
                                       WHEN k.relispartition AND k.coninhcount > 0 THEN k.conname END,
                   -- What a partitioned table's index lacks while not all partitions have theirs.
                   'invalid', nullif(NOT i.indisvalid, false),
                   '_rests_on', CASE WHEN k.contype = 'c' AND k.relispartition AND k.coninhcount > 0 THEN (
                       SELECT json_agg(json_build_array(o.kind, o.name))
                       FROM (
                           SELECT 'constraint' AS kind, json_build_array(p.relname, k.conname) AS name
                           FROM pg_inherits h
                           JOIN pg_class p ON p.oid = h.inhparent AND p.relnamespace = k.schema
                           WHERE h.inhrelid = k.conrelid
                           UNION ALL
                           SELECT 'column', json_build_array(k.relname, a.attname)
                           FROM pg_attribute a
                           WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
                       ) o
                   ) WHEN k.conparentid <> 0 THEN (
                       SELECT json_agg(json_build_array(o.kind, o.name))
                       FROM (
                           SELECT 'constraint' AS kind, json_build_array(p.relname, above.conname) AS name
                           FROM pg_constraint above
                           JOIN pg_class p ON p.oid = above.conrelid AND p.relnamespace = k.schema
                           WHERE above.oid = k.conparentid AND k.contype IN ('p', 'u')
                           UNION ALL
                           SELECT 'column', json_build_array(k.relname, a.attname)
                           FROM pg_attribute a
                           WHERE a.attrelid = k.conrelid AND a.attnum = ANY (coalesce(i.indkey::int2[], k.conkey))
                       ) o
                   ) END
               )
       END::text AS attributes
FROM own k
-- OFFSET 0 lets the server look only where there is something to find.
LEFT JOIN LATERAL (
    SELECT i.indisclustered, i.indisreplident, i.indisvalid, i.indkey, c.reloptions
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    WHERE k.contype IN ('p', 'u', 'x') AND i.indexrelid = k.conindid
    OFFSET 0
) i ON true
