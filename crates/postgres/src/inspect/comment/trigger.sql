-- Comments on triggers.
SELECT c.relnamespace, 'trigger', ARRAY[c.relname, t.tgname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_trigger t ON t.oid = d.objoid
JOIN pg_class c ON c.oid = t.tgrelid
WHERE d.classoid = 'pg_trigger'::regclass
  AND d.objoid = ANY ($1)
