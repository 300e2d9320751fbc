-- Functions and procedures, by the parts of their header. (What the server
-- prints as a whole names the schema, whatever the search path.)
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, n.nspname, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, p.*
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = ANY ($1)
      AND p.prokind IN ('f', 'w', 'p')
      -- A range type brings its constructors.
      AND NOT EXISTS (SELECT FROM pg_depend i
                      WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')
)
SELECT p.schema,
       'pg_proc'::regclass::oid AS class,
       p.oid                    AS object,
       0                        AS sub,
       CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
       CASE WHEN current_setting('search_path') = p.path
              OR set_config('search_path', p.path, true) IS NOT NULL THEN
           ARRAY[p.proname, (
               SELECT coalesce(string_agg(format_type(a.type, NULL), ', ' ORDER BY a.position), '')
               FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, position)
           )]::text[]
       END                      AS name,
       NULL::text               AS parent_kind,
       NULL::text[]             AS parent_name,
       CASE WHEN current_setting('search_path') = p.path
              OR set_config('search_path', p.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(p.proowner),
               'arguments', (
                   SELECT json_agg(json_build_object(
                              'name', nullif(p.proargnames[a.position], ''),
                              'mode', CASE p.proargmodes[a.position] WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT'
                                                                     WHEN 'v' THEN 'VARIADIC' ELSE 'IN' END,
                              'type', format_type(a.type, NULL),
                              'default', pg_get_function_arg_default(p.oid, a.position::int)
                          ) ORDER BY a.position)
                   FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
                        WITH ORDINALITY AS a (type, position)
                   -- The columns of RETURNS TABLE stand in the result.
                   WHERE coalesce(p.proargmodes[a.position], 'i') <> 't'
               ),
               'returns', CASE WHEN p.prokind <> 'p' THEN pg_get_function_result(p.oid) END,
               'language', l.lanname,
               'body', CASE WHEN parsed.body IS NULL THEN p.prosrc END,
               -- What is left of the whole after its first lines: all begin with a space but the first,
               -- which holds names and defaults.
               'sql_body', CASE WHEN parsed.body IS NOT NULL THEN
                   regexp_replace(
                       substr(pg_get_functiondef(p.oid),
                              length(concat('CREATE OR REPLACE ',
                                            CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END,
                                            quote_ident(p.nspname), '.', quote_ident(p.proname),
                                            '(', pg_get_function_arguments(p.oid), ')')) + 2),
                       '^( [^\n]*\n)*', '') END,
               'library', p.probin,
               'window', nullif(p.prokind = 'w', false),
               'volatility', CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' END,
               'strict', nullif(p.proisstrict, false),
               'security_definer', nullif(p.prosecdef, false),
               'leakproof', nullif(p.proleakproof, false),
               'parallel', CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END,
               'cost', nullif(p.procost, CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END),
               'rows', CASE WHEN p.proretset THEN nullif(p.prorows, 1000) END,
               'support', nullif(p.prosupport::oid, 0)::regproc::text,
               'transforms', (SELECT json_agg(format_type(t.oid, NULL) ORDER BY t.position)
                              FROM unnest(p.protrftypes) WITH ORDINALITY AS t (oid, position)),
               'settings', (
                   SELECT json_agg(
                              CASE WHEN s.name IN ('search_path', 'temp_tablespaces', 'session_preload_libraries',
                                                   'shared_preload_libraries', 'local_preload_libraries',
                                                   'unix_socket_directories') THEN
                                  -- A list of names, each quoted where it must be.
                                  json_build_object('name', s.name, 'items', (
                                      SELECT coalesce(json_agg(
                                                 CASE WHEN i.item = p.nspname THEN '__TENANT__' ELSE i.item END
                                                 ORDER BY i.position), '[]')
                                      FROM (
                                          SELECT coalesce(replace(m.part[1], '""', '"'), m.part[2]) AS item, m.position
                                          FROM regexp_matches(s.value, '"((?:[^"]|"")*)"|([^",\s][^",]*)', 'g')
                                               WITH ORDINALITY AS m (part, position)
                                      ) i
                                  ))
                              ELSE json_build_object('name', s.name, 'value', s.value) END
                              ORDER BY s.position)
                   FROM (
                       SELECT split_part(c.text, '=', 1) AS name,
                              substr(c.text, strpos(c.text, '=') + 1) AS value,
                              c.position
                       FROM unnest(p.proconfig) WITH ORDINALITY AS c (text, position)
                   ) s
               )
           )
       END::text AS attributes
FROM own p
JOIN pg_language l ON l.oid = p.prolang
-- Not there before 14, where the name means the column of `missing`.
CROSS JOIN (VALUES (NULL::text)) missing (prosqlbody)
CROSS JOIN LATERAL (SELECT prosqlbody::text AS body FROM (SELECT p.*) present) parsed
