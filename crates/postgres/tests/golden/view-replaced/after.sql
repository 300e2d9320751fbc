CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(10,2) NOT NULL,
    fax text
);
CREATE VIEW totals AS SELECT id, total, fax FROM invoice;
