-- Comments on operators.
SELECT r.oprnamespace AS schema,
       NULL::oid AS class,
       NULL::oid AS object,
       0 AS sub,
       'comment' AS kind,
       array_cat(ARRAY[o.kind], o.name)::text[] AS name,
       o.kind AS parent_kind,
       o.name::text[] AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM pg_description d
JOIN pg_operator r ON r.oid = d.objoid
JOIN (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
) n ON n.oid = r.oprnamespace
CROSS JOIN LATERAL (
    SELECT 'operator' AS kind,
           CASE WHEN current_setting('search_path') = n.path
                  OR set_config('search_path', n.path, true) IS NOT NULL THEN
               ARRAY[r.oprname,
                     CASE WHEN r.oprleft = 0 THEN 'NONE' ELSE format_type(r.oprleft, NULL) END || ', '
                     || CASE WHEN r.oprright = 0 THEN 'NONE' ELSE format_type(r.oprright, NULL) END]::text[]
           END AS name
) o
WHERE d.classoid = 'pg_operator'::regclass
  AND d.objoid = ANY ($1)
