-- Columns of tables. An identity column's sequence is a part of it, and so is
-- the expression of a generated one; a default is a fact of its own.
WITH RECURSIVE namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
relation AS MATERIALIZED (
    SELECT n.oid AS schema, n.path, c.oid, c.relname, c.relispartition
    FROM namespace n
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                    AND d.refobjid = n.oid
                    AND d.classid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = d.objid
    WHERE c.relkind IN ('r', 'p')
),
attribute AS MATERIALIZED (
    SELECT r.schema, r.path, r.relname, r.relispartition,
           a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull,
           a.attidentity, a.attgenerated, a.attstorage, a.attstattarget, a.attoptions, a.attinhcount,
           a.attislocal,
           -- Not there before 14, where the name means the column of `missing`.
           (SELECT attcompression FROM (SELECT a.*) present) AS compression
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN (VALUES (''::"char")) missing (attcompression)
),
-- What the values of a domain are stored as.
through(domain, oid) AS (
    SELECT t.oid, t.typbasetype
    FROM pg_type t
    WHERE t.typtype = 'd' AND t.oid IN (SELECT atttypid FROM attribute)
    UNION ALL
    SELECT d.domain, t.typbasetype
    FROM through d
    JOIN pg_type t ON t.oid = d.oid AND t.typtype = 'd'
)
SELECT a.schema,
       'pg_class'::regclass::oid           AS class,
       a.attrelid                          AS object,
       a.attnum::int                       AS sub,
       'column'                            AS kind,
       ARRAY[a.relname, a.attname]::text[] AS name,
       'table'                             AS parent_kind,
       ARRAY[a.relname]::text[]            AS parent_name,
       CASE WHEN current_setting('search_path') = a.path
              OR set_config('search_path', a.path, true) IS NOT NULL THEN
           json_build_object(
               '_position', a.attnum,
               'type', format_type(a.atttypid, a.atttypmod),
               -- Seen through domains: decides which casts there are.
               '_base', format_type(coalesce(base.oid, t.oid), NULL),
               '_category', t.typcategory,
               'collation', CASE WHEN a.attcollation NOT IN (0, t.typcollation)
                                 THEN a.attcollation::regcollation::text END,
               'not_null', nullif(a.attnotnull, false),
               -- From 18 on a NOT NULL has a name; pg_dump writes it unless it is the usual one.
               'not_null_name', nullif(nn.conname, a.relname || '_' || a.attname || '_not_null'),
               'not_null_no_inherit', nullif(nn.connoinherit, false),
               'not_null_not_valid', nullif(NOT nn.convalidated, false),
               'identity', CASE WHEN s.oid IS NOT NULL THEN json_build_object(
                   'always', a.attidentity = 'a',
                   'sequence', s.relname,
                   'start', q.seqstart, 'increment', q.seqincrement,
                   'min', q.seqmin, 'max', q.seqmax,
                   'cache', q.seqcache, 'cycle', q.seqcycle
               ) END,
               'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(ad.adbin, ad.adrelid) END,
               'virtual', nullif(a.attgenerated = 'v', false),
               'storage', CASE WHEN a.attstorage <> t.typstorage THEN
                   CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                     WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END END,
               '_usual_storage', CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                                   WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END,
               'compression', CASE a.compression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
               'statistics', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
               'options', (SELECT json_object_agg(option_name, option_value ORDER BY option_name)
                           FROM pg_options_to_table(a.attoptions)),
               -- Only there because the table inherits it; a partition's columns always are.
               'inherited', nullif(a.attinhcount > 0 AND NOT a.attislocal AND NOT a.relispartition, false),
               -- The tables whose ALTER changes this column too.
               '_follows', above.names,
               '_rests_on', CASE WHEN NOT a.attislocal THEN above.columns END
           )
       END::text AS attributes
FROM attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN LATERAL (
    SELECT json_agg(p.relname ORDER BY h.inhseqno) AS names,
           json_agg(json_build_array('column', json_build_array(p.relname, a.attname))) AS columns
    FROM pg_inherits h
    JOIN pg_class p ON p.oid = h.inhparent AND p.relnamespace = a.schema
    JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attname = a.attname
    WHERE h.inhrelid = a.attrelid
) above ON a.attinhcount > 0
LEFT JOIN LATERAL (
    SELECT b.oid
    FROM through d
    JOIN pg_type b ON b.oid = d.oid AND b.typtype <> 'd'
    WHERE d.domain = t.oid
) base ON t.typtype = 'd'
LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
LEFT JOIN pg_constraint nn ON nn.contype = 'n'
                          AND nn.conrelid = a.attrelid
                          AND nn.conkey[1] = a.attnum
LEFT JOIN pg_depend owned ON a.attidentity <> ''
                         AND owned.refclassid = 'pg_class'::regclass
                         AND owned.refobjid = a.attrelid
                         AND owned.refobjsubid = a.attnum
                         AND owned.classid = 'pg_class'::regclass
                         AND owned.deptype = 'i'
LEFT JOIN pg_class s ON s.oid = owned.objid AND s.relkind = 'S'
LEFT JOIN pg_sequence q ON q.seqrelid = s.oid
