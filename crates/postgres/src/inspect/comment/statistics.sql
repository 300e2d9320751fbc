-- Comments on extended statistics.
SELECT s.stxnamespace, 'statistics', ARRAY[s.stxname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_statistic_ext s ON s.oid = d.objoid
WHERE d.classoid = 'pg_statistic_ext'::regclass
  AND d.objoid = ANY ($1)
