-- Operators. One that was only named as a partner of another has no function
-- yet: it is none.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, o.*
    FROM pg_operator o
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    WHERE o.oid = ANY ($1)
      AND o.oprcode <> 0
)
SELECT o.schema,
       'pg_operator'::regclass::oid AS class,
       o.oid                        AS object,
       0                            AS sub,
       'operator'                   AS kind,
       CASE WHEN current_setting('search_path') = o.path
              OR set_config('search_path', o.path, true) IS NOT NULL THEN
           ARRAY[o.oprname, CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END || ', '
                         || CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END]::text[]
       END                          AS name,
       NULL::text                   AS parent_kind,
       NULL::text[]                 AS parent_name,
       CASE WHEN current_setting('search_path') = o.path
              OR set_config('search_path', o.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(o.oprowner),
               'function', o.oprcode::text,
               'left', CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END,
               'right', CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END,
               'partners', json_build_object(
                   'commutator', CASE WHEN pg_operator_is_visible(c.oid) THEN c.oprname
                                      WHEN c.oid IS NOT NULL THEN
                       'OPERATOR(' || quote_ident(cn.nspname) || '.' || c.oprname || ')' END,
                   'negator', CASE WHEN pg_operator_is_visible(g.oid) THEN g.oprname
                                   WHEN g.oid IS NOT NULL THEN
                       'OPERATOR(' || quote_ident(gn.nspname) || '.' || g.oprname || ')' END
               ),
               'estimators', json_build_object(
                   'restrict', nullif(o.oprrest::oid, 0)::regproc::text,
                   'join', nullif(o.oprjoin::oid, 0)::regproc::text
               ),
               'hashes', nullif(o.oprcanhash, false),
               'merges', nullif(o.oprcanmerge, false)
           )
       END::text AS attributes
FROM own o
LEFT JOIN pg_operator c ON c.oid = o.oprcom
LEFT JOIN pg_namespace cn ON cn.oid = c.oprnamespace
LEFT JOIN pg_operator g ON g.oid = o.oprnegate
LEFT JOIN pg_namespace gn ON gn.oid = g.oprnamespace
