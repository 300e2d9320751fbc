-- The watermark of one schema, by its oid: the value of the query that serves many schemas at once (watermark/schema.sql), to
-- the digit, computed another way. For one schema that query takes longest to start up: it has a part for every catalog, of
-- which a schema has a third. Here what most schemas have is one statement that goes through arrays of oids, and what few
-- schemas have is another, which runs where the first one saw that there is any.
--
-- It is STABLE: both statements see what the calling statement sees.
CREATE OR REPLACE FUNCTION __LEDGER__.watermark_of(wanted oid) RETURNS text
LANGUAGE plpgsql STABLE
-- For one schema everything is a handful of rows behind an index, which no statistics of a fleet's catalog tell; planning
-- it anew would cost more than running it.
SET plan_cache_mode = 'force_generic_plan'
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_material = off
AS $watermark$
DECLARE
    counted bigint;
    hashed numeric;
    has_more boolean;
    more bigint;
    more_hashed numeric;
BEGIN
    WITH entry AS MATERIALIZED (
        -- What stands in the schema itself, and the schema. An object may refer to it more than once.
        SELECT DISTINCT dependency.classid, dependency.objid
        FROM pg_catalog.pg_depend AS dependency
        WHERE dependency.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
            AND dependency.refobjid = wanted
        UNION ALL
        SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, wanted
    ),
    type AS MATERIALIZED (
        SELECT type.oid, type.xmin, type.typtype, type.typrelid, type.typowner, type.typacl
        FROM pg_catalog.pg_type AS type
        WHERE type.oid = ANY (ARRAY(
            SELECT entry.objid FROM entry WHERE entry.classid = 'pg_catalog.pg_type'::pg_catalog.regclass))
    ),
    relation AS MATERIALIZED (
        SELECT
            class.oid,
            class.xmin,
            class.relkind,
            class.relowner,
            class.relacl,
            class.relhasindex,
            class.relhastriggers,
            class.relhasrules
        FROM pg_catalog.pg_class AS class
        WHERE class.oid = ANY (ARRAY(
            SELECT entry.objid FROM entry WHERE entry.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            UNION ALL
            -- A composite type's attributes hang on a relation that pg_depend links to the type only.
            SELECT type.typrelid FROM type WHERE type.typrelid <> 0))
    ),
    rows_of_relation AS MATERIALIZED (
        -- Nothing hangs on a sequence but its row in pg_sequence.
        SELECT ARRAY(SELECT relation.oid FROM relation WHERE relation.relkind <> 'S') AS oids
    ),
    indexed AS MATERIALIZED (
        SELECT
            index.indexrelid AS oid,
            index.indexprs IS NOT NULL AS has_expressions,
            pg_catalog.concat(index.xmin, index.indisvalid, index.indisready, index.indislive) AS state
        FROM pg_catalog.pg_index AS index
        WHERE index.indrelid = ANY (ARRAY(SELECT relation.oid FROM relation WHERE relation.relhasindex))
    ),
    restriction AS MATERIALIZED (
        SELECT restriction.oid, restriction.xmin
        FROM pg_catalog.pg_constraint AS restriction
        WHERE restriction.conrelid = ANY ((SELECT rows_of_relation.oids FROM rows_of_relation)::oid[])
    ),
    trigger AS MATERIALIZED (
        SELECT trigger.oid, trigger.xmin, trigger.tgisinternal
        FROM pg_catalog.pg_trigger AS trigger
        WHERE trigger.tgrelid = ANY (ARRAY(SELECT relation.oid FROM relation WHERE relation.relhastriggers))
    ),
    rule AS MATERIALIZED (
        SELECT rule.oid, rule.xmin
        FROM pg_catalog.pg_rewrite AS rule
        WHERE rule.ev_class = ANY (ARRAY(SELECT relation.oid FROM relation WHERE relation.relhasrules))
    ),
    policy AS MATERIALIZED (
        SELECT policy.oid, policy.xmin, policy.polroles
        FROM pg_catalog.pg_policy AS policy
        WHERE policy.polrelid = ANY ((SELECT rows_of_relation.oids FROM rows_of_relation)::oid[])
    ),
    routine AS MATERIALIZED (
        SELECT routine.oid, routine.xmin, routine.prokind, routine.proowner, routine.proacl
        FROM pg_catalog.pg_proc AS routine
        WHERE routine.oid = ANY (ARRAY(
            SELECT entry.objid FROM entry WHERE entry.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass))
    ),
    part (object, tag, state) AS (
        SELECT namespace.oid, 1 << 13,
            pg_catalog.concat(namespace.xmin, pg_catalog.pg_get_userbyid(namespace.nspowner), namespace.nspacl)
        FROM pg_catalog.pg_namespace AS namespace
        WHERE namespace.oid = wanted
        UNION ALL
        SELECT relation.oid, 2 << 13,
            pg_catalog.concat(relation.xmin, pg_catalog.pg_get_userbyid(relation.relowner), relation.relacl)
        FROM relation
        UNION ALL
        SELECT class.oid, 3 << 13, class.xmin::text
        FROM pg_catalog.pg_class AS class
        WHERE class.oid = ANY (ARRAY(SELECT indexed.oid FROM indexed))
        UNION ALL
        SELECT indexed.oid, 4 << 13, indexed.state FROM indexed
        UNION ALL
        SELECT attribute.attrelid, (5 << 13) + attribute.attnum,
            CASE
                WHEN attribute.attacl IS NULL THEN attribute.xmin::text
                ELSE pg_catalog.concat(attribute.xmin, attribute.attacl)
            END
        FROM pg_catalog.pg_attribute AS attribute
        WHERE attribute.attrelid = ANY ((SELECT rows_of_relation.oids FROM rows_of_relation)::oid[])
            AND attribute.attnum > 0
        UNION ALL
        SELECT value.oid, 6 << 13, value.xmin::text
        FROM pg_catalog.pg_attrdef AS value
        WHERE value.adrelid = ANY ((SELECT rows_of_relation.oids FROM rows_of_relation)::oid[])
        UNION ALL
        SELECT restriction.oid, 7 << 13, restriction.xmin::text FROM restriction
        UNION ALL
        SELECT trigger.oid, 8 << 13, trigger.xmin::text FROM trigger
        UNION ALL
        SELECT rule.oid, 9 << 13, rule.xmin::text FROM rule
        UNION ALL
        SELECT policy.oid, 10 << 13,
            pg_catalog.concat(
                policy.xmin,
                ARRAY(SELECT pg_catalog.pg_get_userbyid(role) FROM pg_catalog.unnest(policy.polroles) AS role))
        FROM policy
        UNION ALL
        SELECT type.oid, 11 << 13,
            pg_catalog.concat(type.xmin, pg_catalog.pg_get_userbyid(type.typowner), type.typacl)
        FROM type
        UNION ALL
        SELECT label.oid, 12 << 13, label.xmin::text
        FROM pg_catalog.pg_enum AS label
        WHERE label.enumtypid = ANY (ARRAY(SELECT type.oid FROM type WHERE type.typtype = 'e'))
        UNION ALL
        SELECT routine.oid, 14 << 13,
            pg_catalog.concat(routine.xmin, pg_catalog.pg_get_userbyid(routine.proowner), routine.proacl)
        FROM routine
        UNION ALL
        SELECT sequence.seqrelid, 16 << 13, sequence.xmin::text
        FROM pg_catalog.pg_sequence AS sequence
        WHERE sequence.seqrelid = ANY (ARRAY(SELECT relation.oid FROM relation WHERE relation.relkind = 'S'))
        UNION ALL
        SELECT inheritance.inhparent, 17 << 13, pg_catalog.concat(inheritance.xmin, ' ', inheritance.inhrelid)
        FROM pg_catalog.pg_inherits AS inheritance
        WHERE inheritance.inhrelid = ANY ((SELECT rows_of_relation.oids FROM rows_of_relation)::oid[])
        UNION ALL
        -- What a sequence belongs to, and what an extension has taken in, stands only here.
        SELECT dependency.objid, (34 << 13) + dependency.objsubid,
            pg_catalog.concat(dependency.xmin, ' ', dependency.refobjid, ' ', dependency.refobjsubid, dependency.deptype)
        FROM entry
        JOIN pg_catalog.pg_depend AS dependency
            ON dependency.classid = entry.classid AND dependency.objid = entry.objid
        UNION ALL
        SELECT comment.objoid, (35 << 13) + comment.objsubid,
            pg_catalog.concat(comment.xmin, ' ', comment.classoid)
        FROM pg_catalog.pg_description AS comment
        WHERE comment.objoid = ANY (ARRAY(
            SELECT entry.objid FROM entry
            UNION ALL SELECT indexed.oid FROM indexed
            UNION ALL SELECT restriction.oid FROM restriction
            UNION ALL SELECT trigger.oid FROM trigger WHERE NOT trigger.tgisinternal
            UNION ALL SELECT rule.oid FROM rule
            UNION ALL SELECT policy.oid FROM policy))
    )
    SELECT
        pg_catalog.count(*),
        pg_catalog.sum(pg_catalog.hashtextextended(part.state, (part.object::bigint << 20) | part.tag)),
        EXISTS (
            SELECT FROM entry
            WHERE entry.classid NOT IN (
                'pg_catalog.pg_namespace'::pg_catalog.regclass,
                'pg_catalog.pg_class'::pg_catalog.regclass,
                'pg_catalog.pg_type'::pg_catalog.regclass,
                'pg_catalog.pg_proc'::pg_catalog.regclass))
        OR EXISTS (SELECT FROM type WHERE type.typtype IN ('d', 'r'))
        OR EXISTS (SELECT FROM relation WHERE relation.relkind IN ('p', 'f'))
        OR EXISTS (SELECT FROM indexed WHERE indexed.has_expressions)
        OR EXISTS (SELECT FROM routine WHERE routine.prokind = 'a')
    INTO counted, hashed, has_more
    FROM part;

    IF has_more THEN
        WITH entry AS MATERIALIZED (
            -- An object may refer to the schema more than once.
            SELECT DISTINCT dependency.classid, dependency.objid
            FROM pg_catalog.pg_depend AS dependency
            WHERE dependency.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                AND dependency.refobjid = wanted
        ),
        type AS MATERIALIZED (
            SELECT type.oid, type.typtype
            FROM entry
            JOIN pg_catalog.pg_type AS type ON type.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
        ),
        relation AS MATERIALIZED (
            SELECT class.oid, class.relkind, class.relhasindex
            FROM entry
            JOIN pg_catalog.pg_class AS class ON class.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        ),
        indexed AS MATERIALIZED (
            SELECT index.indexrelid AS oid, index.indexprs IS NOT NULL AS has_expressions
            FROM relation
            JOIN pg_catalog.pg_index AS index ON index.indrelid = relation.oid
            WHERE relation.relhasindex
        ),
        domain_constraint AS MATERIALIZED (
            SELECT restriction.oid, restriction.xmin
            FROM type
            JOIN pg_catalog.pg_constraint AS restriction ON restriction.contypid = type.oid
            WHERE type.typtype = 'd'
        ),
        part (object, tag, state) AS (
            -- Of an index only a column that is an expression can be altered.
            SELECT attribute.attrelid, (5 << 13) + attribute.attnum, attribute.xmin::text
            FROM indexed
            JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = indexed.oid
            WHERE indexed.has_expressions
            UNION ALL
            SELECT domain_constraint.oid, 7 << 13, domain_constraint.xmin::text FROM domain_constraint
            UNION ALL
            SELECT range.rngtypid, 13 << 13, range.xmin::text
            FROM type
            JOIN pg_catalog.pg_range AS range ON range.rngtypid = type.oid
            UNION ALL
            SELECT entry.objid, 15 << 13, aggregate.xmin::text
            FROM entry
            JOIN pg_catalog.pg_aggregate AS aggregate ON aggregate.aggfnoid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            UNION ALL
            SELECT relation.oid, 18 << 13, partitioned.xmin::text
            FROM relation
            JOIN pg_catalog.pg_partitioned_table AS partitioned ON partitioned.partrelid = relation.oid
            WHERE relation.relkind = 'p'
            UNION ALL
            SELECT relation.oid, 19 << 13, foreign_table.xmin::text
            FROM relation
            JOIN pg_catalog.pg_foreign_table AS foreign_table ON foreign_table.ftrelid = relation.oid
            WHERE relation.relkind = 'f'
            UNION ALL
            SELECT statistics.oid, 20 << 13,
                pg_catalog.concat(statistics.xmin, pg_catalog.pg_get_userbyid(statistics.stxowner))
            FROM entry
            JOIN pg_catalog.pg_statistic_ext AS statistics ON statistics.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
            UNION ALL
            SELECT operator.oid, 21 << 13,
                pg_catalog.concat(operator.xmin, pg_catalog.pg_get_userbyid(operator.oprowner))
            FROM entry
            JOIN pg_catalog.pg_operator AS operator ON operator.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass
            UNION ALL
            SELECT operator_class.oid, 22 << 13,
                pg_catalog.concat(operator_class.xmin, pg_catalog.pg_get_userbyid(operator_class.opcowner))
            FROM entry
            JOIN pg_catalog.pg_opclass AS operator_class ON operator_class.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
            UNION ALL
            SELECT family.oid, 23 << 13,
                pg_catalog.concat(family.xmin, pg_catalog.pg_get_userbyid(family.opfowner))
            FROM entry
            JOIN pg_catalog.pg_opfamily AS family ON family.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
            UNION ALL
            SELECT member.oid, 24 << 13, member.xmin::text
            FROM entry
            JOIN pg_catalog.pg_amop AS member ON member.amopfamily = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
            UNION ALL
            SELECT member.oid, 25 << 13, member.xmin::text
            FROM entry
            JOIN pg_catalog.pg_amproc AS member ON member.amprocfamily = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
            UNION ALL
            SELECT "collation".oid, 26 << 13,
                pg_catalog.concat("collation".xmin, pg_catalog.pg_get_userbyid("collation".collowner))
            FROM entry
            JOIN pg_catalog.pg_collation AS "collation" ON "collation".oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_collation'::pg_catalog.regclass
            UNION ALL
            SELECT conversion.oid, 27 << 13,
                pg_catalog.concat(conversion.xmin, pg_catalog.pg_get_userbyid(conversion.conowner))
            FROM entry
            JOIN pg_catalog.pg_conversion AS conversion ON conversion.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_conversion'::pg_catalog.regclass
            UNION ALL
            SELECT config.oid, 28 << 13,
                pg_catalog.concat(config.xmin, pg_catalog.pg_get_userbyid(config.cfgowner))
            FROM entry
            JOIN pg_catalog.pg_ts_config AS config ON config.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass
            UNION ALL
            SELECT mapping.mapcfg, 29 << 13,
                pg_catalog.concat(mapping.xmin, ' ', mapping.maptokentype, ' ', mapping.mapseqno)
            FROM entry
            JOIN pg_catalog.pg_ts_config_map AS mapping ON mapping.mapcfg = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass
            UNION ALL
            SELECT dictionary.oid, 30 << 13,
                pg_catalog.concat(dictionary.xmin, pg_catalog.pg_get_userbyid(dictionary.dictowner))
            FROM entry
            JOIN pg_catalog.pg_ts_dict AS dictionary ON dictionary.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass
            UNION ALL
            SELECT parser.oid, 31 << 13, parser.xmin::text
            FROM entry
            JOIN pg_catalog.pg_ts_parser AS parser ON parser.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_ts_parser'::pg_catalog.regclass
            UNION ALL
            SELECT template.oid, 32 << 13, template.xmin::text
            FROM entry
            JOIN pg_catalog.pg_ts_template AS template ON template.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_ts_template'::pg_catalog.regclass
            UNION ALL
            SELECT privileges.oid, 33 << 13,
                pg_catalog.concat(
                    privileges.xmin, pg_catalog.pg_get_userbyid(privileges.defaclrole), privileges.defaclacl)
            FROM entry
            JOIN pg_catalog.pg_default_acl AS privileges ON privileges.oid = entry.objid
            WHERE entry.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass
            UNION ALL
            SELECT comment.objoid, (35 << 13) + comment.objsubid, pg_catalog.concat(comment.xmin, ' ', comment.classoid)
            FROM domain_constraint
            JOIN pg_catalog.pg_description AS comment ON comment.objoid = domain_constraint.oid
            -- One that refers to the schema by a constant was looked at above.
            WHERE NOT EXISTS (SELECT FROM entry WHERE entry.objid = domain_constraint.oid)
        )
        SELECT
            pg_catalog.count(*),
            pg_catalog.sum(pg_catalog.hashtextextended(part.state, (part.object::bigint << 20) | part.tag))
        INTO more, more_hashed
        FROM part;
        counted := counted + more;
        hashed := hashed + COALESCE(more_hashed, 0);
    END IF;

    RETURN pg_catalog.concat(counted, ':', hashed);
END
$watermark$
