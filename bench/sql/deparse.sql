-- What a person would write to have the server print everything that tenants have: one plain set-based query.
WITH n AS (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname LIKE 'tenant\_%')
SELECT n.nspname, 'schema', n.nspname::text, concat_ws(' ', pg_get_userbyid(n.nspowner), n.nspacl, obj_description(n.oid, 'pg_namespace')) FROM n
UNION ALL
SELECT n.nspname, 'relation', c.relname, concat_ws(' ', c.relkind, pg_get_userbyid(c.relowner), c.relpersistence, c.reloptions, c.relacl, c.relrowsecurity, obj_description(c.oid, 'pg_class'))
FROM pg_class c JOIN n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, 'column', c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attstorage, a.attcollation::regcollation, a.attacl, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'p')
UNION ALL
SELECT n.nspname, 'constraint', r.conname, concat_ws(' ', pg_get_constraintdef(r.oid), obj_description(r.oid, 'pg_constraint'))
FROM pg_constraint r JOIN n ON n.oid = r.connamespace
UNION ALL
SELECT n.nspname, 'index', c.relname, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, 'sequence', c.relname, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, 'view', c.relname, pg_get_viewdef(c.oid)
FROM pg_class c JOIN n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT n.nspname, 'function', p.proname, concat_ws(' ', pg_get_functiondef(p.oid), p.proacl, obj_description(p.oid, 'pg_proc'))
FROM pg_proc p JOIN n ON n.oid = p.pronamespace WHERE p.prokind <> 'a'
UNION ALL
SELECT n.nspname, 'trigger', t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
UNION ALL
SELECT n.nspname, 'policy', p.polname, concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, 'type', t.typname, concat_ws(' ', t.typtype, pg_get_userbyid(t.typowner), t.typacl, obj_description(t.oid, 'pg_type'), (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
FROM pg_type t JOIN n ON n.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'c', 'r') AND t.typrelid = 0
