-- Text search dictionaries. Their templates are made of C functions: they are not modelled.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, d.*
    FROM pg_ts_dict d
    JOIN pg_namespace n ON n.oid = d.dictnamespace
    WHERE d.oid = ANY ($1)
)
SELECT d.schema,
       'pg_ts_dict'::regclass::oid                  AS class,
       d.oid                                        AS object,
       0                                            AS sub,
       'text search'                                AS kind,
       ARRAY['dictionary', d.dictname]::text[]      AS name,
       NULL::text                                   AS parent_kind,
       NULL::text[]                                 AS parent_name,
       CASE WHEN current_setting('search_path') = d.path
              OR set_config('search_path', d.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(d.dictowner),
               'template', concat(CASE WHEN NOT pg_ts_template_is_visible(t.oid) THEN quote_ident(n.nspname) || '.' END,
                                  quote_ident(t.tmplname)),
               'options', d.dictinitoption
           )
       END::text AS attributes
FROM own d
JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace n ON n.oid = t.tmplnamespace
