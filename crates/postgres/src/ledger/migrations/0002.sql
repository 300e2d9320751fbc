-- The second layout: a tenant that left may have its schema renamed aside.

-- What the schema is called meanwhile; its own name is in "schema", and its oid stays the same.
ALTER TABLE __LEDGER__.tenant ADD COLUMN aside text;
-- A tenant may leave before it got any revision.
ALTER TABLE __LEDGER__.event ALTER COLUMN revision DROP NOT NULL;
