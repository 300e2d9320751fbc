ALTER TABLE invoice ADD COLUMN paid_at timestamp with time zone;
