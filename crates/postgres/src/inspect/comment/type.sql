-- Comments on types.
SELECT t.typnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_type t ON t.oid = d.objoid
JOIN (VALUES ('e'::"char", 'enum'), ('c', 'composite type'), ('r', 'range type'), ('d', 'domain'))
     AS k (typtype, kind) ON k.typtype = t.typtype
CROSS JOIN LATERAL (SELECT k.kind::text AS kind, ARRAY[t.typname]::text[] AS name) o
WHERE d.classoid = 'pg_type'::regclass
  AND d.objoid = ANY ($1)
