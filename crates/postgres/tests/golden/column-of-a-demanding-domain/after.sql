CREATE DOMAIN percent AS integer CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN share AS percent NOT NULL;
CREATE DOMAIN count AS integer NOT NULL DEFAULT 0;
CREATE TABLE item (
    id integer PRIMARY KEY,
    share share,
    given share DEFAULT 1,
    sold count,
    other percent[]
);
