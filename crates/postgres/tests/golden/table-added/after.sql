CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(10,2) NOT NULL,
    fax text
);
CREATE TABLE line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    invoice_id bigint NOT NULL REFERENCES invoice ON DELETE CASCADE,
    amount numeric(10,2) NOT NULL DEFAULT 0 CHECK (amount > 0)
);
CREATE INDEX line_invoice_idx ON line (invoice_id);
COMMENT ON TABLE line IS 'What is billed';
