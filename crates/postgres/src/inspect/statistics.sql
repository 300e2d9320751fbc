-- Extended statistics. The server prints their name with the schema, whatever
-- the search path: what follows the name is what counts.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, n.nspname, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, s.*
    FROM pg_statistic_ext s
    JOIN pg_namespace n ON n.oid = s.stxnamespace
    WHERE s.oid = ANY ($1)
)
SELECT s.schema,
       'pg_statistic_ext'::regclass::oid AS class,
       s.oid                             AS object,
       0                                 AS sub,
       'statistics'                      AS kind,
       ARRAY[s.stxname]::text[]          AS name,
       CASE WHEN c.relnamespace = s.schema THEN
           CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'm' THEN 'materialized view' ELSE 'table' END
       END                               AS parent_kind,
       CASE WHEN c.relnamespace = s.schema THEN ARRAY[c.relname]::text[] END AS parent_name,
       CASE WHEN current_setting('search_path') = s.path
              OR set_config('search_path', s.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(s.stxowner),
               'definition', substr(pg_get_statisticsobjdef(s.oid),
                                    length('CREATE STATISTICS ' || quote_ident(s.nspname) || '.'
                                           || quote_ident(s.stxname)) + 1),
               'target', CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END
           )
       END::text AS attributes
FROM own s
JOIN pg_class c ON c.oid = s.stxrelid
