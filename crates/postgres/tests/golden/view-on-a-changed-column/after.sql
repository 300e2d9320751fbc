CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(14,2) NOT NULL,
    fax text
);
CREATE VIEW totals AS SELECT id, total FROM invoice;
CREATE VIEW large AS SELECT id FROM totals WHERE total > 100;
