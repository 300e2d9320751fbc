-- The checks of domains. That a domain is NOT NULL is its own attribute.
WITH domain AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, t.oid, t.typname
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid = ANY ($1)
)
SELECT t.schema                             AS schema,
       'pg_constraint'::regclass::oid      AS class,
       k.oid                               AS object,
       0                                   AS sub,
       'domain constraint'                 AS kind,
       ARRAY[t.typname, k.conname]::text[] AS name,
       'domain'                            AS parent_kind,
       ARRAY[t.typname]::text[]            AS parent_name,
       CASE WHEN current_setting('search_path') = t.path
              OR set_config('search_path', t.path, true) IS NOT NULL THEN
           json_build_object(
               'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
               'validated', k.convalidated
           )
       END::text AS attributes
FROM domain t
JOIN pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
