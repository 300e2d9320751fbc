-- Comments on rules. A view's own is a part of the view.
SELECT c.relnamespace, 'rule', ARRAY[c.relname, w.rulename],
       CASE WHEN w.rulename <> '_RETURN' THEN 'rule'
            WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END,
       CASE WHEN w.rulename <> '_RETURN' THEN ARRAY[c.relname, w.rulename] ELSE ARRAY[c.relname] END,
       d.description
FROM pg_description d
JOIN pg_rewrite w ON w.oid = d.objoid
JOIN pg_class c ON c.oid = w.ev_class
WHERE d.classoid = 'pg_rewrite'::regclass
  AND d.objoid = ANY ($1)
