-- Names for addresses that no fact answers for ($1 class, $2 object). The
-- identity of what has a namespace is printed under that namespace, so that it
-- does not hold a tenant's name; the schema is told beside it.
WITH asked AS MATERIALIZED (
    SELECT o.class, o.object, i.type, i.schema, i.name, i.identity, n.oid AS namespace,
           coalesce(quote_ident(i.schema) || ', ', '') || 'pg_catalog, pg_temp' AS path
    FROM unnest($1::oid[], $2::oid[]) AS o (class, object)
    CROSS JOIN LATERAL pg_identify_object(o.class, o.object, 0) AS i
    LEFT JOIN pg_namespace n ON n.nspname = i.schema
)
SELECT a.class,
       a.object,
       a.type,
       a.schema,
       a.namespace,
       a.identity,
       CASE WHEN current_setting('search_path') = a.path
              OR set_config('search_path', a.path, true) IS NOT NULL THEN
           CASE a.class
               WHEN 'pg_class'::regclass THEN a.object::regclass::text
               WHEN 'pg_type'::regclass THEN a.object::regtype::text
               WHEN 'pg_proc'::regclass THEN a.object::regprocedure::text
               WHEN 'pg_operator'::regclass THEN a.object::regoperator::text
               WHEN 'pg_collation'::regclass THEN a.object::regcollation::text
               WHEN 'pg_ts_config'::regclass THEN a.object::regconfig::text
               WHEN 'pg_ts_dict'::regclass THEN a.object::regdictionary::text
               ELSE coalesce(quote_ident(a.name), a.identity)
           END
       END AS own_identity,
       (SELECT e.extname::text
        FROM pg_depend d
        JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = a.class AND d.objid = a.object
          AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') AS extension
FROM asked a
WHERE a.type IS NOT NULL
