ALTER TABLE invoice ALTER COLUMN total TYPE numeric(14,2);
