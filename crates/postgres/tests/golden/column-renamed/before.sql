CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    fax text CHECK (fax <> ''),
    total numeric NOT NULL
);
CREATE INDEX invoice_fax_idx ON invoice (lower(fax));
CREATE VIEW reachable AS SELECT id, fax AS number FROM invoice WHERE fax IS NOT NULL;
COMMENT ON COLUMN invoice.fax IS 'as they wrote it';
