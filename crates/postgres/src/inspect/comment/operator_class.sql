-- Comments on operator classes.
SELECT c.opcnamespace, 'operator class', ARRAY[c.opcname, am.amname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_opclass c ON c.oid = d.objoid
JOIN pg_am am ON am.oid = c.opcmethod
WHERE d.classoid = 'pg_opclass'::regclass
  AND d.objoid = ANY ($1)
