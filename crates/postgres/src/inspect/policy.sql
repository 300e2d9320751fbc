-- Row-level security policies.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname, c.relkind
    FROM pg_class c
    WHERE c.oid = ANY ($1)
)
SELECT c.schema                             AS schema,
       'pg_policy'::regclass::oid          AS class,
       p.oid                               AS object,
       0                                   AS sub,
       'policy'                            AS kind,
       ARRAY[c.relname, p.polname]::text[] AS name,
       CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END AS parent_kind,
       ARRAY[c.relname]::text[]            AS parent_name,
       CASE WHEN current_setting('search_path') = c.path
              OR set_config('search_path', c.path, true) IS NOT NULL THEN
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
FROM relation c
JOIN pg_policy p ON p.polrelid = c.oid
