-- Comments on text search configurations.
SELECT c.cfgnamespace, 'text search', ARRAY['configuration', c.cfgname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_ts_config c ON c.oid = d.objoid
WHERE d.classoid = 'pg_ts_config'::regclass
  AND d.objoid = ANY ($1)
