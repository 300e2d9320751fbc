-- Text search configurations. Their parsers are made of C functions: they are not modelled.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, c.*
    FROM pg_ts_config c
    JOIN pg_namespace n ON n.oid = c.cfgnamespace
    WHERE c.oid = ANY ($1)
)
SELECT c.schema,
       'pg_ts_config'::regclass::oid             AS class,
       c.oid                                     AS object,
       0                                         AS sub,
       'text search'                             AS kind,
       ARRAY['configuration', c.cfgname]::text[] AS name,
       NULL::text                                AS parent_kind,
       NULL::text[]                              AS parent_name,
       CASE WHEN current_setting('search_path') = c.path
              OR set_config('search_path', c.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(c.cfgowner),
               'parser', concat(CASE WHEN NOT pg_ts_parser_is_visible(p.oid) THEN quote_ident(n.nspname) || '.' END,
                                quote_ident(p.prsname)),
               'mappings', (
                   SELECT json_object_agg(m.alias, m.dictionaries ORDER BY m.alias)
                   FROM (
                       SELECT t.alias, json_agg(m.mapdict::regdictionary::text ORDER BY m.mapseqno) AS dictionaries
                       FROM pg_ts_config_map m
                       JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype
                       WHERE m.mapcfg = c.oid
                       GROUP BY t.alias
                   ) m
               )
           )
       END::text AS attributes
FROM own c
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace n ON n.oid = p.prsnamespace
