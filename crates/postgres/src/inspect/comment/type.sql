-- Comments on types.
SELECT t.typnamespace, k.kind, ARRAY[t.typname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_type t ON t.oid = d.objoid
JOIN (VALUES ('e'::"char", 'enum'), ('c', 'composite type'), ('r', 'range type'), ('d', 'domain'))
     AS k (typtype, kind) ON k.typtype = t.typtype
WHERE d.classoid = 'pg_type'::regclass
  AND d.objoid = ANY ($1)
