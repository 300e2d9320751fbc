-- One digest a tenant over everything that its schema is, by the server's own printing and without Tenantry: columns,
-- constraints, indexes, views, functions, triggers, types, policies, privileges. The schema's own name is taken out of
-- the text, and so is what stands aside (tenantry_q_*). Column order does not count.
WITH tenant AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname LIKE 'tenant\_%' OR nspname = 'reference'
),
relation AS (
    SELECT class.oid, class.relnamespace, class.relname, class.relkind, class.relacl, class.reloptions, class.relrowsecurity
    FROM pg_class AS class JOIN tenant ON tenant.oid = class.relnamespace
    WHERE class.relname NOT LIKE 'tenantry\_q\_%'
),
line (namespace, text) AS (
    SELECT relnamespace, concat_ws(' ', 'relation', relkind, relname, reloptions, relrowsecurity,
        (SELECT string_agg(item::text, ',' ORDER BY item::text) FROM unnest(relacl) AS acl (item)))
    FROM relation
    UNION ALL
    SELECT relation.relnamespace, concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull,
        attidentity, attgenerated, attstorage, pg_get_expr(adbin, adrelid), attacl, col_description(relation.oid, attnum))
    FROM relation
    JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attname NOT LIKE 'tenantry\_q\_%' AND relkind <> 'i'
    UNION ALL
    SELECT relation.relnamespace, concat_ws(' ', 'constraint', relname, conname, pg_get_constraintdef(pg_constraint.oid), convalidated)
    FROM relation JOIN pg_constraint ON conrelid = relation.oid
    -- The server's own names of NOT NULL differ by what the column was called once.
    WHERE conname NOT LIKE 'tenantry\_q\_%' AND contype <> 'n'
    UNION ALL
    SELECT relation.relnamespace, concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid)
    FROM relation JOIN pg_index ON indexrelid = relation.oid
    UNION ALL
    SELECT relation.relnamespace, concat_ws(' ', 'view', relname, pg_get_viewdef(relation.oid))
    FROM relation WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT relation.relnamespace, concat_ws(' ', 'trigger', pg_get_triggerdef(pg_trigger.oid), tgenabled)
    FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
    UNION ALL
    SELECT relation.relnamespace, concat_ws(' ', 'policy', relname, polname, pg_get_expr(polqual, polrelid))
    FROM relation JOIN pg_policy ON polrelid = relation.oid
    UNION ALL
    SELECT pronamespace, concat_ws(' ', 'function', pg_get_functiondef(pg_proc.oid), proacl)
    FROM pg_proc JOIN tenant ON tenant.oid = pronamespace
    UNION ALL
    SELECT typnamespace, concat_ws(' ', 'type', typname, typtype, format_type(typbasetype, typtypmod),
        (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid),
        (SELECT string_agg(pg_get_constraintdef(pg_constraint.oid), ',') FROM pg_constraint WHERE contypid = pg_type.oid))
    FROM pg_type JOIN tenant ON tenant.oid = typnamespace
    WHERE typtype IN ('e', 'd')
    UNION ALL
    SELECT oid, concat_ws(' ', 'schema', obj_description(oid, 'pg_namespace')) FROM tenant
)
SELECT tenant.nspname, md5(string_agg(replace(replace(line.text, tenant.nspname || '.', ''), quote_ident(tenant.nspname) || '.', ''), E'\n' ORDER BY replace(line.text, tenant.nspname || '.', '')))
FROM line JOIN tenant ON tenant.oid = line.namespace
GROUP BY tenant.nspname
ORDER BY tenant.nspname;
