-- What of the schema :old survives into :new, and the statements that read it: of each column the values, cast to the type
-- that the column has in :new; of each sequence where it is. What is computed is left out.
SELECT json_build_array(
    t.relname,
    a.attname,
    a.atttypid = b.atttypid OR format_type(a.atttypid, a.atttypmod) = format_type(b.atttypid, b.atttypmod)
        OR ta.typnamespace = t.relnamespace AND tb.typnamespace = s.relnamespace AND ta.typname = tb.typname,
    format(
        'SELECT json_build_array(%L, %L, (SELECT json_agg(v ORDER BY v) FROM (SELECT (%I)%s::text AS v FROM ONLY %I.%I) r))',
        t.relname, a.attname, a.attname,
        CASE WHEN format_type(a.atttypid, a.atttypmod) <> format_type(b.atttypid, b.atttypmod) AND tb.typnamespace = 'pg_catalog'::regnamespace
             THEN '::' || format_type(b.atttypid, b.atttypmod) ELSE '' END,
        :'old', t.relname
    ),
    format(
        'SELECT json_build_array(%L, %L, (SELECT json_agg(v ORDER BY v) FROM (SELECT (%I)::text AS v FROM ONLY %I.%I) r))',
        t.relname, a.attname, a.attname, :'old', t.relname
    )
)
FROM pg_class t
JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = :'old'
JOIN pg_namespace m ON m.nspname = :'new'
JOIN pg_class s ON s.relnamespace = m.oid AND s.relname = t.relname AND s.relkind = 'r'
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
JOIN pg_attribute b ON b.attrelid = s.oid AND b.attname = a.attname AND NOT b.attisdropped AND b.attgenerated = ''
JOIN pg_type ta ON ta.oid = a.atttypid
JOIN pg_type tb ON tb.oid = b.atttypid
WHERE t.relkind = 'r'
UNION ALL
SELECT json_build_array(
    t.relname, '', true,
    format('SELECT json_build_array(%L, '''', json_build_array(last_value, is_called)) FROM %I.%I', t.relname, :'old', t.relname),
    format('SELECT json_build_array(%L, '''', json_build_array(last_value, is_called)) FROM %I.%I', t.relname, :'old', t.relname)
)
FROM pg_class t
JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = :'old'
JOIN pg_namespace m ON m.nspname = :'new'
JOIN pg_class s ON s.relnamespace = m.oid AND s.relname = t.relname AND s.relkind = 'S'
WHERE t.relkind = 'S';
