ALTER TABLE invoices RENAME TO invoice;
ALTER TABLE invoice RENAME COLUMN total TO amount;
ALTER INDEX invoices_total_idx RENAME TO invoice_amount_idx;
ALTER TABLE invoice RENAME CONSTRAINT invoices_pkey TO invoice_pkey;
ALTER SEQUENCE invoices_id_seq RENAME TO invoice_id_seq;
