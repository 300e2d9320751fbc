-- Indexes of tables and materialized views, but for those that a constraint
-- made. A partition's index says which index of the partitioned table it
-- belongs to.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
relation AS MATERIALIZED (
    SELECT n.oid AS schema, n.path, c.oid, c.relname, c.relkind
    FROM namespace n
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                    AND d.refobjid = n.oid
                    AND d.classid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = d.objid
    WHERE c.relhasindex AND c.relkind IN ('r', 'p', 'm')
),
index AS MATERIALIZED (
    SELECT r.schema, r.path, r.relname AS on_name, r.relkind AS on_kind, i.*, c.relname, c.relkind
    FROM relation r
    JOIN pg_index i ON i.indrelid = r.oid
    JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT EXISTS (
        SELECT FROM pg_constraint k
        WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
    )
)
SELECT i.schema,
       'pg_class'::regclass::oid AS class,
       i.indexrelid              AS object,
       0                         AS sub,
       'index'                   AS kind,
       ARRAY[i.relname]::text[]  AS name,
       CASE i.on_kind WHEN 'm' THEN 'materialized view' ELSE 'table' END AS parent_kind,
       ARRAY[i.on_name]::text[]  AS parent_name,
       CASE WHEN current_setting('search_path') = i.path
              OR set_config('search_path', i.path, true) IS NOT NULL THEN
           json_build_object(
               -- Only the pretty form follows the search path.
               'definition', pg_get_indexdef(i.indexrelid, 0, true),
               'unique', nullif(i.indisunique, false),
               -- What a build that broke off leaves behind is a state of its own. One on a
               -- partitioned table is valid as soon as every partition has its own.
               'invalid', nullif(NOT i.indisvalid, false),
               'clustered', nullif(i.indisclustered, false),
               'replica_identity', nullif(i.indisreplident, false),
               'statistics', (
                   SELECT json_object_agg(a.attnum::text, a.attstattarget ORDER BY a.attnum)
                   FROM pg_attribute a
                   WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0
               ),
               'attached_to', (
                   SELECT p.relname
                   FROM pg_inherits h
                   JOIN pg_class p ON p.oid = h.inhparent
                   WHERE h.inhrelid = i.indexrelid
               ),
               '_partitioned', nullif(i.relkind = 'I', false)
           )
       END::text AS attributes
FROM index i
