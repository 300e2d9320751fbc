-- Comments on operator classes.
SELECT c.opcnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_opclass c ON c.oid = d.objoid
JOIN pg_am am ON am.oid = c.opcmethod
CROSS JOIN LATERAL (SELECT 'operator class'::text AS kind, ARRAY[c.opcname, am.amname]::text[] AS name) o
WHERE d.classoid = 'pg_opclass'::regclass
  AND d.objoid = ANY ($1)
