-- Views and materialized views.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.*
    FROM pg_class c
    WHERE c.oid = ANY ($1)
)
SELECT r.schema,
       'pg_class'::regclass::oid AS class,
       r.oid                     AS object,
       0                         AS sub,
       CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind,
       ARRAY[r.relname]::text[]  AS name,
       NULL::text                AS parent_kind,
       NULL::text[]              AS parent_name,
       CASE WHEN current_setting('search_path') = r.path
              OR set_config('search_path', r.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(r.relowner),
               'definition', pg_get_viewdef(r.oid),
               'options', (
                   SELECT json_object_agg(o.name, o.value ORDER BY o.name)
                   FROM (
                       SELECT option_name AS name, option_value AS value
                       FROM pg_options_to_table(r.reloptions)
                       UNION ALL
                       SELECT 'toast.' || option_name, option_value
                       FROM pg_class toast, pg_options_to_table(toast.reloptions)
                       WHERE toast.oid = r.reltoastrelid
                   ) o
               ),
               -- pg_dump prints them in this order.
               '_option_order', (SELECT json_agg(option_name) FROM pg_options_to_table(r.reloptions)),
               'defaults', (
                   SELECT json_object_agg(a.attname, pg_get_expr(ad.adbin, ad.adrelid) ORDER BY a.attname)
                   FROM pg_attrdef ad
                   JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
                   WHERE ad.adrelid = r.oid
               ),
               'access_method', nullif(am.amname, 'heap'),
               -- What is said of the columns of a materialized view, where something is.
               'columns', (
                   SELECT json_object_agg(c.name, c.settings ORDER BY c.name)
                   FROM (
                       SELECT a.attname AS name,
                              jsonb_strip_nulls(jsonb_build_object(
                                  'storage', CASE WHEN a.attstorage <> t.typstorage THEN
                                      CASE a.attstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                                        WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END END,
                                  'usual_storage', CASE WHEN a.attstorage <> t.typstorage THEN
                                      CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external'
                                                        WHEN 'm' THEN 'main' WHEN 'x' THEN 'extended' END END,
                                  'compression', CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'pglz'
                                                                                      WHEN 'l' THEN 'lz4' END,
                                  'statistics', CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END,
                                  'options', (SELECT json_object_agg(option_name, option_value ORDER BY option_name)
                                              FROM pg_options_to_table(a.attoptions))
                              )) AS settings
                       FROM pg_attribute a
                       JOIN pg_type t ON t.oid = a.atttypid
                       WHERE r.relkind = 'm' AND a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
                   ) c
                   WHERE c.settings <> '{}'
               ),
               '_populated', CASE WHEN r.relkind = 'm' THEN r.relispopulated END,
               '_columns', (
                   SELECT json_agg(json_build_object(
                              'name', a.attname,
                              'type', format_type(a.atttypid, a.atttypmod),
                              'collation', CASE WHEN a.attcollation NOT IN (0, t.typcollation)
                                                THEN a.attcollation::regcollation::text END
                          ) ORDER BY a.attnum)
                   FROM pg_attribute a
                   JOIN pg_type t ON t.oid = a.atttypid
                   WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
               )
           )
       END::text AS attributes
FROM relation r
LEFT JOIN pg_am am ON am.oid = r.relam
