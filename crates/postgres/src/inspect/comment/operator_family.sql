-- Comments on operator families.
SELECT f.opfnamespace, 'operator family', ARRAY[f.opfname, am.amname], NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_opfamily f ON f.oid = d.objoid
JOIN pg_am am ON am.oid = f.opfmethod
WHERE d.classoid = 'pg_opfamily'::regclass
  AND d.objoid = ANY ($1)
