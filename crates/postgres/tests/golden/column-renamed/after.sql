CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    fax_number text CHECK (fax_number <> ''),
    total numeric(12, 2) NOT NULL
);
CREATE INDEX invoice_fax_number_idx ON invoice (lower(fax_number));
CREATE VIEW reachable AS SELECT id, fax_number AS number FROM invoice WHERE fax_number IS NOT NULL;
COMMENT ON COLUMN invoice.fax_number IS 'as they wrote it';
