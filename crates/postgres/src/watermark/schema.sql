-- One value a schema, over the version (xmin) of every catalog row that
-- describes something in it: equal means that nothing was changed.
--
-- $1: the oids of the schemas, each once. One that is not there is left out.
--
-- Every table is reached from what pg_depend knows to stand in the schema, by an
-- index where schemas are few. (pg_class has no index on relnamespace alone.)
-- Under a tenant's lock the same value is computed by the ledger's function
-- watermark_of: whatever is changed here is changed there.
--
-- What is printed out of rows that are not the schema's own goes in as text:
-- the names of roles in privileges, owners and policies. What in-place updates
-- change without a new version goes in too: the state of an index (before
-- PostgreSQL 14).
WITH entry AS MATERIALIZED (
    -- What stands in the schema itself, and the schema. An object may refer to it more than once.
    SELECT DISTINCT wanted.oid AS namespace, dependency.classid, dependency.objid
    FROM pg_catalog.unnest($1::oid[]) AS wanted (oid)
    JOIN pg_catalog.pg_depend AS dependency
        ON dependency.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        AND dependency.refobjid = wanted.oid
    UNION ALL
    SELECT namespace.oid, 'pg_catalog.pg_namespace'::pg_catalog.regclass, namespace.oid
    FROM pg_catalog.unnest($1::oid[]) AS wanted (oid)
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = wanted.oid
),
type AS MATERIALIZED (
    SELECT entry.namespace, type.oid, type.xmin, type.typrelid, type.typowner, type.typacl
    FROM entry
    JOIN pg_catalog.pg_type AS type ON type.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
),
relation AS MATERIALIZED (
    SELECT
        found.namespace,
        class.oid,
        class.xmin,
        class.relkind,
        class.relowner,
        class.relacl,
        class.relhasindex,
        class.relhastriggers,
        class.relhasrules
    FROM (
        SELECT entry.namespace, entry.objid AS oid
        FROM entry
        WHERE entry.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        UNION ALL
        -- A composite type's attributes hang on a relation that pg_depend links to the type only.
        SELECT type.namespace, type.typrelid
        FROM type
        WHERE type.typrelid <> 0
    ) AS found
    JOIN pg_catalog.pg_class AS class ON class.oid = found.oid
),
rows_of_relation AS MATERIALIZED (
    -- Nothing hangs on a sequence but its row in pg_sequence.
    SELECT relation.namespace, relation.oid
    FROM relation
    WHERE relation.relkind <> 'S'
),
indexed AS MATERIALIZED (
    SELECT
        relation.namespace,
        index.indexrelid AS oid,
        index.indexprs IS NOT NULL AS has_expressions,
        pg_catalog.concat(index.xmin, index.indisvalid, index.indisready, index.indislive) AS state
    FROM relation
    JOIN pg_catalog.pg_index AS index ON index.indrelid = relation.oid
    WHERE relation.relhasindex
),
restriction AS MATERIALIZED (
    SELECT rows_of_relation.namespace, restriction.oid, restriction.xmin
    FROM rows_of_relation
    JOIN pg_catalog.pg_constraint AS restriction ON restriction.conrelid = rows_of_relation.oid
    UNION ALL
    SELECT type.namespace, restriction.oid, restriction.xmin
    FROM type
    JOIN pg_catalog.pg_constraint AS restriction ON restriction.contypid = type.oid
),
trigger AS MATERIALIZED (
    SELECT relation.namespace, trigger.oid, trigger.xmin, trigger.tgisinternal
    FROM relation
    JOIN pg_catalog.pg_trigger AS trigger ON trigger.tgrelid = relation.oid
    WHERE relation.relhastriggers
),
rule AS MATERIALIZED (
    SELECT relation.namespace, rule.oid, rule.xmin
    FROM relation
    JOIN pg_catalog.pg_rewrite AS rule ON rule.ev_class = relation.oid
    WHERE relation.relhasrules
),
policy AS MATERIALIZED (
    SELECT rows_of_relation.namespace, policy.oid, policy.xmin, policy.polroles
    FROM rows_of_relation
    JOIN pg_catalog.pg_policy AS policy ON policy.polrelid = rows_of_relation.oid
),
commented AS (
    -- By the oid alone: that another catalog may have given it too is at worst a false alarm.
    SELECT entry.namespace, entry.objid FROM entry
    UNION
    SELECT indexed.namespace, indexed.oid FROM indexed
    UNION
    SELECT restriction.namespace, restriction.oid FROM restriction
    UNION
    SELECT trigger.namespace, trigger.oid FROM trigger WHERE NOT trigger.tgisinternal
    UNION
    SELECT rule.namespace, rule.oid FROM rule
    UNION
    SELECT policy.namespace, policy.oid FROM policy
),
-- tag: which catalog, times 8192, and the number of the column.
part (namespace, object, tag, state) AS (
    SELECT entry.namespace, namespace.oid, 1 << 13,
        pg_catalog.concat(
            namespace.xmin, pg_catalog.pg_get_userbyid(namespace.nspowner), namespace.nspacl)
    FROM entry
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
    UNION ALL
    SELECT relation.namespace, relation.oid, 2 << 13,
        pg_catalog.concat(
            relation.xmin, pg_catalog.pg_get_userbyid(relation.relowner), relation.relacl)
    FROM relation
    UNION ALL
    SELECT indexed.namespace, class.oid, 3 << 13, class.xmin::text
    FROM indexed
    JOIN pg_catalog.pg_class AS class ON class.oid = indexed.oid
    UNION ALL
    SELECT indexed.namespace, indexed.oid, 4 << 13, indexed.state FROM indexed
    UNION ALL
    SELECT rows_of_relation.namespace, attribute.attrelid, (5 << 13) + attribute.attnum,
        CASE
            WHEN attribute.attacl IS NULL THEN attribute.xmin::text
            ELSE pg_catalog.concat(attribute.xmin, attribute.attacl)
        END
    FROM rows_of_relation
    JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = rows_of_relation.oid
    WHERE attribute.attnum > 0
    UNION ALL
    -- Of an index only a column that is an expression can be altered.
    SELECT indexed.namespace, attribute.attrelid, (5 << 13) + attribute.attnum, attribute.xmin::text
    FROM indexed
    JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = indexed.oid
    WHERE indexed.has_expressions
    UNION ALL
    SELECT rows_of_relation.namespace, value.oid, 6 << 13, value.xmin::text
    FROM rows_of_relation
    JOIN pg_catalog.pg_attrdef AS value ON value.adrelid = rows_of_relation.oid
    UNION ALL
    SELECT restriction.namespace, restriction.oid, 7 << 13, restriction.xmin::text FROM restriction
    UNION ALL
    SELECT trigger.namespace, trigger.oid, 8 << 13, trigger.xmin::text FROM trigger
    UNION ALL
    SELECT rule.namespace, rule.oid, 9 << 13, rule.xmin::text FROM rule
    UNION ALL
    SELECT policy.namespace, policy.oid, 10 << 13,
        pg_catalog.concat(
            policy.xmin,
            ARRAY(SELECT pg_catalog.pg_get_userbyid(role) FROM pg_catalog.unnest(policy.polroles) AS role))
    FROM policy
    UNION ALL
    SELECT type.namespace, type.oid, 11 << 13,
        pg_catalog.concat(type.xmin, pg_catalog.pg_get_userbyid(type.typowner), type.typacl)
    FROM type
    UNION ALL
    SELECT type.namespace, label.oid, 12 << 13, label.xmin::text
    FROM type
    JOIN pg_catalog.pg_enum AS label ON label.enumtypid = type.oid
    UNION ALL
    SELECT type.namespace, range.rngtypid, 13 << 13, range.xmin::text
    FROM type
    JOIN pg_catalog.pg_range AS range ON range.rngtypid = type.oid
    UNION ALL
    SELECT entry.namespace, routine.oid, 14 << 13,
        pg_catalog.concat(
            routine.xmin, pg_catalog.pg_get_userbyid(routine.proowner), routine.proacl)
    FROM entry
    JOIN pg_catalog.pg_proc AS routine ON routine.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, entry.objid, 15 << 13, aggregate.xmin::text
    FROM entry
    JOIN pg_catalog.pg_aggregate AS aggregate ON aggregate.aggfnoid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    UNION ALL
    SELECT relation.namespace, relation.oid, 16 << 13, sequence.xmin::text
    FROM relation
    JOIN pg_catalog.pg_sequence AS sequence ON sequence.seqrelid = relation.oid
    WHERE relation.relkind = 'S'
    UNION ALL
    SELECT rows_of_relation.namespace, inheritance.inhparent, 17 << 13,
        pg_catalog.concat(inheritance.xmin, ' ', rows_of_relation.oid)
    FROM rows_of_relation
    JOIN pg_catalog.pg_inherits AS inheritance ON inheritance.inhrelid = rows_of_relation.oid
    UNION ALL
    SELECT relation.namespace, relation.oid, 18 << 13, partitioned.xmin::text
    FROM relation
    JOIN pg_catalog.pg_partitioned_table AS partitioned ON partitioned.partrelid = relation.oid
    WHERE relation.relkind = 'p'
    UNION ALL
    SELECT relation.namespace, relation.oid, 19 << 13, foreign_table.xmin::text
    FROM relation
    JOIN pg_catalog.pg_foreign_table AS foreign_table ON foreign_table.ftrelid = relation.oid
    WHERE relation.relkind = 'f'
    UNION ALL
    SELECT entry.namespace, statistics.oid, 20 << 13,
        pg_catalog.concat(statistics.xmin, pg_catalog.pg_get_userbyid(statistics.stxowner))
    FROM entry
    JOIN pg_catalog.pg_statistic_ext AS statistics ON statistics.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, operator.oid, 21 << 13,
        pg_catalog.concat(operator.xmin, pg_catalog.pg_get_userbyid(operator.oprowner))
    FROM entry
    JOIN pg_catalog.pg_operator AS operator ON operator.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, operator_class.oid, 22 << 13,
        pg_catalog.concat(operator_class.xmin, pg_catalog.pg_get_userbyid(operator_class.opcowner))
    FROM entry
    JOIN pg_catalog.pg_opclass AS operator_class ON operator_class.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, family.oid, 23 << 13,
        pg_catalog.concat(family.xmin, pg_catalog.pg_get_userbyid(family.opfowner))
    FROM entry
    JOIN pg_catalog.pg_opfamily AS family ON family.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, member.oid, 24 << 13, member.xmin::text
    FROM entry
    JOIN pg_catalog.pg_amop AS member ON member.amopfamily = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, member.oid, 25 << 13, member.xmin::text
    FROM entry
    JOIN pg_catalog.pg_amproc AS member ON member.amprocfamily = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, "collation".oid, 26 << 13,
        pg_catalog.concat("collation".xmin, pg_catalog.pg_get_userbyid("collation".collowner))
    FROM entry
    JOIN pg_catalog.pg_collation AS "collation" ON "collation".oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_collation'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, conversion.oid, 27 << 13,
        pg_catalog.concat(conversion.xmin, pg_catalog.pg_get_userbyid(conversion.conowner))
    FROM entry
    JOIN pg_catalog.pg_conversion AS conversion ON conversion.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_conversion'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, config.oid, 28 << 13,
        pg_catalog.concat(config.xmin, pg_catalog.pg_get_userbyid(config.cfgowner))
    FROM entry
    JOIN pg_catalog.pg_ts_config AS config ON config.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, mapping.mapcfg, 29 << 13,
        pg_catalog.concat(mapping.xmin, ' ', mapping.maptokentype, ' ', mapping.mapseqno)
    FROM entry
    JOIN pg_catalog.pg_ts_config_map AS mapping ON mapping.mapcfg = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, dictionary.oid, 30 << 13,
        pg_catalog.concat(dictionary.xmin, pg_catalog.pg_get_userbyid(dictionary.dictowner))
    FROM entry
    JOIN pg_catalog.pg_ts_dict AS dictionary ON dictionary.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, parser.oid, 31 << 13, parser.xmin::text
    FROM entry
    JOIN pg_catalog.pg_ts_parser AS parser ON parser.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_ts_parser'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, template.oid, 32 << 13, template.xmin::text
    FROM entry
    JOIN pg_catalog.pg_ts_template AS template ON template.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_ts_template'::pg_catalog.regclass
    UNION ALL
    SELECT entry.namespace, privileges.oid, 33 << 13,
        pg_catalog.concat(
            privileges.xmin, pg_catalog.pg_get_userbyid(privileges.defaclrole), privileges.defaclacl)
    FROM entry
    JOIN pg_catalog.pg_default_acl AS privileges ON privileges.oid = entry.objid
    WHERE entry.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass
    UNION ALL
    -- What a sequence belongs to, and what an extension has taken in, stands only here.
    SELECT entry.namespace, dependency.objid, (34 << 13) + dependency.objsubid,
        pg_catalog.concat(dependency.xmin, ' ', dependency.refobjid, ' ', dependency.refobjsubid, dependency.deptype)
    FROM entry
    JOIN pg_catalog.pg_depend AS dependency
        ON dependency.classid = entry.classid AND dependency.objid = entry.objid
    UNION ALL
    SELECT commented.namespace, comment.objoid, (35 << 13) + comment.objsubid,
        pg_catalog.concat(comment.xmin, ' ', comment.classoid)
    FROM commented
    JOIN pg_catalog.pg_description AS comment ON comment.objoid = commented.objid
)
SELECT
    part.namespace,
    pg_catalog.concat(
        pg_catalog.count(*),
        ':',
        pg_catalog.sum(pg_catalog.hashtextextended(part.state, (part.object::bigint << 20) | part.tag))
    ) AS watermark
FROM part
GROUP BY part.namespace
