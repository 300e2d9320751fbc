CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(10,2) NOT NULL,
    fax text
);
ALTER TABLE invoice ADD CONSTRAINT invoice_fax_key UNIQUE (fax);
