-- Comments on text search dictionaries.
SELECT t.dictnamespace, 'text search', ARRAY['dictionary', t.dictname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_ts_dict t ON t.oid = d.objoid
WHERE d.classoid = 'pg_ts_dict'::regclass
  AND d.objoid = ANY ($1)
