-- What bears a comment in the schemas ($1): a row for each catalog, with the oids of what is commented on there. Few things are,
-- and few catalogs hold any: only of those is asked what they are, as to plan that for all of them takes long.
WITH inside AS MATERIALIZED (
    SELECT DISTINCT d.refobjid AS schema, d.classid AS class, d.objid AS object
    FROM pg_depend d
    WHERE d.refclassid = 'pg_namespace'::regclass
      AND d.refobjid = ANY ($1)
),
relation AS MATERIALIZED (
    SELECT i.schema, c.oid, c.relhasindex, c.relhasrules, c.relhastriggers
    FROM inside i
    JOIN pg_class c ON c.oid = i.object
    WHERE i.class = 'pg_class'::regclass
),
own_type AS MATERIALIZED (
    SELECT i.schema, t.oid, t.typrelid
    FROM inside i
    JOIN pg_type t ON t.oid = i.object
    WHERE i.class = 'pg_type'::regclass
),
-- Whatever may have one.
place (schema, class, object) AS (
    SELECT n.oid, 'pg_namespace'::regclass::oid, n.oid
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
    UNION ALL
    SELECT i.schema, i.class, i.object
    FROM inside i
    UNION ALL
    SELECT t.schema, 'pg_class'::regclass, t.typrelid
    FROM own_type t
    WHERE t.typrelid <> 0
    UNION ALL
    SELECT r.schema, 'pg_class'::regclass, i.indexrelid
    FROM relation r
    JOIN pg_index i ON i.indrelid = r.oid
    WHERE r.relhasindex
    UNION ALL
    SELECT r.schema, 'pg_constraint'::regclass, k.oid
    FROM relation r
    JOIN pg_constraint k ON k.conrelid = r.oid
    UNION ALL
    SELECT t.schema, 'pg_constraint'::regclass, k.oid
    FROM own_type t
    JOIN pg_constraint k ON k.contypid = t.oid
    UNION ALL
    SELECT r.schema, 'pg_trigger'::regclass, t.oid
    FROM relation r
    JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgparentid = 0
    WHERE r.relhastriggers
    UNION ALL
    SELECT r.schema, 'pg_rewrite'::regclass, w.oid
    FROM relation r
    JOIN pg_rewrite w ON w.ev_class = r.oid
    WHERE r.relhasrules
    UNION ALL
    SELECT r.schema, 'pg_policy'::regclass, p.oid
    FROM relation r
    JOIN pg_policy p ON p.polrelid = r.oid
)
SELECT 'comment on ' || p.class::regclass AS class, '' AS kind,
       false AS has_index, false AS has_rules, false AS has_triggers, false AS is_partition,
       array_agg(DISTINCT p.object) AS objects
FROM place p
JOIN pg_description d ON d.classoid = p.class AND d.objoid = p.object
GROUP BY p.class
