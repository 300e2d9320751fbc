-- Enumerated, composite and range types, and domains. What has a namespace of
-- its own is meant: no row types, array types or multiranges.
WITH own AS MATERIALIZED (
    SELECT n.oid AS schema, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path, t.*
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid = ANY ($1)
      AND t.typtype IN ('e', 'c', 'r', 'd')
)
SELECT t.schema,
       'pg_type'::regclass::oid AS class,
       t.oid                    AS object,
       0                        AS sub,
       CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite type'
                      WHEN 'r' THEN 'range type' ELSE 'domain' END AS kind,
       ARRAY[t.typname]::text[] AS name,
       NULL::text               AS parent_kind,
       NULL::text[]             AS parent_name,
       CASE WHEN current_setting('search_path') = t.path
              OR set_config('search_path', t.path, true) IS NOT NULL THEN
           CASE t.typtype
               WHEN 'e' THEN json_build_object(
                   'owner', pg_get_userbyid(t.typowner),
                   'labels', (SELECT coalesce(json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')
                              FROM pg_enum e
                              WHERE e.enumtypid = t.oid)
               )
               WHEN 'c' THEN json_build_object(
                   'owner', pg_get_userbyid(t.typowner),
                   'attributes', (
                       SELECT coalesce(json_agg(json_build_object(
                                  'name', a.attname,
                                  'type', format_type(a.atttypid, a.atttypmod),
                                  'collation', CASE WHEN a.attcollation NOT IN (0, b.typcollation)
                                                    THEN a.attcollation::regcollation::text END
                              ) ORDER BY a.attnum), '[]')
                       FROM pg_attribute a
                       JOIN pg_type b ON b.oid = a.atttypid
                       WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                   )
               )
               WHEN 'r' THEN (
                   SELECT json_build_object(
                       'owner', pg_get_userbyid(t.typowner),
                       'subtype', format_type(r.rngsubtype, NULL),
                       'subtype_opclass', CASE WHEN NOT c.opcdefault THEN
                           CASE WHEN pg_opclass_is_visible(c.oid) THEN quote_ident(c.opcname)
                                ELSE (pg_identify_object('pg_opclass'::regclass, c.oid, 0)).schema
                                     || '.' || quote_ident(c.opcname) END END,
                       'collation', CASE WHEN r.rngcollation NOT IN (0, b.typcollation)
                                         THEN r.rngcollation::regcollation::text END,
                       'canonical', nullif(r.rngcanonical::oid, 0)::regproc::text,
                       'subtype_diff', nullif(r.rngsubdiff::oid, 0)::regproc::text,
                       -- Not there before 14, where the name means the column of `missing`.
                       'multirange', (SELECT m.typname
                                      FROM (VALUES (0::oid)) missing (rngmultitypid),
                                      LATERAL (SELECT rngmultitypid AS oid FROM (SELECT r.*) present) multi,
                                      pg_type m
                                      WHERE m.oid = multi.oid)
                   )
                   FROM pg_range r
                   JOIN pg_type b ON b.oid = r.rngsubtype
                   JOIN pg_opclass c ON c.oid = r.rngsubopc
                   WHERE r.rngtypid = t.oid
               )
               ELSE (
                   SELECT json_build_object(
                       'owner', pg_get_userbyid(t.typowner),
                       'base', format_type(t.typbasetype, t.typtypmod),
                       'collation', CASE WHEN t.typcollation NOT IN (0, b.typcollation)
                                         THEN t.typcollation::regcollation::text END,
                       'default', coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)),
                       'not_null', nullif(t.typnotnull, false),
                       -- From 17 on it has a name; pg_dump writes it unless it is the usual one.
                       'not_null_name', nullif(nn.conname, t.typname || '_not_null')
                   )
                   FROM pg_type b
                   LEFT JOIN pg_constraint nn ON nn.contypid = t.oid AND nn.contype = 'n'
                   WHERE b.oid = t.typbasetype
               )
           END
       END::text AS attributes
FROM own t
