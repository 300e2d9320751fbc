-- Operator families, with the members that belong to no class of theirs.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, f.*, am.amname
    FROM pg_opfamily f
    JOIN pg_namespace n ON n.oid = f.opfnamespace
    JOIN pg_am am ON am.oid = f.opfmethod
    WHERE f.oid = ANY ($1)
)
SELECT f.schema,
       'pg_opfamily'::regclass::oid        AS class,
       f.oid                               AS object,
       0                                   AS sub,
       'operator family'                   AS kind,
       ARRAY[f.opfname, f.amname]::text[]  AS name,
       NULL::text                          AS parent_kind,
       NULL::text[]                        AS parent_name,
       CASE WHEN current_setting('search_path') = f.path
              OR set_config('search_path', f.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(f.opfowner),
               'operators', (
                   SELECT json_object_agg(
                              concat(o.amopstrategy, ' (', format_type(o.amoplefttype, NULL), ', ',
                                     format_type(o.amoprighttype, NULL), ')'),
                              concat(o.amopopr::regoperator, CASE WHEN s.oid IS NOT NULL THEN
                                     concat(' FOR ORDER BY ', CASE WHEN NOT pg_opfamily_is_visible(s.oid)
                                         THEN quote_ident(sn.nspname) || '.' END, quote_ident(s.opfname)) END)
                              ORDER BY o.amopstrategy, o.amoplefttype, o.amoprighttype)
                   FROM pg_amop o
                   LEFT JOIN pg_opfamily s ON s.oid = o.amopsortfamily
                   LEFT JOIN pg_namespace sn ON sn.oid = s.opfnamespace
                   WHERE o.amopfamily = f.oid
                     AND NOT EXISTS (SELECT FROM pg_depend d
                                     WHERE d.classid = 'pg_amop'::regclass AND d.objid = o.oid
                                       AND d.refclassid = 'pg_opclass'::regclass)
               ),
               'functions', (
                   SELECT json_object_agg(
                              concat(p.amprocnum, ' (', format_type(p.amproclefttype, NULL), ', ',
                                     format_type(p.amprocrighttype, NULL), ')'),
                              p.amproc::regprocedure::text
                              ORDER BY p.amprocnum, p.amproclefttype, p.amprocrighttype)
                   FROM pg_amproc p
                   WHERE p.amprocfamily = f.oid
                     AND NOT EXISTS (SELECT FROM pg_depend d
                                     WHERE d.classid = 'pg_amproc'::regclass AND d.objid = p.oid
                                       AND d.refclassid = 'pg_opclass'::regclass)
               )
           )
       END::text AS attributes
FROM own f
