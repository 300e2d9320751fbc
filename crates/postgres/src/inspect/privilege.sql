-- What each role may do with each object and column: only where that is not
-- what PostgreSQL gives by itself.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, n.nspowner, n.nspacl, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
inside AS MATERIALIZED (
    SELECT DISTINCT n.oid AS schema, n.path, d.classid AS class, d.objid AS object
    FROM namespace n
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
),
relation AS MATERIALIZED (
    SELECT i.schema, c.oid, c.relname, c.relkind, c.relowner, c.relacl,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                          WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind
    FROM inside i
    JOIN pg_class c ON c.oid = i.object
    WHERE i.class = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
target AS (
    SELECT n.oid AS schema, n.nspowner AS owner, 'schema' AS kind, '{}'::text[] AS name,
           'schema' AS parent_kind, '{}'::text[] AS parent_name,
           n.nspacl AS acl, acldefault('n', n.nspowner) AS built_in
    FROM namespace n
    WHERE n.nspacl IS NOT NULL
    UNION ALL
    SELECT r.schema, r.relowner, r.kind, ARRAY[r.relname],
           CASE WHEN i.name IS NULL THEN r.kind ELSE 'column' END, coalesce(i.name, ARRAY[r.relname]),
           r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner)
    FROM relation r
    -- An identity column's sequence goes with the column.
    LEFT JOIN LATERAL (
        SELECT ARRAY[t.relname, a.attname] AS name
        FROM pg_depend o
        JOIN pg_class t ON t.oid = o.refobjid
        JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
        WHERE r.relkind = 'S'
          AND o.classid = 'pg_class'::regclass AND o.objid = r.oid
          AND o.refclassid = 'pg_class'::regclass AND o.deptype = 'i'
        OFFSET 0
    ) i ON true
    WHERE r.relacl IS NOT NULL
    UNION ALL
    -- A view's columns are no facts of their own.
    SELECT r.schema, r.relowner, 'column', ARRAY[r.relname, a.attname],
           CASE WHEN r.kind = 'table' THEN 'column' ELSE r.kind END,
           CASE WHEN r.kind = 'table' THEN ARRAY[r.relname, a.attname] ELSE ARRAY[r.relname] END,
           a.attacl, NULL
    FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE a.attacl IS NOT NULL
    UNION ALL
    SELECT r.schema, r.proowner, r.kind, r.name, r.kind, r.name, r.proacl, acldefault('f', r.proowner)
    FROM (
        SELECT i.schema, p.proowner, p.proacl,
               CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
               CASE WHEN current_setting('search_path') = i.path
                      OR set_config('search_path', i.path, true) IS NOT NULL THEN
                   ARRAY[p.proname, (
                       SELECT coalesce(string_agg(format_type(a.type, NULL), ', ' ORDER BY a.position), '')
                       FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, position)
                   )]::text[]
               END AS name
        FROM inside i
        JOIN pg_proc p ON p.oid = i.object
        WHERE i.class = 'pg_proc'::regclass AND p.proacl IS NOT NULL
          -- A range type's constructors go with the type.
          AND NOT EXISTS (SELECT FROM pg_depend o
                          WHERE o.classid = 'pg_proc'::regclass AND o.objid = p.oid AND o.deptype = 'i')
    ) r
    UNION ALL
    SELECT i.schema, t.typowner, k.kind, ARRAY[t.typname], k.kind, ARRAY[t.typname],
           t.typacl, acldefault('T', t.typowner)
    FROM inside i
    JOIN pg_type t ON t.oid = i.object
    JOIN (VALUES ('e'::"char", 'enum'), ('c', 'composite type'), ('r', 'range type'), ('d', 'domain'))
         AS k (typtype, kind) ON k.typtype = t.typtype
    WHERE i.class = 'pg_type'::regclass AND t.typacl IS NOT NULL
)
SELECT t.schema,
       NULL::oid                     AS class,
       NULL::oid                     AS object,
       0                             AS sub,
       'privilege'                   AS kind,
       array_cat(ARRAY[t.kind], array_append(t.name, g.grantee))::text[] AS name,
       t.parent_kind::text           AS parent_kind,
       t.parent_name::text[]         AS parent_name,
       json_build_object('privileges', coalesce(to_json(g.held), '[]'))::text AS attributes
FROM target t
CROSS JOIN LATERAL (
    SELECT CASE e.grantee WHEN 0 THEN 'PUBLIC' WHEN t.owner THEN '__OWNER__'
                          ELSE pg_get_userbyid(e.grantee)::text END AS grantee,
           array_agg(e.word ORDER BY e.word) FILTER (WHERE e.held) AS held,
           array_agg(e.word ORDER BY e.word) FILTER (WHERE NOT e.held) AS built_in
    FROM (
        SELECT a.grantee,
               concat(a.privilege_type,
                      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END,
                      CASE WHEN a.grantor <> t.owner THEN ' GRANTED BY ' || pg_get_userbyid(a.grantor) END) AS word,
               true AS held
        FROM aclexplode(t.acl) a
        UNION ALL
        SELECT a.grantee, a.privilege_type, false
        FROM aclexplode(t.built_in) a
    ) e
    GROUP BY e.grantee
) g
WHERE g.held IS DISTINCT FROM g.built_in
