-- Text search configurations and dictionaries. Parsers and templates are made
-- of C functions: they are not modelled.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
inside AS MATERIALIZED (
    SELECT n.oid AS schema, n.path, d.classid AS class, d.objid AS object
    FROM namespace n
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                    AND d.refobjid = n.oid
                    AND d.classid IN ('pg_ts_config'::regclass, 'pg_ts_dict'::regclass)
)
SELECT i.schema,
       i.class                                      AS class,
       d.oid                                        AS object,
       0                                            AS sub,
       'text search'                                AS kind,
       ARRAY['dictionary', d.dictname]::text[]      AS name,
       NULL::text                                   AS parent_kind,
       NULL::text[]                                 AS parent_name,
       CASE WHEN current_setting('search_path') = i.path
              OR set_config('search_path', i.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(d.dictowner),
               'template', concat(CASE WHEN NOT pg_ts_template_is_visible(t.oid) THEN quote_ident(n.nspname) || '.' END,
                                  quote_ident(t.tmplname)),
               'options', d.dictinitoption
           )
       END::text AS attributes
FROM inside i
JOIN pg_ts_dict d ON d.oid = i.object
JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace n ON n.oid = t.tmplnamespace
WHERE i.class = 'pg_ts_dict'::regclass
UNION ALL
SELECT i.schema,
       i.class,
       c.oid,
       0,
       'text search',
       ARRAY['configuration', c.cfgname]::text[],
       NULL,
       NULL,
       CASE WHEN current_setting('search_path') = i.path
              OR set_config('search_path', i.path, true) IS NOT NULL THEN
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
       END::text
FROM inside i
JOIN pg_ts_config c ON c.oid = i.object
JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace n ON n.oid = p.prsnamespace
WHERE i.class = 'pg_ts_config'::regclass
