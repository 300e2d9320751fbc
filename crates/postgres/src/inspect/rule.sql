-- Rewrite rules that are not a view's own.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname, c.relkind
    FROM pg_class c
    WHERE c.oid = ANY ($1)
)
SELECT c.schema                              AS schema,
       'pg_rewrite'::regclass::oid          AS class,
       w.oid                                AS object,
       0                                    AS sub,
       'rule'                               AS kind,
       ARRAY[c.relname, w.rulename]::text[] AS name,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                      WHEN 'f' THEN 'foreign table' ELSE 'table' END AS parent_kind,
       ARRAY[c.relname]::text[]             AS parent_name,
       CASE WHEN current_setting('search_path') = c.path
              OR set_config('search_path', c.path, true) IS NOT NULL THEN
           json_build_object(
               'definition', pg_get_ruledef(w.oid, true),
               'enabled', nullif(w.ev_enabled, 'O')
           )
       END::text AS attributes
FROM relation c
JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'
