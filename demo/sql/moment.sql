-- What one statement sees at one moment: how many tenants have the next version; how many have some of it and not all;
-- of how many the ledger says something else. It reads tables and calls nothing: so it is all one snapshot.
WITH tenant AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname LIKE 'tenant\_%'
),
part AS (
    SELECT tenant.nspname,
        EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = tenant.oid AND c.relname = 'reminder') AS has_table,
        EXISTS (SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'paid_at'
            WHERE c.relnamespace = tenant.oid AND c.relname = 'invoice') AS has_column,
        NOT EXISTS (SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'fax'
            WHERE c.relnamespace = tenant.oid AND c.relname = 'contact') AS lacks_column,
        EXISTS (SELECT FROM pg_constraint AS k WHERE k.connamespace = tenant.oid AND k.conname = 'invoice_currency_known')
            AS has_constraint,
        EXISTS (SELECT FROM tenantry.tenant AS t WHERE t.schema = tenant.nspname AND t.revision =
            (SELECT revision FROM tenantry.event ORDER BY id DESC LIMIT 1)) AS told
    FROM tenant
)
SELECT
    count(*) FILTER (WHERE has_column),
    count(*) FILTER (WHERE (has_table, lacks_column, has_constraint) IS DISTINCT FROM (has_column, has_column, has_column)),
    count(*) FILTER (WHERE told <> has_column)
FROM part;
