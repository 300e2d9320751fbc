-- The checks of domains. That a domain is NOT NULL is its own attribute.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
)
SELECT n.oid                               AS schema,
       'pg_constraint'::regclass::oid      AS class,
       k.oid                               AS object,
       0                                   AS sub,
       'domain constraint'                 AS kind,
       ARRAY[t.typname, k.conname]::text[] AS name,
       'domain'                            AS parent_kind,
       ARRAY[t.typname]::text[]            AS parent_name,
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           json_build_object(
               'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
               'validated', k.convalidated
           )
       END::text AS attributes
FROM namespace n
JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                AND d.refobjid = n.oid
                AND d.classid = 'pg_type'::regclass
JOIN pg_type t ON t.oid = d.objid AND t.typtype = 'd'
JOIN pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
