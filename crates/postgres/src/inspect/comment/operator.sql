-- Comments on operators.
SELECT r.oprnamespace,
       'operator',
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           ARRAY[r.oprname,
                 CASE WHEN r.oprleft = 0 THEN 'NONE' ELSE format_type(r.oprleft, NULL) END || ', '
                 || CASE WHEN r.oprright = 0 THEN 'NONE' ELSE format_type(r.oprright, NULL) END]::text[]
       END,
       NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_operator r ON r.oid = d.objoid
JOIN (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
) n ON n.oid = r.oprnamespace
WHERE d.classoid = 'pg_operator'::regclass
  AND d.objoid = ANY ($1)
