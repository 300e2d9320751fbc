CREATE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT net * 1.19';
CREATE TABLE sale (net numeric);
CREATE INDEX sale_gross_idx ON sale (gross(net));
