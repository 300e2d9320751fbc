-- Aggregates, by the parts of their definition; what a part is by default is
-- left out.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, a.*, p.oid, p.proname, p.proargtypes, p.proowner, p.proparallel
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_aggregate a ON a.aggfnoid = p.oid
    WHERE p.oid = ANY ($1)
)
SELECT a.schema,
       'pg_proc'::regclass::oid AS class,
       a.oid                    AS object,
       0                        AS sub,
       'aggregate'              AS kind,
       CASE WHEN current_setting('search_path') = a.path
              OR set_config('search_path', a.path, true) IS NOT NULL THEN
           ARRAY[a.proname, (
               SELECT coalesce(string_agg(format_type(t.type, NULL), ', ' ORDER BY t.position), '')
               FROM unnest(a.proargtypes) WITH ORDINALITY AS t (type, position)
           )]::text[]
       END                      AS name,
       NULL::text               AS parent_kind,
       NULL::text[]             AS parent_name,
       CASE WHEN current_setting('search_path') = a.path
              OR set_config('search_path', a.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(a.proowner),
               'arguments', coalesce(nullif(pg_get_function_arguments(a.oid), ''), '*'),
               'returns', pg_get_function_result(a.oid),
               'hypothetical', nullif(a.aggkind = 'h', false),
               'parts', json_build_object(
                   'sfunc', a.aggtransfn::text,
                   'stype', format_type(a.aggtranstype, NULL),
                   'sspace', nullif(a.aggtransspace, 0)::text,
                   'finalfunc', nullif(a.aggfinalfn::oid, 0)::regproc::text,
                   'finalfunc_extra', CASE WHEN a.aggfinalextra THEN 'true' END,
                   'finalfunc_modify', CASE WHEN a.aggfinalfn::oid <> 0
                                             AND a.aggfinalmodify <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::"char"
                       THEN CASE a.aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE'
                                                  ELSE 'READ_WRITE' END END,
                   'combinefunc', nullif(a.aggcombinefn::oid, 0)::regproc::text,
                   'serialfunc', nullif(a.aggserialfn::oid, 0)::regproc::text,
                   'deserialfunc', nullif(a.aggdeserialfn::oid, 0)::regproc::text,
                   'initcond', quote_literal(a.agginitval),
                   'msfunc', nullif(a.aggmtransfn::oid, 0)::regproc::text,
                   'minvfunc', nullif(a.aggminvtransfn::oid, 0)::regproc::text,
                   'mstype', CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END,
                   'msspace', nullif(a.aggmtransspace, 0)::text,
                   'mfinalfunc', nullif(a.aggmfinalfn::oid, 0)::regproc::text,
                   'mfinalfunc_extra', CASE WHEN a.aggmfinalextra THEN 'true' END,
                   'mfinalfunc_modify', CASE WHEN a.aggmfinalfn::oid <> 0
                                              AND a.aggmfinalmodify <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::"char"
                       THEN CASE a.aggmfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE'
                                                   ELSE 'READ_WRITE' END END,
                   'minitcond', quote_literal(a.aggminitval),
                   'sortop', CASE WHEN a.aggsortop <> 0 THEN
                       CASE WHEN pg_operator_is_visible(a.aggsortop) THEN o.oprname
                            ELSE 'OPERATOR(' || quote_ident(s.nspname) || '.' || o.oprname || ')' END END,
                   'parallel', CASE a.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END
               )
           )
       END::text AS attributes
FROM own a
LEFT JOIN pg_operator o ON o.oid = a.aggsortop
LEFT JOIN pg_namespace s ON s.oid = o.oprnamespace
