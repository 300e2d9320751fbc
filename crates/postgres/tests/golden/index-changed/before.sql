CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(10,2) NOT NULL,
    fax text
);
CREATE INDEX invoice_total_idx ON invoice (total);
