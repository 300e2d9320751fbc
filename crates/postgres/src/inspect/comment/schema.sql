-- Comments on schemas themselves.
SELECT n.oid AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_namespace n ON n.oid = d.objoid
CROSS JOIN LATERAL (SELECT 'schema'::text AS kind, '{}'::text[] AS name) o
WHERE d.classoid = 'pg_namespace'::regclass
  AND d.objoid = ANY ($1)
