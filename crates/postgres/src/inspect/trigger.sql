-- Triggers. Those of constraints, and those that the server makes on a
-- partition after the one on its partitioned table, follow from others.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
)
SELECT n.oid                              AS schema,
       'pg_trigger'::regclass::oid        AS class,
       t.oid                              AS object,
       0                                  AS sub,
       'trigger'                          AS kind,
       ARRAY[c.relname, t.tgname]::text[] AS name,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS parent_kind,
       ARRAY[c.relname]::text[]           AS parent_name,
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           json_build_object(
               'definition', pg_get_triggerdef(t.oid, true),
               'enabled', nullif(t.tgenabled, 'O')
           )
       END::text AS attributes
FROM namespace n
JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                AND d.refobjid = n.oid
                AND d.classid = 'pg_class'::regclass
JOIN pg_class c ON c.oid = d.objid AND c.relhastriggers
JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgparentid = 0
