-- Whether there is a ledger that may be read. $1: the schema's name.
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_namespace AS namespace
    JOIN pg_catalog.pg_class AS class ON class.relnamespace = namespace.oid
    JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
    WHERE namespace.nspname = $1::name
      AND class.relname = 'layout'
      AND attribute.attname = 'oldest_writer'
      AND has_schema_privilege(namespace.oid, 'USAGE')
      AND has_table_privilege(class.oid, 'SELECT')
)
