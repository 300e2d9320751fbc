CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(10,2) NOT NULL,
    fax text
);
ALTER TABLE invoice ADD CONSTRAINT invoice_total_check CHECK (total >= 0);
