-- Comments on rules. A view's own is a part of the view.
SELECT c.relnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       ARRAY['rule', c.relname, w.rulename]::text[] AS name,
       CASE WHEN w.rulename <> '_RETURN' THEN 'rule'
            WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END AS parent_kind,
       CASE WHEN w.rulename <> '_RETURN' THEN ARRAY[c.relname, w.rulename] ELSE ARRAY[c.relname] END::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_rewrite w ON w.oid = d.objoid
JOIN pg_class c ON c.oid = w.ev_class
WHERE d.classoid = 'pg_rewrite'::regclass
  AND d.objoid = ANY ($1)
