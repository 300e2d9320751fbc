-- Comments on operator families.
SELECT f.opfnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_opfamily f ON f.oid = d.objoid
JOIN pg_am am ON am.oid = f.opfmethod
CROSS JOIN LATERAL (SELECT 'operator family'::text AS kind, ARRAY[f.opfname, am.amname]::text[] AS name) o
WHERE d.classoid = 'pg_opfamily'::regclass
  AND d.objoid = ANY ($1)
