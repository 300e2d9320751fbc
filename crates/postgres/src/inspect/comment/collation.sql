-- Comments on collations.
SELECT c.collnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_collation c ON c.oid = d.objoid
CROSS JOIN LATERAL (SELECT 'collation'::text AS kind, ARRAY[c.collname]::text[] AS name) o
WHERE d.classoid = 'pg_collation'::regclass
  AND d.objoid = ANY ($1)
