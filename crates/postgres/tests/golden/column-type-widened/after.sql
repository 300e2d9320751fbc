CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(14,2) NOT NULL,
    fax text
);
