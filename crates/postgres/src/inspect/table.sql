-- Ordinary and partitioned tables.
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
       'table'                   AS kind,
       ARRAY[r.relname]::text[]  AS name,
       NULL::text                AS parent_kind,
       NULL::text[]              AS parent_name,
       pg_get_userbyid(r.relowner) AS owner,
       -- What few tables have.
       CASE WHEN (r.relpersistence = 'u'
             OR r.relkind = 'p'
             OR r.reloftype <> 0
             OR am.amname <> 'heap'
             OR options.pairs IS NOT NULL
             OR r.relrowsecurity
             OR r.relforcerowsecurity
             OR r.relreplident <> 'd')
             AND (current_setting('search_path') = r.path
                  OR set_config('search_path', r.path, true) IS NOT NULL) THEN json_build_object(
                   'unlogged', nullif(r.relpersistence = 'u', false),
                   'partition_key', pg_get_partkeydef(r.oid),
                   'of_type', CASE WHEN r.reloftype <> 0 THEN format_type(r.reloftype, NULL) END,
                   'access_method', nullif(am.amname, 'heap'),
                   'options', options.pairs,
                   '_option_order', options.names,
                   'row_security', nullif(r.relrowsecurity, false),
                   'force_row_security', nullif(r.relforcerowsecurity, false),
                   -- An index that was dropped while it was the identity leaves none.
                   'replica_identity', CASE r.relreplident
                       WHEN 'n' THEN 'nothing'
                       WHEN 'f' THEN 'full'
                       WHEN 'i' THEN CASE WHEN EXISTS (
                           SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisreplident
                       ) THEN 'index' ELSE 'nothing' END
                   END
               )
       END::text AS attributes
FROM relation r
LEFT JOIN pg_am am ON am.oid = r.relam
LEFT JOIN pg_class toast ON toast.oid = r.reltoastrelid
-- OFFSET 0 lets the server look only where there is something to find.
LEFT JOIN LATERAL (
    SELECT o.pairs, o.names
    FROM (
        SELECT json_object_agg(o.name, o.value ORDER BY o.name) AS pairs,
               json_agg(o.name ORDER BY o.place) AS names
        FROM (
            SELECT o.option_name AS name, o.option_value AS value, o.ordinality AS place
            FROM pg_options_to_table(r.reloptions) WITH ORDINALITY o
            UNION ALL
            SELECT 'toast.' || o.option_name, o.option_value, 1000 + o.ordinality
            FROM pg_options_to_table(toast.reloptions) WITH ORDINALITY o
        ) o
    ) o
    WHERE r.reloptions IS NOT NULL OR toast.reloptions IS NOT NULL
    OFFSET 0
) options ON true
