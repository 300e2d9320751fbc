ALTER TABLE invoice ADD COLUMN state text DEFAULT 'open'::text NOT NULL;
