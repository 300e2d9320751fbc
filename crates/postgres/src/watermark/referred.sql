-- The schemas in which stands what the objects of some schemas rest on, besides themselves and the server's own. Behind
-- `place (schema, class, object)`: everything that is in the schemas.
, edge AS MATERIALIZED (
    SELECT DISTINCT place.schema, dependency.refclassid AS class, dependency.refobjid AS object
    FROM place
    JOIN pg_catalog.pg_depend AS dependency
        ON dependency.classid = place.class
        AND dependency.objid = place.object
),
rests_on (schema, namespace) AS (
    SELECT edge.schema, class.relnamespace
    FROM edge
    JOIN pg_catalog.pg_class AS class ON class.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION
    SELECT edge.schema, type.typnamespace
    FROM edge
    JOIN pg_catalog.pg_type AS type ON type.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_type'::pg_catalog.regclass
    UNION
    SELECT edge.schema, routine.pronamespace
    FROM edge
    JOIN pg_catalog.pg_proc AS routine ON routine.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_proc'::pg_catalog.regclass
    UNION
    SELECT edge.schema, operator.oprnamespace
    FROM edge
    JOIN pg_catalog.pg_operator AS operator ON operator.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_operator'::pg_catalog.regclass
    UNION
    SELECT edge.schema, operator_class.opcnamespace
    FROM edge
    JOIN pg_catalog.pg_opclass AS operator_class ON operator_class.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_opclass'::pg_catalog.regclass
    UNION
    SELECT edge.schema, family.opfnamespace
    FROM edge
    JOIN pg_catalog.pg_opfamily AS family ON family.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
    UNION
    SELECT edge.schema, "collation".collnamespace
    FROM edge
    JOIN pg_catalog.pg_collation AS "collation" ON "collation".oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_collation'::pg_catalog.regclass
    UNION
    SELECT edge.schema, restriction.connamespace
    FROM edge
    JOIN pg_catalog.pg_constraint AS restriction ON restriction.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_constraint'::pg_catalog.regclass
    UNION
    SELECT edge.schema, config.cfgnamespace
    FROM edge
    JOIN pg_catalog.pg_ts_config AS config ON config.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_ts_config'::pg_catalog.regclass
    UNION
    SELECT edge.schema, dictionary.dictnamespace
    FROM edge
    JOIN pg_catalog.pg_ts_dict AS dictionary ON dictionary.oid = edge.object
    WHERE edge.class = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass
)
SELECT DISTINCT namespace.nspname::text AS name
FROM rests_on
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = rests_on.namespace
WHERE rests_on.namespace <> rests_on.schema
  AND namespace.nspname <> 'information_schema'
  AND NOT pg_catalog.starts_with(namespace.nspname::text, 'pg_')
ORDER BY name
