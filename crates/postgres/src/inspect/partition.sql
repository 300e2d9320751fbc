-- Partitions: that a table is attached, to what, and for which rows. Attaching
-- and detaching moves no row, so it is a fact of its own.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname, c.relpartbound
    FROM pg_class c
    WHERE c.oid = ANY ($1) AND c.relispartition
)
SELECT r.schema,
       NULL::oid                AS class,
       NULL::oid                AS object,
       NULL::int                AS sub,
       'partition'              AS kind,
       ARRAY[r.relname]::text[] AS name,
       'table'                  AS parent_kind,
       ARRAY[r.relname]::text[] AS parent_name,
       CASE WHEN current_setting('search_path') = r.path
              OR set_config('search_path', r.path, true) IS NOT NULL THEN
           json_build_object(
               'of', h.inhparent::regclass::text,
               'bound', pg_get_expr(r.relpartbound, r.oid),
               '_parent', CASE WHEN p.relnamespace = r.schema THEN p.relname END,
               -- Whatever both have is as it shall be before one is attached to the other, and after it is detached.
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
                       FROM pg_class t
                       JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x', 'c', 'f')
                       WHERE t.oid IN (p.oid, r.oid)
                         AND NOT EXISTS (SELECT FROM pg_constraint above
                                         WHERE above.oid = k.conparentid AND above.conrelid = k.conrelid)
                         AND (k.conislocal OR k.contype <> 'c' OR t.relispartition)
                         -- Nor one that some partitions are to lack: see below.
                         AND NOT (k.contype IN ('p', 'u') AND EXISTS (
                             SELECT
                             FROM pg_index above
                             WHERE NOT above.indisvalid
                               AND (above.indexrelid = k.conindid
                                    OR above.indexrelid IN (SELECT a.inhparent FROM pg_inherits a
                                                            WHERE a.inhrelid = k.conindid))
                         ))
                       UNION ALL
                       SELECT 'index', json_build_array(c.relname)
                       FROM pg_index i
                       JOIN pg_class c ON c.oid = i.indexrelid
                       WHERE i.indrelid IN (p.oid, r.oid)
                         AND NOT EXISTS (SELECT FROM pg_constraint k
                                         WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid
                                           AND k.contype IN ('p', 'u', 'x'))
                         -- An index that some partitions are to lack comes after all are attached.
                         AND NOT EXISTS (SELECT
                                         FROM pg_index above
                                         WHERE NOT above.indisvalid
                                           AND (above.indexrelid = i.indexrelid
                                                OR above.indexrelid IN (SELECT a.inhparent FROM pg_inherits a
                                                                        WHERE a.inhrelid = i.indexrelid)))
                   ) o
               ) END
           )
       END::text AS attributes
FROM relation r
JOIN pg_inherits h ON h.inhrelid = r.oid
JOIN pg_class p ON p.oid = h.inhparent
