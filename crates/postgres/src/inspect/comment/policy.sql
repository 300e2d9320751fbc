-- Comments on row-level security policies.
SELECT c.relnamespace, 'policy', ARRAY[c.relname, p.polname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_policy p ON p.oid = d.objoid
JOIN pg_class c ON c.oid = p.polrelid
WHERE d.classoid = 'pg_policy'::regclass
  AND d.objoid = ANY ($1)
