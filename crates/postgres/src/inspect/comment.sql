-- Comments on everything that can have one. The parent is the object that the
-- comment is on; where that is a part of another fact, that fact.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
inside AS MATERIALIZED (
    SELECT n.oid AS schema, n.path, d.classid AS class, d.objid AS object
    FROM namespace n
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
),
relation AS MATERIALIZED (
    SELECT i.schema, c.oid, c.relname,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                          WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           -- An identity column's sequence goes with the column.
           CASE WHEN c.relkind = 'S' THEN (
               SELECT ARRAY[t.relname, a.attname]
               FROM pg_depend o
               JOIN pg_class t ON t.oid = o.refobjid
               JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
               WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid
                 AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'i'
           ) END AS identity
    FROM inside i
    JOIN pg_class c ON c.oid = i.object
    WHERE i.class = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
own_type AS MATERIALIZED (
    SELECT i.schema, t.oid, t.typname, t.typrelid,
           CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite type'
                          WHEN 'r' THEN 'range type' ELSE 'domain' END AS kind
    FROM inside i
    JOIN pg_type t ON t.oid = i.object
    WHERE i.class = 'pg_type'::regclass AND t.typtype IN ('e', 'c', 'r', 'd')
),
target AS (
    SELECT n.oid AS schema, 'pg_namespace'::regclass AS class, n.oid AS object, 0 AS sub,
           'schema' AS kind, '{}'::text[] AS name, 'schema' AS parent_kind, '{}'::text[] AS parent_name
    FROM namespace n
    UNION ALL
    SELECT r.schema, 'pg_class', r.oid, 0, r.kind, ARRAY[r.relname],
           CASE WHEN r.identity IS NULL THEN r.kind ELSE 'column' END, coalesce(r.identity, ARRAY[r.relname])
    FROM relation r
    UNION ALL
    -- A view's columns are no facts of their own.
    SELECT r.schema, 'pg_class', r.oid, a.attnum, 'column', ARRAY[r.relname, a.attname],
           CASE WHEN r.kind = 'table' THEN 'column' ELSE r.kind END,
           CASE WHEN r.kind = 'table' THEN ARRAY[r.relname, a.attname] ELSE ARRAY[r.relname] END
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT t.schema, 'pg_class', t.typrelid, a.attnum, 'column', ARRAY[t.typname, a.attname],
           t.kind, ARRAY[t.typname]
    FROM own_type t
    JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    -- A constraint's index goes with the constraint.
    SELECT r.schema, 'pg_class', i.oid, 0, 'index', ARRAY[i.relname],
           CASE WHEN k.oid IS NULL THEN 'index' ELSE 'constraint' END,
           CASE WHEN k.oid IS NULL THEN ARRAY[i.relname] ELSE ARRAY[r.relname, k.conname] END
    FROM relation r
    JOIN pg_index x ON x.indrelid = r.oid
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT r.schema, 'pg_constraint', k.oid, 0, 'constraint', ARRAY[r.relname, k.conname],
           CASE k.contype WHEN 'n' THEN 'column' ELSE 'constraint' END,
           CASE k.contype WHEN 'n' THEN ARRAY[r.relname, a.attname] ELSE ARRAY[r.relname, k.conname] END
    FROM relation r
    JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype <> 't'
    LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.conkey[1]
    UNION ALL
    SELECT t.schema, 'pg_constraint', k.oid, 0, 'domain constraint', ARRAY[t.typname, k.conname],
           CASE k.contype WHEN 'c' THEN 'domain constraint' ELSE 'domain' END,
           CASE k.contype WHEN 'c' THEN ARRAY[t.typname, k.conname] ELSE ARRAY[t.typname] END
    FROM own_type t
    JOIN pg_constraint k ON k.contypid = t.oid
    UNION ALL
    SELECT r.schema, 'pg_trigger', t.oid, 0, 'trigger', ARRAY[r.relname, t.tgname],
           'trigger', ARRAY[r.relname, t.tgname]
    FROM relation r
    JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT r.schema, 'pg_rewrite', w.oid, 0, 'rule', ARRAY[r.relname, w.rulename],
           CASE w.rulename WHEN '_RETURN' THEN r.kind ELSE 'rule' END,
           CASE w.rulename WHEN '_RETURN' THEN ARRAY[r.relname] ELSE ARRAY[r.relname, w.rulename] END
    FROM relation r
    JOIN pg_rewrite w ON w.ev_class = r.oid
    UNION ALL
    SELECT r.schema, 'pg_policy', p.oid, 0, 'policy', ARRAY[r.relname, p.polname],
           'policy', ARRAY[r.relname, p.polname]
    FROM relation r
    JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT t.schema, 'pg_type', t.oid, 0, t.kind, ARRAY[t.typname], t.kind, ARRAY[t.typname]
    FROM own_type t
    UNION ALL
    SELECT i.schema, 'pg_proc', p.oid, 0, p.kind, p.name, p.kind, p.name
    FROM inside i
    CROSS JOIN LATERAL (
        SELECT r.oid,
               CASE r.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
               CASE WHEN current_setting('search_path') = i.path
                      OR set_config('search_path', i.path, true) IS NOT NULL THEN
                   ARRAY[r.proname, (
                       SELECT coalesce(string_agg(format_type(a.type, NULL), ', ' ORDER BY a.position), '')
                       FROM unnest(r.proargtypes) WITH ORDINALITY AS a (type, position)
                   )]::text[]
               END AS name
        FROM pg_proc r
        WHERE r.oid = i.object
    ) p
    WHERE i.class = 'pg_proc'::regclass
    UNION ALL
    SELECT i.schema, 'pg_operator', o.oid, 0, 'operator', o.name, 'operator', o.name
    FROM inside i
    CROSS JOIN LATERAL (
        SELECT r.oid,
               CASE WHEN current_setting('search_path') = i.path
                      OR set_config('search_path', i.path, true) IS NOT NULL THEN
                   ARRAY[r.oprname,
                         CASE WHEN r.oprleft = 0 THEN 'NONE' ELSE format_type(r.oprleft, NULL) END || ', '
                         || CASE WHEN r.oprright = 0 THEN 'NONE' ELSE format_type(r.oprright, NULL) END]::text[]
               END AS name
        FROM pg_operator r
        WHERE r.oid = i.object
    ) o
    WHERE i.class = 'pg_operator'::regclass
    UNION ALL
    SELECT i.schema, 'pg_opfamily', f.oid, 0, 'operator family', ARRAY[f.opfname, am.amname],
           'operator family', ARRAY[f.opfname, am.amname]
    FROM inside i
    JOIN pg_opfamily f ON f.oid = i.object
    JOIN pg_am am ON am.oid = f.opfmethod
    WHERE i.class = 'pg_opfamily'::regclass
    UNION ALL
    SELECT i.schema, 'pg_opclass', c.oid, 0, 'operator class', ARRAY[c.opcname, am.amname],
           'operator class', ARRAY[c.opcname, am.amname]
    FROM inside i
    JOIN pg_opclass c ON c.oid = i.object
    JOIN pg_am am ON am.oid = c.opcmethod
    WHERE i.class = 'pg_opclass'::regclass
    UNION ALL
    SELECT i.schema, 'pg_ts_config', c.oid, 0, 'text search', ARRAY['configuration', c.cfgname],
           'text search', ARRAY['configuration', c.cfgname]
    FROM inside i
    JOIN pg_ts_config c ON c.oid = i.object
    WHERE i.class = 'pg_ts_config'::regclass
    UNION ALL
    SELECT i.schema, 'pg_ts_dict', d.oid, 0, 'text search', ARRAY['dictionary', d.dictname],
           'text search', ARRAY['dictionary', d.dictname]
    FROM inside i
    JOIN pg_ts_dict d ON d.oid = i.object
    WHERE i.class = 'pg_ts_dict'::regclass
    UNION ALL
    SELECT i.schema, 'pg_collation', c.oid, 0, 'collation', ARRAY[c.collname], 'collation', ARRAY[c.collname]
    FROM inside i
    JOIN pg_collation c ON c.oid = i.object
    WHERE i.class = 'pg_collation'::regclass
    UNION ALL
    SELECT i.schema, 'pg_statistic_ext', s.oid, 0, 'statistics', ARRAY[s.stxname], 'statistics', ARRAY[s.stxname]
    FROM inside i
    JOIN pg_statistic_ext s ON s.oid = i.object
    WHERE i.class = 'pg_statistic_ext'::regclass
)
SELECT t.schema,
       NULL::oid                                 AS class,
       NULL::oid                                 AS object,
       0                                         AS sub,
       'comment'                                 AS kind,
       array_cat(ARRAY[t.kind], t.name)::text[]  AS name,
       t.parent_kind::text                       AS parent_kind,
       t.parent_name::text[]                     AS parent_name,
       json_build_object('text', d.description)::text AS attributes
FROM target t
JOIN pg_description d ON d.classoid = t.class AND d.objoid = t.object AND d.objsubid = t.sub
