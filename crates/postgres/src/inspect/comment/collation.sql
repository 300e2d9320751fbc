-- Comments on collations.
SELECT c.collnamespace, 'collation', ARRAY[c.collname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_collation c ON c.oid = d.objoid
WHERE d.classoid = 'pg_collation'::regclass
  AND d.objoid = ANY ($1)
