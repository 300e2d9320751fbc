-- Five people, five ways to leave the definition; the first way twice.
CREATE INDEX invoice_total_idx ON tenant_globex.invoice (total);
CREATE INDEX invoice_total_idx ON tenant_hooli.invoice (total);
ALTER TABLE tenant_initech.account ALTER COLUMN name TYPE varchar(100);
DROP TRIGGER member_touch ON tenant_umbrella.member;
CREATE OR REPLACE FUNCTION tenant_stark.slug(title text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT upper(title) $$;
GRANT DELETE ON tenant_wayne.invoice_open TO demo_report;
