DROP VIEW large;
DROP VIEW totals;
ALTER TABLE invoice ALTER COLUMN total TYPE numeric(14,2);
CREATE VIEW totals AS
SELECT invoice.id,
    invoice.total
   FROM invoice;
CREATE VIEW large AS
SELECT totals.id
   FROM totals
  WHERE (totals.total > (100)::numeric);
