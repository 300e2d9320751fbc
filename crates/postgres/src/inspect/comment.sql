-- Comments on everything that can have one. The parent is the object that the
-- comment is on; where that is a part of another fact, that fact.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
inside AS MATERIALIZED (
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
-- Whatever may have one. Few have: only of those is asked below what they are.
place (schema, class, object) AS (
    SELECT n.oid, 'pg_namespace'::regclass::oid, n.oid
    FROM namespace n
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
),
found AS MATERIALIZED (
    SELECT p.schema, d.classoid AS class, d.objoid AS object, d.objsubid AS sub, d.description AS text
    FROM place p
    JOIN pg_description d ON d.classoid = p.class AND d.objoid = p.object
),
-- What a comment on a relation is said to be on, and the fact that it hangs on.
commented AS MATERIALIZED (
    SELECT f.schema, f.sub, f.text, c.oid, c.relkind,
           -- A composite type's own relation bears the type's name.
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                          WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'table' END AS kind,
           c.relname
    FROM found f
    JOIN pg_class c ON c.oid = f.object
    WHERE f.class = 'pg_class'::regclass
),
target (schema, kind, name, parent_kind, parent_name, text) AS (
    SELECT f.schema, 'schema', '{}'::text[], 'schema', '{}'::text[], f.text
    FROM found f
    WHERE f.class = 'pg_namespace'::regclass
    UNION ALL
    SELECT c.schema, c.kind, ARRAY[c.relname],
           CASE WHEN o.name IS NULL THEN c.kind ELSE 'column' END, coalesce(o.name, ARRAY[c.relname]), c.text
    FROM commented c
    -- An identity column's sequence goes with the column.
    LEFT JOIN LATERAL (
        SELECT ARRAY[t.relname, a.attname] AS name
        FROM pg_depend o
        JOIN pg_class t ON t.oid = o.refobjid
        JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
        WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
          AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'i'
    ) o ON c.relkind = 'S'
    WHERE c.sub = 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    -- The columns of a view or a type are no facts of their own.
    SELECT c.schema, 'column', ARRAY[c.relname, a.attname],
           CASE WHEN c.kind = 'table' THEN 'column' ELSE c.kind END,
           CASE WHEN c.kind = 'table' THEN ARRAY[c.relname, a.attname] ELSE ARRAY[c.relname] END, c.text
    FROM commented c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = c.sub AND NOT a.attisdropped
    WHERE c.sub > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    UNION ALL
    -- A constraint's index goes with the constraint.
    SELECT c.schema, 'index', ARRAY[c.relname],
           CASE WHEN k.oid IS NULL THEN 'index' ELSE 'constraint' END,
           CASE WHEN k.oid IS NULL THEN ARRAY[c.relname] ELSE ARRAY[t.relname, k.conname] END, c.text
    FROM commented c
    JOIN pg_index x ON x.indexrelid = c.oid
    JOIN pg_class t ON t.oid = x.indrelid
    LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
    WHERE c.sub = 0 AND c.relkind IN ('i', 'I')
    UNION ALL
    SELECT f.schema, 'constraint', ARRAY[c.relname, k.conname],
           CASE k.contype WHEN 'n' THEN 'column' ELSE 'constraint' END,
           CASE k.contype WHEN 'n' THEN ARRAY[c.relname, a.attname] ELSE ARRAY[c.relname, k.conname] END, f.text
    FROM found f
    JOIN pg_constraint k ON k.oid = f.object AND k.contype <> 't'
    JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE f.class = 'pg_constraint'::regclass
    UNION ALL
    SELECT f.schema, 'domain constraint', ARRAY[t.typname, k.conname],
           CASE k.contype WHEN 'c' THEN 'domain constraint' ELSE 'domain' END,
           CASE k.contype WHEN 'c' THEN ARRAY[t.typname, k.conname] ELSE ARRAY[t.typname] END, f.text
    FROM found f
    JOIN pg_constraint k ON k.oid = f.object
    JOIN pg_type t ON t.oid = k.contypid
    WHERE f.class = 'pg_constraint'::regclass
    UNION ALL
    SELECT f.schema, 'trigger', ARRAY[c.relname, t.tgname], 'trigger', ARRAY[c.relname, t.tgname], f.text
    FROM found f
    JOIN pg_trigger t ON t.oid = f.object
    JOIN pg_class c ON c.oid = t.tgrelid
    WHERE f.class = 'pg_trigger'::regclass
    UNION ALL
    SELECT f.schema, 'rule', ARRAY[c.relname, w.rulename],
           CASE WHEN w.rulename <> '_RETURN' THEN 'rule'
                WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END,
           CASE WHEN w.rulename <> '_RETURN' THEN ARRAY[c.relname, w.rulename] ELSE ARRAY[c.relname] END, f.text
    FROM found f
    JOIN pg_rewrite w ON w.oid = f.object
    JOIN pg_class c ON c.oid = w.ev_class
    WHERE f.class = 'pg_rewrite'::regclass
    UNION ALL
    SELECT f.schema, 'policy', ARRAY[c.relname, p.polname], 'policy', ARRAY[c.relname, p.polname], f.text
    FROM found f
    JOIN pg_policy p ON p.oid = f.object
    JOIN pg_class c ON c.oid = p.polrelid
    WHERE f.class = 'pg_policy'::regclass
    UNION ALL
    SELECT f.schema, k.kind, ARRAY[t.typname], k.kind, ARRAY[t.typname], f.text
    FROM found f
    JOIN pg_type t ON t.oid = f.object
    JOIN (VALUES ('e'::"char", 'enum'), ('c', 'composite type'), ('r', 'range type'), ('d', 'domain'))
         AS k (typtype, kind) ON k.typtype = t.typtype
    WHERE f.class = 'pg_type'::regclass
    UNION ALL
    SELECT f.schema, p.kind, p.name, p.kind, p.name, f.text
    FROM found f
    JOIN namespace n ON n.oid = f.schema
    CROSS JOIN LATERAL (
        SELECT CASE r.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
               CASE WHEN current_setting('search_path') = n.path
                      OR set_config('search_path', n.path, true) IS NOT NULL THEN
                   ARRAY[r.proname, (
                       SELECT coalesce(string_agg(format_type(a.type, NULL), ', ' ORDER BY a.position), '')
                       FROM unnest(r.proargtypes) WITH ORDINALITY AS a (type, position)
                   )]::text[]
               END AS name
        FROM pg_proc r
        WHERE r.oid = f.object
    ) p
    WHERE f.class = 'pg_proc'::regclass
    UNION ALL
    SELECT f.schema, 'operator', o.name, 'operator', o.name, f.text
    FROM found f
    JOIN namespace n ON n.oid = f.schema
    CROSS JOIN LATERAL (
        SELECT CASE WHEN current_setting('search_path') = n.path
                      OR set_config('search_path', n.path, true) IS NOT NULL THEN
                   ARRAY[r.oprname,
                         CASE WHEN r.oprleft = 0 THEN 'NONE' ELSE format_type(r.oprleft, NULL) END || ', '
                         || CASE WHEN r.oprright = 0 THEN 'NONE' ELSE format_type(r.oprright, NULL) END]::text[]
               END AS name
        FROM pg_operator r
        WHERE r.oid = f.object
    ) o
    WHERE f.class = 'pg_operator'::regclass
    UNION ALL
    SELECT f.schema, 'operator family', ARRAY[o.opfname, am.amname], 'operator family', ARRAY[o.opfname, am.amname],
           f.text
    FROM found f
    JOIN pg_opfamily o ON o.oid = f.object
    JOIN pg_am am ON am.oid = o.opfmethod
    WHERE f.class = 'pg_opfamily'::regclass
    UNION ALL
    SELECT f.schema, 'operator class', ARRAY[c.opcname, am.amname], 'operator class', ARRAY[c.opcname, am.amname],
           f.text
    FROM found f
    JOIN pg_opclass c ON c.oid = f.object
    JOIN pg_am am ON am.oid = c.opcmethod
    WHERE f.class = 'pg_opclass'::regclass
    UNION ALL
    SELECT f.schema, 'text search', ARRAY['configuration', c.cfgname],
           'text search', ARRAY['configuration', c.cfgname], f.text
    FROM found f
    JOIN pg_ts_config c ON c.oid = f.object
    WHERE f.class = 'pg_ts_config'::regclass
    UNION ALL
    SELECT f.schema, 'text search', ARRAY['dictionary', d.dictname], 'text search', ARRAY['dictionary', d.dictname],
           f.text
    FROM found f
    JOIN pg_ts_dict d ON d.oid = f.object
    WHERE f.class = 'pg_ts_dict'::regclass
    UNION ALL
    SELECT f.schema, 'collation', ARRAY[c.collname], 'collation', ARRAY[c.collname], f.text
    FROM found f
    JOIN pg_collation c ON c.oid = f.object
    WHERE f.class = 'pg_collation'::regclass
    UNION ALL
    SELECT f.schema, 'statistics', ARRAY[s.stxname], 'statistics', ARRAY[s.stxname], f.text
    FROM found f
    JOIN pg_statistic_ext s ON s.oid = f.object
    WHERE f.class = 'pg_statistic_ext'::regclass
)
SELECT t.schema,
       NULL::oid                                      AS class,
       NULL::oid                                      AS object,
       0                                              AS sub,
       'comment'                                      AS kind,
       array_cat(ARRAY[t.kind], t.name)::text[]       AS name,
       t.parent_kind::text                            AS parent_kind,
       t.parent_name::text[]                          AS parent_name,
       json_build_object('text', t.text)::text        AS attributes
FROM target t
