-- Columns of tables. An identity column's sequence is a part of it, and so is
-- the expression of a generated one; a default is a fact of its own.
WITH RECURSIVE relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname, c.relispartition
    FROM pg_class c
    WHERE c.oid = ANY ($1)
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
           format_type(a.atttypid, a.atttypmod)
       END                                 AS type,
       -- Seen through domains: decides which casts there are.
       CASE WHEN current_setting('search_path') = a.path
              OR set_config('search_path', a.path, true) IS NOT NULL THEN
           format_type(coalesce(CASE t.typtype WHEN 'd' THEN (
               SELECT b.oid
               FROM through d
               JOIN pg_type b ON b.oid = d.oid AND b.typtype <> 'd'
               WHERE d.domain = t.oid
           ) END, t.oid), NULL)
       END                                 AS _base,
       t.typcategory::text                 AS _category,
       a.attnum                            AS _position,
       nullif(a.attnotnull, false)         AS not_null,
       CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                         WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END AS _usual_storage,
       CASE WHEN a.attidentity <> '' THEN (
           SELECT json_build_object(
                      'always', a.attidentity = 'a',
                      'sequence', s.relname,
                      'start', q.seqstart, 'increment', q.seqincrement,
                      'min', q.seqmin, 'max', q.seqmax,
                      'cache', q.seqcache, 'cycle', q.seqcycle
                  )
           FROM pg_depend owned
           JOIN pg_class s ON s.oid = owned.objid AND s.relkind = 'S'
           JOIN pg_sequence q ON q.seqrelid = s.oid
           WHERE owned.refclassid = 'pg_class'::regclass
             AND owned.refobjid = a.attrelid
             AND owned.refobjsubid = a.attnum
             AND owned.classid = 'pg_class'::regclass
             AND owned.deptype = 'i'
       ) END                               AS identity,
       -- What few columns have.
       CASE WHEN (a.attcollation NOT IN (0, t.typcollation)
             OR nn.conname <> a.relname || '_' || a.attname || '_not_null'
             OR nn.connoinherit
             OR NOT nn.convalidated
             OR a.attgenerated <> ''
             OR a.attstorage <> t.typstorage
             OR a.compression IN ('p', 'l')
             OR a.attstattarget >= 0
             OR a.attoptions IS NOT NULL
             OR a.attinhcount > 0)
             AND (current_setting('search_path') = a.path
                  OR set_config('search_path', a.path, true) IS NOT NULL) THEN json_build_object(
                   'collation', CASE WHEN a.attcollation NOT IN (0, t.typcollation)
                                     THEN a.attcollation::regcollation::text END,
                   -- From 18 on a NOT NULL has a name; pg_dump writes it unless it is the usual one.
                   'not_null_name', nullif(nn.conname, a.relname || '_' || a.attname || '_not_null'),
                   'not_null_no_inherit', nullif(nn.connoinherit, false),
                   'not_null_not_valid', nullif(NOT nn.convalidated, false),
                   'generated', CASE WHEN a.attgenerated <> '' THEN (
                       SELECT pg_get_expr(ad.adbin, ad.adrelid)
                       FROM pg_attrdef ad
                       WHERE ad.adrelid = a.attrelid AND ad.adnum = a.attnum
                   ) END,
                   'virtual', nullif(a.attgenerated = 'v', false),
                   'storage', CASE WHEN a.attstorage <> t.typstorage THEN
                       CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                         WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END END,
                   'compression', CASE a.compression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
                   'statistics', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
                   'options', CASE WHEN a.attoptions IS NOT NULL THEN (
                       SELECT json_object_agg(option_name, option_value ORDER BY option_name)
                       FROM pg_options_to_table(a.attoptions)
                   ) END,
                   -- Only there because the table inherits it; a partition's columns always are.
                   'inherited', nullif(a.attinhcount > 0 AND NOT a.attislocal AND NOT a.relispartition, false),
                   -- The tables whose ALTER changes this column too.
                   '_follows', CASE WHEN a.attinhcount > 0 THEN (
                       SELECT json_agg(p.relname ORDER BY h.inhseqno)
                       FROM pg_inherits h
                       JOIN pg_class p ON p.oid = h.inhparent AND p.relnamespace = a.schema
                       JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attname = a.attname
                       WHERE h.inhrelid = a.attrelid
                   ) END,
                   '_rests_on', CASE WHEN a.attinhcount > 0 AND NOT a.attislocal THEN (
                       SELECT json_agg(json_build_array('column', json_build_array(p.relname, a.attname)))
                       FROM pg_inherits h
                       JOIN pg_class p ON p.oid = h.inhparent AND p.relnamespace = a.schema
                       JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attname = a.attname
                       WHERE h.inhrelid = a.attrelid
                   ) END
               )
       END::text AS attributes
FROM attribute a
JOIN pg_type t ON t.oid = a.atttypid
-- OFFSET 0 lets the server look only where there is something to find.
LEFT JOIN LATERAL (
    SELECT k.conname, k.connoinherit, k.convalidated
    FROM pg_constraint k
    WHERE a.attnotnull
      AND (SELECT current_setting('server_version_num')::int >= 180000)
      AND k.contype = 'n'
      AND k.conrelid = a.attrelid
      AND k.conkey[1] = a.attnum
    OFFSET 0
) nn ON true
