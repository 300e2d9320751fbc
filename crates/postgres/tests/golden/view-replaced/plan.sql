CREATE OR REPLACE VIEW totals AS
SELECT invoice.id,
    invoice.total,
    invoice.fax
   FROM invoice;
