-- The schema of one customer of a small invoicing product: what each tenant
-- has. Names are unqualified; what all tenants share stands in public.

COMMENT ON SCHEMA __TENANT__ IS 'One customer of the invoicing product';
GRANT USAGE ON SCHEMA __TENANT__ TO demo_app, demo_report;

CREATE TYPE member_role AS ENUM ('owner', 'admin', 'clerk', 'viewer');
CREATE TYPE invoice_state AS ENUM ('draft', 'sent', 'reminded', 'paid', 'void');
CREATE TYPE address AS (street text, zip text, city text, country char(2));

CREATE DOMAIN email AS text
    CONSTRAINT email_shape CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$');
CREATE DOMAIN money_amount AS numeric(14, 2)
    CONSTRAINT money_not_negative CHECK (VALUE >= 0);

CREATE SEQUENCE invoice_number AS bigint START WITH 1000;

CREATE FUNCTION touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE FUNCTION slug(title text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT lower(regexp_replace(title, '[^[:alnum:]]+', '-', 'g')) $$;

CREATE TABLE account (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id integer NOT NULL REFERENCES public.plan (id),
    name text NOT NULL,
    billing address,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE account IS 'The customer''s own companies';
COMMENT ON COLUMN account.plan_id IS 'What the company pays for; plans are shared by all tenants';

CREATE TABLE member (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    email email NOT NULL,
    name text NOT NULL,
    role member_role NOT NULL DEFAULT 'viewer',
    disabled boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX member_email_key ON member (account_id, lower(email));
CREATE INDEX member_active_idx ON member (account_id) WHERE NOT disabled;

CREATE TABLE contact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (id),
    name text NOT NULL,
    email email,
    address address,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple', name)) STORED
);
CREATE INDEX contact_search_idx ON contact USING gin (search);
CREATE INDEX contact_slug_idx ON contact (slug(name));

CREATE TABLE product (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL CONSTRAINT product_sku_key UNIQUE,
    name text NOT NULL,
    price money_amount NOT NULL,
    attributes jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX product_attributes_idx ON product USING gin (attributes jsonb_path_ops);

CREATE TABLE product_price (
    product_id bigint NOT NULL REFERENCES product (id),
    valid daterange NOT NULL,
    price money_amount NOT NULL,
    PRIMARY KEY (product_id, valid)
);

CREATE TABLE invoice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint NOT NULL DEFAULT nextval('invoice_number'),
    account_id bigint NOT NULL REFERENCES account (id),
    contact_id bigint NOT NULL REFERENCES contact (id),
    state invoice_state NOT NULL DEFAULT 'draft',
    currency char(3) NOT NULL DEFAULT 'EUR',
    total money_amount NOT NULL DEFAULT 0,
    issued_on date,
    due_on date,
    note varchar(500),
    paid_at timestamptz,
    CONSTRAINT invoice_number_key UNIQUE (number),
    CONSTRAINT invoice_due_after_issue CHECK (due_on IS NULL OR due_on >= issued_on),
    CONSTRAINT invoice_currency_known CHECK (currency IN ('EUR', 'USD', 'CHF', 'GBP'))
);
CREATE INDEX invoice_open_idx ON invoice (account_id, due_on) WHERE state = 'sent';
CREATE INDEX invoice_paid_idx ON invoice (paid_at) WHERE paid_at IS NOT NULL;
COMMENT ON COLUMN invoice.paid_at IS 'When the bank confirmed it';

CREATE TABLE invoice_line (
    invoice_id bigint NOT NULL REFERENCES invoice (id) ON DELETE CASCADE,
    position smallint NOT NULL,
    product_id bigint REFERENCES product (id) ON DELETE SET NULL,
    title text NOT NULL,
    quantity numeric(10, 3) NOT NULL DEFAULT 1,
    price money_amount NOT NULL,
    amount numeric GENERATED ALWAYS AS (quantity * price) STORED,
    PRIMARY KEY (invoice_id, position)
);

CREATE TABLE payment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invoice_id bigint NOT NULL REFERENCES invoice (id),
    amount money_amount NOT NULL,
    reference text,
    received_on date NOT NULL DEFAULT CURRENT_DATE
);
CREATE INDEX payment_invoice_idx ON payment (invoice_id);

CREATE TABLE project (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id bigint REFERENCES project (id),
    account_id bigint NOT NULL REFERENCES account (id),
    title text NOT NULL,
    closed_at timestamptz
);

CREATE TABLE time_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES project (id),
    member_id bigint NOT NULL REFERENCES member (id),
    during tstzrange NOT NULL,
    billable boolean NOT NULL DEFAULT true
);

CREATE TABLE attachment (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    invoice_id bigint NOT NULL REFERENCES invoice (id) ON DELETE CASCADE,
    name text NOT NULL,
    content bytea
);
ALTER TABLE attachment ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE reminder (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invoice_id bigint NOT NULL REFERENCES invoice (id) ON DELETE CASCADE,
    sent_at timestamptz NOT NULL DEFAULT now(),
    level smallint NOT NULL DEFAULT 1 CHECK (level BETWEEN 1 AND 3)
);
CREATE INDEX reminder_invoice_idx ON reminder (invoice_id);

CREATE TABLE setting (
    key text PRIMARY KEY,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    member_id bigint,
    action text NOT NULL,
    detail jsonb,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE audit_log_2026 PARTITION OF audit_log
    FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');
CREATE TABLE audit_log_rest PARTITION OF audit_log DEFAULT;
CREATE INDEX audit_log_action_idx ON audit_log (action, at);

CREATE VIEW invoice_open AS
    SELECT i.id, i.number, i.account_id, c.name AS contact, i.total, i.due_on, i.currency
    FROM invoice i
    JOIN contact c ON c.id = i.contact_id
    WHERE i.state = 'sent';

CREATE VIEW invoice_overdue AS
    SELECT o.number, o.contact, o.total, CURRENT_DATE - o.due_on AS days
    FROM invoice_open o
    WHERE o.due_on < CURRENT_DATE;

CREATE MATERIALIZED VIEW revenue AS
    SELECT date_trunc('month', p.received_on::timestamp) AS month, sum(p.amount) AS amount
    FROM payment p
    GROUP BY 1;
CREATE UNIQUE INDEX revenue_month_key ON revenue (month);

CREATE FUNCTION invoice_paid(invoice bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT COALESCE(sum(p.amount), 0) >= (SELECT i.total FROM invoice i WHERE i.id = invoice_paid.invoice)
    FROM payment p
    WHERE p.invoice_id = invoice_paid.invoice
$$;

CREATE TRIGGER account_touch BEFORE UPDATE ON account
    FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER member_touch BEFORE UPDATE ON member
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
CREATE TRIGGER setting_touch BEFORE UPDATE ON setting
    FOR EACH ROW EXECUTE FUNCTION touch();

ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
CREATE POLICY payment_of_account ON payment
    USING (EXISTS (
        SELECT FROM invoice i
        WHERE i.id = payment.invoice_id
          AND i.account_id = current_setting('app.account', true)::bigint
    ));

GRANT SELECT, INSERT, UPDATE, DELETE ON
    account, member, contact, product, product_price, invoice, invoice_line, payment, project, time_entry,
    attachment, reminder, setting, audit_log TO demo_app;
GRANT USAGE ON SEQUENCE invoice_number TO demo_app;
GRANT SELECT ON invoice_open, invoice_overdue, revenue TO demo_report;
GRANT SELECT (id, name) ON contact TO demo_report;
REVOKE ALL ON FUNCTION invoice_paid(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION invoice_paid(bigint) TO demo_app;

COMMENT ON VIEW invoice_overdue IS 'What to ask for first';
COMMENT ON INDEX invoice_open_idx IS 'The list that everybody opens in the morning';
COMMENT ON FUNCTION invoice_paid(bigint) IS 'Whether enough was received';
