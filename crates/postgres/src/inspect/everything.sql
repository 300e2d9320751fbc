-- The address of everything that is in the schemas, whether a kind is made
-- for it or not: what no fact and no part of a fact answers for is unmodelled.
WITH inside AS MATERIALIZED (
    -- Whatever has a namespace depends on it; pg_depend has an index for that.
    SELECT d.refobjid AS schema, d.classid AS class, d.objid AS object
    FROM pg_depend d
    WHERE d.refclassid = 'pg_namespace'::regclass
      AND d.refobjid = ANY ($1)
),
relation AS MATERIALIZED (
    SELECT i.schema, c.oid, c.relkind, c.reltype, c.relispartition, c.relhasindex, c.relhasrules, c.relhastriggers
    FROM inside i
    JOIN pg_class c ON c.oid = i.object
    WHERE i.class = 'pg_class'::regclass
),
own_type AS MATERIALIZED (
    SELECT i.schema, t.oid, t.typrelid, t.typarray
    FROM inside i
    JOIN pg_type t ON t.oid = i.object
    WHERE i.class = 'pg_type'::regclass
)
SELECT schema, class, object
FROM inside
UNION ALL
-- The index of a constraint that a partition has from its partitioned table follows from that.
SELECT r.schema, 'pg_class'::regclass, x.indexrelid
FROM relation r
JOIN pg_index x ON x.indrelid = r.oid
WHERE r.relhasindex AND NOT (r.relispartition AND EXISTS (
    SELECT FROM pg_constraint k
    WHERE k.conrelid = r.oid AND k.conindid = x.indexrelid AND k.conparentid <> 0
))
UNION ALL
-- What is inherited follows from the parent's; a NOT NULL is a part of its column.
SELECT r.schema, 'pg_constraint'::regclass, k.oid
FROM relation r
JOIN pg_constraint k ON k.conrelid = r.oid
WHERE r.relkind <> 'S' AND k.conislocal AND k.conparentid = 0 AND k.contype NOT IN ('n', 't')
UNION ALL
SELECT t.schema, 'pg_constraint'::regclass, k.oid
FROM own_type t
JOIN pg_constraint k ON k.contypid = t.oid
WHERE k.contype <> 'n'
UNION ALL
SELECT r.schema, 'pg_attrdef'::regclass, ad.oid
FROM relation r
JOIN pg_attrdef ad ON ad.adrelid = r.oid
WHERE r.relkind <> 'S'
UNION ALL
SELECT r.schema, 'pg_trigger'::regclass, t.oid
FROM relation r
JOIN pg_trigger t ON t.tgrelid = r.oid
WHERE r.relhastriggers AND NOT t.tgisinternal AND t.tgparentid = 0
UNION ALL
SELECT r.schema, 'pg_rewrite'::regclass, w.oid
FROM relation r
JOIN pg_rewrite w ON w.ev_class = r.oid
WHERE r.relhasrules
UNION ALL
SELECT r.schema, 'pg_policy'::regclass, p.oid
FROM relation r
JOIN pg_policy p ON p.polrelid = r.oid
WHERE r.relkind <> 'S'
UNION ALL
-- Parts of types that others may rest on: a composite type's attributes, arrays.
SELECT t.schema, 'pg_class'::regclass, t.typrelid
FROM own_type t
WHERE t.typrelid <> 0
UNION ALL
SELECT t.schema, 'pg_type'::regclass, t.typarray
FROM own_type t
WHERE t.typarray <> 0
UNION ALL
SELECT r.schema, 'pg_type'::regclass, p.oid
FROM relation r
JOIN pg_type t ON t.oid = r.reltype
CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) p (oid)
WHERE p.oid <> 0
UNION ALL
-- What a family's or a class's members rest on, it rests on.
SELECT i.schema, 'pg_amop'::regclass, o.oid
FROM inside i
JOIN pg_amop o ON o.amopfamily = i.object
WHERE i.class = 'pg_opfamily'::regclass
UNION ALL
SELECT i.schema, 'pg_amproc'::regclass, p.oid
FROM inside i
JOIN pg_amproc p ON p.amprocfamily = i.object
WHERE i.class = 'pg_opfamily'::regclass
