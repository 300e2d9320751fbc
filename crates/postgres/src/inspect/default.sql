-- Defaults of tables' columns. The expression of a generated column is a part
-- of the column; nothing else names one, so that the server need not look at the table to print it.
WITH relation AS MATERIALIZED (
    SELECT c.relnamespace AS schema,
           (SELECT quote_ident(n.nspname) || ', pg_catalog, pg_temp' FROM pg_namespace n WHERE n.oid = c.relnamespace) AS path,
           c.oid, c.relname
    FROM pg_class c
    WHERE c.oid = ANY ($1)
)
SELECT c.schema                             AS schema,
       'pg_attrdef'::regclass::oid         AS class,
       ad.oid                              AS object,
       0                                   AS sub,
       'default'                           AS kind,
       ARRAY[c.relname, a.attname]::text[] AS name,
       'column'                            AS parent_kind,
       ARRAY[c.relname, a.attname]::text[] AS parent_name,
       CASE WHEN current_setting('search_path') = c.path
              OR set_config('search_path', c.path, true) IS NOT NULL THEN
           pg_get_expr(ad.adbin, 0)
       END AS expression
FROM relation c
JOIN pg_attrdef ad ON ad.adrelid = c.oid
JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
WHERE a.attgenerated = ''
