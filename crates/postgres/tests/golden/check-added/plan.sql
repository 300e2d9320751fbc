ALTER TABLE invoice ADD CONSTRAINT invoice_total_check CHECK ((total >= (0)::numeric));
