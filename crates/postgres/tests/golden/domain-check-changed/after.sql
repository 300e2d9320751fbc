CREATE DOMAIN email AS text CHECK (VALUE LIKE '%_@_%');
CREATE TABLE member (email email);
