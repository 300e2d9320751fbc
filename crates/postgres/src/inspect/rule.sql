-- Rewrite rules that are not a view's own.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
)
SELECT n.oid                                AS schema,
       'pg_rewrite'::regclass::oid          AS class,
       w.oid                                AS object,
       0                                    AS sub,
       'rule'                               AS kind,
       ARRAY[c.relname, w.rulename]::text[] AS name,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                      WHEN 'f' THEN 'foreign table' ELSE 'table' END AS parent_kind,
       ARRAY[c.relname]::text[]             AS parent_name,
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           json_build_object(
               'definition', pg_get_ruledef(w.oid, true),
               'enabled', nullif(w.ev_enabled, 'O')
           )
       END::text AS attributes
FROM namespace n
JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                AND d.refobjid = n.oid
                AND d.classid = 'pg_class'::regclass
JOIN pg_class c ON c.oid = d.objid AND c.relhasrules
JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'
