-- Indexes of tables and materialized views, but for those that a constraint
-- made. A partition's index says which index of the partitioned table it
-- belongs to.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname, c.relkind
    FROM pg_class c
    WHERE c.oid = ANY ($1)
),
index AS MATERIALIZED (
    SELECT r.schema, r.path, r.relname AS on_name, r.relkind AS on_kind,
           i.indexrelid, i.indisunique, i.indisvalid, i.indisclustered, i.indisreplident
    FROM relation r
    JOIN pg_index i ON i.indrelid = r.oid
    WHERE NOT i.indisprimary
      AND NOT i.indisexclusion
      AND NOT (i.indisunique AND EXISTS (
          SELECT FROM pg_constraint k
          WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype = 'u'
      ))
)
SELECT i.schema,
       'pg_class'::regclass::oid AS class,
       i.indexrelid              AS object,
       0                         AS sub,
       'index'                   AS kind,
       ARRAY[c.relname]::text[]  AS name,
       CASE i.on_kind WHEN 'm' THEN 'materialized view' ELSE 'table' END AS parent_kind,
       ARRAY[i.on_name]::text[]  AS parent_name,
       CASE WHEN current_setting('search_path') = i.path
              OR set_config('search_path', i.path, true) IS NOT NULL THEN
           -- Only the pretty form follows the search path.
           pg_get_indexdef(i.indexrelid, 0, true)
       END AS definition,
       nullif(i.indisunique, false) AS "unique",
       -- What a build that broke off leaves behind is a state of its own. One on a
       -- partitioned table is valid as soon as every partition has its own.
       nullif(NOT i.indisvalid, false) AS invalid,
       nullif(i.indisclustered, false) AS clustered,
       nullif(i.indisreplident, false) AS replica_identity,
       (
           SELECT json_object_agg(a.attnum::text, a.attstattarget ORDER BY a.attnum)
           FROM pg_attribute a
           WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0
       ) AS statistics,
       CASE WHEN c.relispartition THEN (
           SELECT p.relname
           FROM pg_inherits h
           JOIN pg_class p ON p.oid = h.inhparent
           WHERE h.inhrelid = i.indexrelid
       ) END AS attached_to,
       nullif(c.relkind = 'I', false) AS _partitioned
FROM index i
JOIN pg_class c ON c.oid = i.indexrelid
