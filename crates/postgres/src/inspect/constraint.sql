-- Constraints of tables, in the server's own words. One that a table only has
-- because its parent has it follows from that, and is no fact.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
)
SELECT n.oid                               AS schema,
       'pg_constraint'::regclass::oid      AS class,
       k.oid                               AS object,
       0                                   AS sub,
       'constraint'                        AS kind,
       ARRAY[c.relname, k.conname]::text[] AS name,
       'table'                             AS parent_kind,
       ARRAY[c.relname]::text[]            AS parent_name,
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           json_build_object(
               'type', CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
                                      WHEN 'f' THEN 'foreign key' WHEN 'x' THEN 'exclusion' END,
               'definition', pg_get_constraintdef(k.oid),
               'options', (SELECT json_object_agg(option_name, option_value ORDER BY option_name)
                           FROM pg_options_to_table(ic.reloptions)),
               'clustered', nullif(i.indisclustered, false),
               'replica_identity', nullif(i.indisreplident, false),
               -- The table that a foreign key refers to, where it is the schema's own.
               '_references', CASE WHEN f.relnamespace = n.oid THEN f.relname END
           )
       END::text AS attributes
FROM namespace n
JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass
                AND d.refobjid = n.oid
                AND d.classid = 'pg_class'::regclass
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
JOIN pg_constraint k ON k.conrelid = c.oid
                    AND k.conislocal
                    AND k.conparentid = 0
                    AND k.contype IN ('p', 'u', 'c', 'f', 'x')
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
LEFT JOIN pg_class f ON f.oid = k.confrelid AND k.contype = 'f'
