ALTER TABLE invoice RENAME COLUMN fax TO fax_number;
ALTER INDEX invoice_fax_idx RENAME TO invoice_fax_number_idx;
ALTER TABLE invoice RENAME CONSTRAINT invoice_fax_check TO invoice_fax_number_check;
ALTER TABLE invoice ALTER COLUMN total TYPE numeric(12,2);
