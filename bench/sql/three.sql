ALTER TABLE invoice ADD COLUMN paid_at timestamptz;
CREATE INDEX invoice_paid_idx ON invoice (paid_at) WHERE paid_at IS NOT NULL;
COMMENT ON COLUMN invoice.paid_at IS 'When the bank confirmed it';
