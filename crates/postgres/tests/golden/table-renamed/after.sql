CREATE TABLE invoice (
    id bigserial PRIMARY KEY,
    amount numeric NOT NULL
);
CREATE TABLE line (
    invoice_id bigint NOT NULL REFERENCES invoice (id),
    note text
);
CREATE INDEX invoice_amount_idx ON invoice (amount);
CREATE VIEW dear AS SELECT id FROM invoice WHERE amount > 100;
