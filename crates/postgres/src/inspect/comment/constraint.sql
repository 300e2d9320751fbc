-- Comments on constraints of tables and domains. The parent is the constraint; where it is a part of another fact, that fact.
SELECT c.relnamespace, 'constraint', ARRAY[c.relname, k.conname],
       CASE k.contype WHEN 'n' THEN 'column' ELSE 'constraint' END,
       CASE k.contype WHEN 'n' THEN ARRAY[c.relname, a.attname] ELSE ARRAY[c.relname, k.conname] END, d.description
FROM pg_description d
JOIN pg_constraint k ON k.oid = d.objoid AND k.contype <> 't'
JOIN pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
WHERE d.classoid = 'pg_constraint'::regclass
  AND d.objoid = ANY ($1)
UNION ALL
SELECT t.typnamespace, 'domain constraint', ARRAY[t.typname, k.conname],
       CASE k.contype WHEN 'c' THEN 'domain constraint' ELSE 'domain' END,
       CASE k.contype WHEN 'c' THEN ARRAY[t.typname, k.conname] ELSE ARRAY[t.typname] END, d.description
FROM pg_description d
JOIN pg_constraint k ON k.oid = d.objoid
JOIN pg_type t ON t.oid = k.contypid
WHERE d.classoid = 'pg_constraint'::regclass
  AND d.objoid = ANY ($1)
