ALTER TABLE invoice ADD CONSTRAINT invoice_fax_key UNIQUE (fax);
