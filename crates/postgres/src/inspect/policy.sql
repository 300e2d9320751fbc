-- Row-level security policies.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
)
SELECT n.oid                               AS schema,
       'pg_policy'::regclass::oid          AS class,
       p.oid                               AS object,
       0                                   AS sub,
       'policy'                            AS kind,
       ARRAY[c.relname, p.polname]::text[] AS name,
       CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END AS parent_kind,
       ARRAY[c.relname]::text[]            AS parent_name,
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           json_build_object(
               'permissive', p.polpermissive,
               'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                        WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
               'roles', (SELECT json_agg(r.name ORDER BY r.name)
                         FROM (SELECT CASE WHEN oid = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(oid)::text END AS name
                               FROM unnest(p.polroles) AS role (oid)) r),
               'using', pg_get_expr(p.polqual, p.polrelid),
               'check', pg_get_expr(p.polwithcheck, p.polrelid)
           )
       END::text AS attributes
FROM namespace n
JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                AND d.refobjid = n.oid
                AND d.classid = 'pg_class'::regclass
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_policy p ON p.polrelid = c.oid
