-- Defaults of tables' columns. The expression of a generated column is a part
-- of the column.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
)
SELECT n.oid                               AS schema,
       'pg_attrdef'::regclass::oid         AS class,
       ad.oid                              AS object,
       0                                   AS sub,
       'default'                           AS kind,
       ARRAY[c.relname, a.attname]::text[] AS name,
       'column'                            AS parent_kind,
       ARRAY[c.relname, a.attname]::text[] AS parent_name,
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           json_build_object('expression', pg_get_expr(ad.adbin, ad.adrelid))
       END::text AS attributes
FROM namespace n
JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                AND d.refobjid = n.oid
                AND d.classid = 'pg_class'::regclass
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
JOIN pg_attrdef ad ON ad.adrelid = c.oid
JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
WHERE a.attgenerated = ''
