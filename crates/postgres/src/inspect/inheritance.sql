-- Tables that inherit from others, partitions not counted.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname
    FROM pg_class c
    WHERE c.oid = ANY ($1) AND NOT c.relispartition
)
SELECT r.schema,
       NULL::oid                AS class,
       NULL::oid                AS object,
       NULL::int                AS sub,
       'inheritance'            AS kind,
       CASE WHEN current_setting('search_path') = r.path
              OR set_config('search_path', r.path, true) IS NOT NULL THEN
           ARRAY[r.relname, h.inhparent::regclass::text]
       END::text[]              AS name,
       'table'                  AS parent_kind,
       ARRAY[r.relname]::text[] AS parent_name,
       json_build_object(
           'order', (SELECT count(*)
                     FROM pg_inherits o
                     WHERE o.inhrelid = h.inhrelid AND o.inhseqno <= h.inhseqno),
           '_parent', CASE WHEN p.relnamespace = r.schema THEN p.relname END,
           -- Whatever both have is as it shall be before the link is made, and after it is cut.
           '_rests_on', CASE WHEN p.relnamespace = r.schema THEN (
               SELECT json_agg(json_build_array(o.kind, o.name))
               FROM (
                   SELECT 'table' AS kind, json_build_array(p.relname) AS name
                   UNION ALL
                   SELECT 'column', json_build_array(t.relname, a.attname)
                   FROM (VALUES (p.oid, p.relname), (r.oid, r.relname)) t (oid, relname)
                   JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                   UNION ALL
                   SELECT 'constraint', json_build_array(t.relname, k.conname)
                   FROM (VALUES (p.oid, p.relname), (r.oid, r.relname)) t (oid, relname)
                   JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'c' AND k.conislocal
               ) o
           ) END
       )::text AS attributes
FROM relation r
JOIN pg_inherits h ON h.inhrelid = r.oid
JOIN pg_class p ON p.oid = h.inhparent
