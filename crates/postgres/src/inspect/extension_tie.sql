-- What goes with an extension by ALTER ... DEPENDS ON EXTENSION: walked from the
-- extensions, as hardly anything does. The parent is the object; of a constraint's
-- index, the constraint.
WITH namespace AS MATERIALIZED (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
    WHERE n.oid = ANY ($1)
),
tie AS MATERIALIZED (
    SELECT d.classid AS class, d.objid AS object, e.extname AS extension
    FROM pg_extension e
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'x'
),
target AS (
    SELECT n.oid AS schema, i.extension, p.kind, p.name, p.kind AS parent_kind, p.name AS parent_name
    FROM tie i
    JOIN pg_proc r ON i.class = 'pg_proc'::regclass AND r.oid = i.object
    JOIN namespace n ON n.oid = r.pronamespace
    CROSS JOIN LATERAL (
        SELECT CASE r.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
               CASE WHEN current_setting('search_path') = n.path
                      OR set_config('search_path', n.path, true) IS NOT NULL THEN
                   ARRAY[r.proname, (
                       SELECT coalesce(string_agg(format_type(a.type, NULL), ', ' ORDER BY a.position), '')
                       FROM unnest(r.proargtypes) WITH ORDINALITY AS a (type, position)
                   )]::text[]
               END AS name
    ) p
    UNION ALL
    SELECT n.oid, i.extension,
           CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'index' END, ARRAY[c.relname]::text[],
           CASE WHEN c.relkind = 'm' THEN 'materialized view' WHEN k.oid IS NULL THEN 'index' ELSE 'constraint' END,
           CASE WHEN k.oid IS NULL THEN ARRAY[c.relname]::text[] ELSE ARRAY[t.relname, k.conname]::text[] END
    FROM tie i
    JOIN pg_class c ON i.class = 'pg_class'::regclass AND c.oid = i.object AND c.relkind IN ('m', 'i', 'I')
    JOIN namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class t ON t.oid = k.conrelid
    UNION ALL
    SELECT n.oid, i.extension, 'trigger', ARRAY[c.relname, t.tgname]::text[],
           'trigger', ARRAY[c.relname, t.tgname]::text[]
    FROM tie i
    JOIN pg_trigger t ON i.class = 'pg_trigger'::regclass AND t.oid = i.object
    JOIN pg_class c ON c.oid = t.tgrelid
    JOIN namespace n ON n.oid = c.relnamespace
)
SELECT t.schema,
       NULL::oid                                                 AS class,
       NULL::oid                                                 AS object,
       0                                                         AS sub,
       'extension tie'                                           AS kind,
       ARRAY[t.kind]::text[] || t.name || t.extension::text      AS name,
       t.parent_kind::text                                       AS parent_kind,
       t.parent_name                                             AS parent_name,
       '{}'::text                                                AS attributes
FROM target t
