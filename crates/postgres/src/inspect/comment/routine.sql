-- Comments on functions, procedures and aggregates.
SELECT r.pronamespace,
       CASE r.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       CASE WHEN current_setting('search_path') = n.path
              OR set_config('search_path', n.path, true) IS NOT NULL THEN
           ARRAY[r.proname, (
               SELECT coalesce(string_agg(format_type(a.type, NULL), ', ' ORDER BY a.position), '')
               FROM unnest(r.proargtypes) WITH ORDINALITY AS a (type, position)
           )]::text[]
       END,
       NULL::text, NULL::text[], d.description
FROM pg_description d
JOIN pg_proc r ON r.oid = d.objoid
JOIN (
    SELECT n.oid, quote_ident(n.nspname) || ', pg_catalog, pg_temp' AS path
    FROM pg_namespace n
) n ON n.oid = r.pronamespace
WHERE d.classoid = 'pg_proc'::regclass
  AND d.objoid = ANY ($1)
