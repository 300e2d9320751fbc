CREATE TYPE state AS ENUM ('open', 'paid', 'gone');
CREATE TYPE money_pair AS (amount numeric(12,2), currency text);
CREATE DOMAIN email_text AS text CONSTRAINT email_text_check CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE number_seq START 1000;
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL,
    number bigint DEFAULT nextval('number_seq'::regclass),
    tags text[] DEFAULT '{}'::text[],
    PRIMARY KEY (email)
);
CREATE TABLE invoice (
    id serial PRIMARY KEY,
    customer text NOT NULL REFERENCES customer ON DELETE CASCADE,
    state state DEFAULT 'open' NOT NULL,
    total numeric(12,2) CONSTRAINT invoice_total_check CHECK (total >= 0),
    net numeric GENERATED ALWAYS AS (total / 1.2) STORED,
    "Weird; name" text DEFAULT 'a;b''c'
);
CREATE UNIQUE INDEX invoice_open_idx ON invoice (customer, lower("Weird; name") DESC) WHERE state = 'open';
CREATE STATISTICS invoice_stat (ndistinct) ON customer, state FROM invoice;
CREATE TABLE event (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE base (a int);
CREATE TABLE derived (b int) INHERITS (base);
CREATE VIEW open_invoice WITH (security_barrier) AS
    SELECT i.id, c.email, CASE WHEN i.total > 100 THEN 'large' ELSE 'small' END AS size
    FROM invoice i JOIN customer c ON c.email = i.customer WHERE i.state = 'open'::state;
CREATE MATERIALIZED VIEW total AS SELECT customer, sum(total) AS total FROM invoice GROUP BY customer WITH NO DATA;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SET search_path = __TENANT__, pg_temp AS $body$
BEGIN
    -- a comment; with 'a quote
    INSERT INTO __TENANT__.event VALUES (now(), $$touched; $$);
    RETURN NEW;
END
$body$;
CREATE FUNCTION add(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE PROCEDURE tidy() LANGUAGE sql AS $$ DELETE FROM event $$;
CREATE AGGREGATE total_of(integer) (SFUNC = add, STYPE = integer, INITCOND = '0');
CREATE TRIGGER touch BEFORE UPDATE ON invoice FOR EACH ROW WHEN (OLD.total IS DISTINCT FROM NEW.total) EXECUTE FUNCTION touch();
CREATE RULE keep AS ON DELETE TO base DO INSTEAD (INSERT INTO derived VALUES (1, 2); SELECT 1);
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON customer FOR SELECT TO app USING (email = current_user);
COMMENT ON TABLE invoice IS 'What is owed; ''really''';
COMMENT ON COLUMN invoice.total IS 'With tax';
COMMENT ON SCHEMA __TENANT__ IS 'A tenant';
GRANT USAGE ON SCHEMA __TENANT__ TO app;
GRANT SELECT, INSERT ON invoice TO app WITH GRANT OPTION;
GRANT SELECT (email) ON customer TO auditor;
REVOKE EXECUTE ON FUNCTION add FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT SELECT ON TABLES TO auditor;
