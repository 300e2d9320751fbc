CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE member (email email);
