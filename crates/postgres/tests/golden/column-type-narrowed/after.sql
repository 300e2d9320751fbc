CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    total numeric(10,0) NOT NULL,
    fax text
);
