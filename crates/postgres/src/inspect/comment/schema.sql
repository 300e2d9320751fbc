-- Comments on schemas themselves.
SELECT n.oid, 'schema', '{}'::text[], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_namespace n ON n.oid = d.objoid
WHERE d.classoid = 'pg_namespace'::regclass
  AND d.objoid = ANY ($1)
