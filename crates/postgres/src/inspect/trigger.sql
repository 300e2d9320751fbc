-- Triggers. Those of constraints, and those that the server makes on a
-- partition after the one on its partitioned table, follow from others; but
-- whether the latter fire can be said of each partition.
WITH RECURSIVE relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname, c.relkind
    FROM pg_class c
    WHERE c.oid = ANY ($1)
),
-- A partitioned table's trigger, and what was made after it.
tree(schema, root, oid) AS (
    SELECT c.schema, t.oid, t.oid
    FROM relation c
    JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgparentid = 0
    WHERE c.relkind = 'p'
    UNION ALL
    SELECT r.schema, r.root, t.oid
    FROM tree r
    -- There is no index from a trigger to those made after it, but one from what is depended on.
    JOIN pg_depend d ON d.refclassid = 'pg_trigger'::regclass
                    AND d.refobjid = r.oid
                    AND d.classid = 'pg_trigger'::regclass
    JOIN pg_trigger t ON t.oid = d.objid AND t.tgparentid = r.oid
)
SELECT c.schema                           AS schema,
       'pg_trigger'::regclass::oid        AS class,
       t.oid                              AS object,
       0                                  AS sub,
       'trigger'                          AS kind,
       ARRAY[c.relname, t.tgname]::text[] AS name,
       CASE c.relkind WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS parent_kind,
       ARRAY[c.relname]::text[]           AS parent_name,
       CASE WHEN current_setting('search_path') = c.path
              OR set_config('search_path', c.path, true) IS NOT NULL THEN
           json_build_object(
               'definition', pg_get_triggerdef(t.oid, true),
               'enabled', nullif(t.tgenabled, 'O')
           )
       END::text AS attributes
FROM relation c
JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT r.schema,
       NULL::oid,
       NULL::oid,
       NULL::int,
       'trigger',
       ARRAY[c.relname, t.tgname]::text[],
       'table',
       ARRAY[c.relname]::text[],
       json_build_object(
           'made_after', root.relname,
           'enabled', nullif(t.tgenabled, 'O'),
           '_rests_on', json_build_array(
               json_build_array('trigger', json_build_array(root.relname, first.tgname)),
               json_build_array('partition', json_build_array(c.relname))
           )
       )::text
FROM tree r
JOIN pg_trigger first ON first.oid = r.root
JOIN pg_class root ON root.oid = first.tgrelid
JOIN pg_trigger t ON t.oid = r.oid AND t.tgenabled <> first.tgenabled
JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = r.schema
