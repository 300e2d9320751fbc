-- Comments on text search configurations.
SELECT c.cfgnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_ts_config c ON c.oid = d.objoid
CROSS JOIN LATERAL (SELECT 'text search'::text AS kind, ARRAY['configuration', c.cfgname]::text[] AS name) o
WHERE d.classoid = 'pg_ts_config'::regclass
  AND d.objoid = ANY ($1)
