-- What a person would write to see what changed: the versions of the rows of the catalogs that know their schema.
SELECT n.nspname, md5(string_agg(r.oid || ' ' || r.xmin, ',' ORDER BY r.oid))
FROM pg_namespace n
JOIN (
    SELECT relnamespace AS namespace, oid, xmin FROM pg_class
    UNION ALL SELECT c.relnamespace, a.attrelid, a.xmin FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attnum > 0
    UNION ALL SELECT connamespace, oid, xmin FROM pg_constraint
    UNION ALL SELECT typnamespace, oid, xmin FROM pg_type
    UNION ALL SELECT pronamespace, oid, xmin FROM pg_proc
    UNION ALL SELECT c.relnamespace, i.indexrelid, i.xmin FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    UNION ALL SELECT c.relnamespace, t.oid, t.xmin FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    UNION ALL SELECT c.relnamespace, d.oid, d.xmin FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
) r ON r.namespace = n.oid
WHERE n.nspname LIKE 'tenant\_%'
GROUP BY n.nspname
