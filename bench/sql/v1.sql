-- Ten tables of a product, as each tenant has them.
CREATE TYPE state AS ENUM ('open', 'done', 'void');
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE member (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES account (id), email text NOT NULL UNIQUE);
CREATE TABLE contact (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES account (id), name text NOT NULL, city text);
CREATE TABLE product (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku text NOT NULL UNIQUE, price numeric(12, 2) NOT NULL CHECK (price >= 0));
CREATE TABLE invoice (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contact (id), state state NOT NULL DEFAULT 'open', total numeric(12, 2) NOT NULL DEFAULT 0, due_on date);
CREATE INDEX invoice_open_idx ON invoice (due_on) WHERE state = 'open';
CREATE TABLE invoice_line (invoice_id bigint NOT NULL REFERENCES invoice (id) ON DELETE CASCADE, position integer NOT NULL, product_id bigint REFERENCES product (id), quantity numeric NOT NULL, PRIMARY KEY (invoice_id, position));
CREATE TABLE payment (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoice (id), amount numeric(12, 2) NOT NULL);
CREATE TABLE note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id bigint NOT NULL REFERENCES contact (id), body text NOT NULL);
CREATE TABLE setting (key text PRIMARY KEY, value jsonb NOT NULL);
CREATE TABLE audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), action text NOT NULL);
CREATE INDEX audit_at_idx ON audit (at);
CREATE VIEW invoice_open AS SELECT i.id, c.name, i.total FROM invoice i JOIN contact c ON c.id = i.contact_id WHERE i.state = 'open';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER setting_touch BEFORE UPDATE ON setting FOR EACH ROW EXECUTE FUNCTION touch();
