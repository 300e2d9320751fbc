-- One plain set-based query that has the server print everything that tenants have.
SELECT c.relnamespace, 'column', concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname LIKE 'tenant\_%'
WHERE a.attnum > 0 AND c.relkind IN ('r', 'v', 'p')
UNION ALL
SELECT r.connamespace, 'constraint', r.conname || ' ' || pg_get_constraintdef(r.oid)
FROM pg_constraint r JOIN pg_namespace n ON n.oid = r.connamespace AND n.nspname LIKE 'tenant\_%'
UNION ALL
SELECT c.relnamespace, 'index', pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND c.relkind IN ('r', 'm', 'p') JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname LIKE 'tenant\_%'
UNION ALL
SELECT c.relnamespace, 'view', pg_get_viewdef(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname LIKE 'tenant\_%' WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT p.pronamespace, 'function', pg_get_functiondef(p.oid)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname LIKE 'tenant\_%'
UNION ALL
SELECT c.relnamespace, 'trigger', pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname LIKE 'tenant\_%' WHERE NOT t.tgisinternal
UNION ALL
SELECT t.typnamespace, 'enum', t.typname || ' ' || string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid JOIN pg_namespace n ON n.oid = t.typnamespace AND n.nspname LIKE 'tenant\_%' GROUP BY t.oid, t.typnamespace, t.typname
