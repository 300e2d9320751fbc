-- Comments on row-level security policies.
SELECT c.relnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_policy p ON p.oid = d.objoid
JOIN pg_class c ON c.oid = p.polrelid
CROSS JOIN LATERAL (SELECT 'policy'::text AS kind, ARRAY[c.relname, p.polname]::text[] AS name) o
WHERE d.classoid = 'pg_policy'::regclass
  AND d.objoid = ANY ($1)
