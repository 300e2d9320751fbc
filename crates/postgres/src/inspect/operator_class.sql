-- Operator classes, with the operators and functions that belong to them.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, c.*, am.amname
    FROM pg_opclass c
    JOIN pg_namespace n ON n.oid = c.opcnamespace
    JOIN pg_am am ON am.oid = c.opcmethod
    WHERE c.oid = ANY ($1)
)
SELECT c.schema,
       'pg_opclass'::regclass::oid         AS class,
       c.oid                               AS object,
       0                                   AS sub,
       'operator class'                    AS kind,
       ARRAY[c.opcname, c.amname]::text[]  AS name,
       NULL::text                          AS parent_kind,
       NULL::text[]                        AS parent_name,
       CASE WHEN current_setting('search_path') = c.path
              OR set_config('search_path', c.path, true) IS NOT NULL THEN
           json_build_object(
               'owner', pg_get_userbyid(c.opcowner),
               'default', nullif(c.opcdefault, false),
               'type', format_type(c.opcintype, NULL),
               'family', concat(CASE WHEN NOT pg_opfamily_is_visible(f.oid) THEN quote_ident(n.nspname) || '.' END,
                                quote_ident(f.opfname)),
               'storage', CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END,
               'members', (
                   SELECT json_agg(m.sql ORDER BY m.sort, m.number, m.sql)
                   FROM (
                       SELECT 1 AS sort, o.amopstrategy AS number,
                              concat('OPERATOR ', o.amopstrategy, ' ', o.amopopr::regoperator,
                                     CASE WHEN s.oid IS NOT NULL THEN
                                     concat(' FOR ORDER BY ', CASE WHEN NOT pg_opfamily_is_visible(s.oid)
                                         THEN quote_ident(sn.nspname) || '.' END, quote_ident(s.opfname)) END) AS sql
                       FROM pg_depend d
                       JOIN pg_amop o ON o.oid = d.objid
                       LEFT JOIN pg_opfamily s ON s.oid = o.amopsortfamily
                       LEFT JOIN pg_namespace sn ON sn.oid = s.opfnamespace
                       WHERE d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid
                         AND d.classid = 'pg_amop'::regclass
                       UNION ALL
                       SELECT 2, p.amprocnum,
                              concat('FUNCTION ', p.amprocnum, ' (', format_type(p.amproclefttype, NULL), ', ',
                                     format_type(p.amprocrighttype, NULL), ') ', p.amproc::regprocedure)
                       FROM pg_depend d
                       JOIN pg_amproc p ON p.oid = d.objid
                       WHERE d.refclassid = 'pg_opclass'::regclass AND d.refobjid = c.oid
                         AND d.classid = 'pg_amproc'::regclass
                   ) m
               )
           )
       END::text AS attributes
FROM own c
JOIN pg_opfamily f ON f.oid = c.opcfamily
JOIN pg_namespace n ON n.oid = f.opfnamespace
