SELECT place.schema,
       place.class,
       place.object,
       edge.sub,
       edge.on_class,
       edge.on_object,
       edge.on_sub,
       edge.type
FROM place
-- What rests on nothing is there all the same.
LEFT JOIN LATERAL (
    SELECT d.objsubid    AS sub,
           d.refclassid  AS on_class,
           d.refobjid    AS on_object,
           d.refobjsubid AS on_sub,
           -- What computes a generated column is its part; before 15 it only rests on it.
           CASE WHEN d.classid = 'pg_attrdef'::regclass AND d.deptype = 'a' THEN 'i'
                WHEN d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND d.deptype = 'a' THEN 'i'
                ELSE d.deptype::text END AS type
    FROM pg_depend d
    WHERE d.classid = place.class AND d.objid = place.object
      AND d.refclassid <> 'pg_namespace'::regclass
      -- A table's place below another one of the same schema is a fact of its own.
      AND NOT (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
               AND d.objsubid = 0 AND d.refobjsubid = 0 AND d.deptype IN ('n', 'a')
               AND EXISTS (SELECT
                           FROM pg_inherits i
                           JOIN pg_class child ON child.oid = i.inhrelid
                           JOIN pg_class parent ON parent.oid = i.inhparent
                           WHERE i.inhrelid = d.objid AND i.inhparent = d.refobjid
                             AND child.relnamespace = parent.relnamespace))
) edge ON true
