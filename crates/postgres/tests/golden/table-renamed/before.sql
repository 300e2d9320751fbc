CREATE TABLE invoices (
    id bigserial PRIMARY KEY,
    total numeric NOT NULL
);
CREATE TABLE line (
    invoice_id bigint NOT NULL REFERENCES invoices (id),
    note text
);
CREATE INDEX invoices_total_idx ON invoices (total);
CREATE VIEW dear AS SELECT id FROM invoices WHERE total > 100;
