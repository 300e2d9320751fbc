-- The edges of pg_depend that begin at these addresses ($1 class, $2 object).
-- The reader resolves both ends to facts: what is internal to an object (a row
-- type, an array type, a view's _RETURN rule, a constraint's index, an identity
-- column's sequence) is a part of it.
SELECT d.classid     AS class,
       d.objid       AS object,
       d.objsubid    AS sub,
       d.refclassid  AS on_class,
       d.refobjid    AS on_object,
       d.refobjsubid AS on_sub,
       -- What computes a generated column is its part; before 15 it only rests on it.
       CASE WHEN d.classid = 'pg_attrdef'::regclass AND d.deptype = 'a' THEN 'i'
            WHEN d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND d.deptype = 'a' THEN 'i'
            ELSE d.deptype::text END AS type
FROM unnest($1::oid[], $2::oid[]) AS o (class, object)
JOIN pg_depend d ON d.classid = o.class AND d.objid = o.object
WHERE d.refclassid <> 'pg_namespace'::regclass
  -- A table's place below another one of the same schema is a fact of its own.
  AND NOT (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
           AND d.objsubid = 0 AND d.refobjsubid = 0 AND d.deptype IN ('n', 'a')
           AND EXISTS (SELECT
                       FROM pg_inherits i
                       JOIN pg_class child ON child.oid = i.inhrelid
                       JOIN pg_class parent ON parent.oid = i.inhparent
                       WHERE i.inhrelid = d.objid AND i.inhparent = d.refobjid
                         AND child.relnamespace = parent.relnamespace))
