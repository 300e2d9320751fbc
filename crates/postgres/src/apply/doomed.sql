-- What goes with a schema when it is dropped: how many objects; those outside of it, in words, or NULL; and how many rows go
-- in the catalogs that hold what others could come to depend with (counted, counted_in).
--
-- What is not known to be in the schema counts as outside of it.
CREATE OR REPLACE FUNCTION __LEDGER__.doomed_with(
    wanted_namespace oid,
    OUT objects bigint,
    OUT dependents text,
    OUT counted bigint,
    OUT counted_in oid[]
)
LANGUAGE plpgsql
AS $doomed$
BEGIN
    counted_in := ARRAY[
        'pg_catalog.pg_class'::pg_catalog.regclass,
        'pg_catalog.pg_proc'::pg_catalog.regclass,
        'pg_catalog.pg_type'::pg_catalog.regclass,
        'pg_catalog.pg_constraint'::pg_catalog.regclass,
        'pg_catalog.pg_rewrite'::pg_catalog.regclass,
        'pg_catalog.pg_attrdef'::pg_catalog.regclass,
        'pg_catalog.pg_trigger'::pg_catalog.regclass,
        'pg_catalog.pg_policy'::pg_catalog.regclass
    ]::oid[];
    WITH RECURSIVE doomed (classid, objid, objsubid, is_inside) AS (
        SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid, wanted_namespace, 0, true
        UNION
        SELECT dependency.classid, dependency.objid, dependency.objsubid, COALESCE(place.is_inside, false)
        FROM doomed
        JOIN pg_catalog.pg_depend AS dependency
            ON dependency.refclassid = doomed.classid AND dependency.refobjid = doomed.objid
        CROSS JOIN LATERAL (
            SELECT CASE dependency.classid
                WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN (
                    SELECT it.relnamespace = wanted_namespace
                        -- A table that is outside was found before its toast table.
                        OR it.relnamespace = 'pg_toast'::pg_catalog.regnamespace
                    FROM pg_catalog.pg_class AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_type'::pg_catalog.regclass THEN (
                    SELECT it.typnamespace IN (wanted_namespace, 'pg_toast'::pg_catalog.regnamespace)
                    FROM pg_catalog.pg_type AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN (
                    SELECT it.pronamespace = wanted_namespace FROM pg_catalog.pg_proc AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN (
                    SELECT it.connamespace = wanted_namespace
                    FROM pg_catalog.pg_constraint AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN (
                    SELECT its.relnamespace = wanted_namespace
                    FROM pg_catalog.pg_rewrite AS it JOIN pg_catalog.pg_class AS its ON its.oid = it.ev_class
                    WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN (
                    SELECT its.relnamespace = wanted_namespace
                    FROM pg_catalog.pg_attrdef AS it JOIN pg_catalog.pg_class AS its ON its.oid = it.adrelid
                    WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN (
                    SELECT its.relnamespace = wanted_namespace
                    FROM pg_catalog.pg_trigger AS it JOIN pg_catalog.pg_class AS its ON its.oid = it.tgrelid
                    WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN (
                    SELECT its.relnamespace = wanted_namespace
                    FROM pg_catalog.pg_policy AS it JOIN pg_catalog.pg_class AS its ON its.oid = it.polrelid
                    WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_operator'::pg_catalog.regclass THEN (
                    SELECT it.oprnamespace = wanted_namespace
                    FROM pg_catalog.pg_operator AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_opclass'::pg_catalog.regclass THEN (
                    SELECT it.opcnamespace = wanted_namespace FROM pg_catalog.pg_opclass AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_opfamily'::pg_catalog.regclass THEN (
                    SELECT it.opfnamespace = wanted_namespace
                    FROM pg_catalog.pg_opfamily AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_amop'::pg_catalog.regclass THEN (
                    SELECT its.opfnamespace = wanted_namespace
                    FROM pg_catalog.pg_amop AS it JOIN pg_catalog.pg_opfamily AS its ON its.oid = it.amopfamily
                    WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_amproc'::pg_catalog.regclass THEN (
                    SELECT its.opfnamespace = wanted_namespace
                    FROM pg_catalog.pg_amproc AS it JOIN pg_catalog.pg_opfamily AS its ON its.oid = it.amprocfamily
                    WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_collation'::pg_catalog.regclass THEN (
                    SELECT it.collnamespace = wanted_namespace
                    FROM pg_catalog.pg_collation AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_conversion'::pg_catalog.regclass THEN (
                    SELECT it.connamespace = wanted_namespace
                    FROM pg_catalog.pg_conversion AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass THEN (
                    SELECT it.stxnamespace = wanted_namespace
                    FROM pg_catalog.pg_statistic_ext AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_ts_config'::pg_catalog.regclass THEN (
                    SELECT it.cfgnamespace = wanted_namespace
                    FROM pg_catalog.pg_ts_config AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_ts_dict'::pg_catalog.regclass THEN (
                    SELECT it.dictnamespace = wanted_namespace
                    FROM pg_catalog.pg_ts_dict AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_ts_parser'::pg_catalog.regclass THEN (
                    SELECT it.prsnamespace = wanted_namespace
                    FROM pg_catalog.pg_ts_parser AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_ts_template'::pg_catalog.regclass THEN (
                    SELECT it.tmplnamespace = wanted_namespace
                    FROM pg_catalog.pg_ts_template AS it WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_cast'::pg_catalog.regclass THEN (
                    SELECT wanted_namespace IN (source.typnamespace, target.typnamespace)
                    FROM pg_catalog.pg_cast AS it
                    JOIN pg_catalog.pg_type AS source ON source.oid = it.castsource
                    JOIN pg_catalog.pg_type AS target ON target.oid = it.casttarget
                    WHERE it.oid = dependency.objid)
                WHEN 'pg_catalog.pg_default_acl'::pg_catalog.regclass THEN (
                    SELECT it.defaclnamespace = wanted_namespace
                    FROM pg_catalog.pg_default_acl AS it WHERE it.oid = dependency.objid)
            END AS is_inside
        ) AS place
        -- What depends on something outside is not ours to judge: that alone stops it.
        WHERE doomed.is_inside
    ),
    outside AS (
        SELECT DISTINCT
            CASE
                WHEN rule.ev_class IS NOT NULL
                THEN pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, rule.ev_class, 0)
                ELSE pg_catalog.pg_describe_object(doomed.classid, doomed.objid, doomed.objsubid)
            END AS words
        FROM doomed
        LEFT JOIN pg_catalog.pg_rewrite AS rule
            ON rule.oid = doomed.objid AND doomed.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        WHERE NOT doomed.is_inside
    ),
    told AS (
        SELECT outside.words, pg_catalog.row_number() OVER (ORDER BY outside.words) AS place, pg_catalog.count(*) OVER () AS of
        FROM outside
    ),
    whole AS (
        SELECT DISTINCT doomed.classid, doomed.objid FROM doomed WHERE doomed.is_inside
    )
    SELECT
        (SELECT pg_catalog.count(*) FROM whole),
        (
            SELECT pg_catalog.string_agg(COALESCE(told.words, 'something that cannot be named'), ', ' ORDER BY told.place)
                || CASE WHEN pg_catalog.max(told.of) > 5
                    THEN pg_catalog.format(' and %s more', pg_catalog.max(told.of) - 5) ELSE '' END
            FROM told
            WHERE told.place <= 5
        ),
        (SELECT pg_catalog.count(*) FROM whole WHERE whole.classid = ANY (counted_in))
    INTO objects, dependents, counted;
END
$doomed$
