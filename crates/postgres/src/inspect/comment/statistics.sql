-- Comments on extended statistics.
SELECT s.stxnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_statistic_ext s ON s.oid = d.objoid
CROSS JOIN LATERAL (SELECT 'statistics'::text AS kind, ARRAY[s.stxname]::text[] AS name) o
WHERE d.classoid = 'pg_statistic_ext'::regclass
  AND d.objoid = ANY ($1)
