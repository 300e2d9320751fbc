-- Comments on triggers.
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
JOIN pg_trigger t ON t.oid = d.objoid
JOIN pg_class c ON c.oid = t.tgrelid
CROSS JOIN LATERAL (SELECT 'trigger'::text AS kind, ARRAY[c.relname, t.tgname]::text[] AS name) o
WHERE d.classoid = 'pg_trigger'::regclass
  AND d.objoid = ANY ($1)
