-- One of each that people put into a schema file. The last one runs to the end.
CREATE TABLE invoice (id bigint);
BEGIN;
INSERT INTO invoice (id) VALUES (1), (2);
UPDATE invoice SET id = 3;
SELECT count(*) FROM invoice;
DO $$ BEGIN PERFORM 1; END $$;
CALL fill();
CREATE TABLE copy AS SELECT * FROM invoice;
SELECT * INTO copy FROM invoice;
CREATE TEMPORARY TABLE scratch (x int);
CREATE DATABASE other;
CREATE ROLE app PASSWORD 'secret';
GRANT admin TO app;
CREATE TABLESPACE fast LOCATION '/fast';
CREATE CAST (a AS b) WITH FUNCTION f(a);
CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();
CREATE PUBLICATION p FOR ALL TABLES;
VACUUM invoice;
LOCK TABLE invoice;
SET ROLE admin;
SET timezone = 'UTC';
SET default_with_oids = true;
\i other.sql
\connect app
ALTER TABLE invoice SET SCHEMA archive;
ALTER TABLE invoice ADD note text, OWNER TO admin;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app;
ALTER SCHEMA acme RENAME TO acme_old;
CREATE SCHEMA acme CREATE TABLE t ();
DROP TABLE customer;
ALTER TABLE public.customer ADD tier text;
CREATE TABLE billing.plan (id int);
CREATE TABLE billing.price (id int);
CREAT TABLE typo (id int);
	CREATE TABLE tabbed (a text DEFAULT '__TENANT__');
COMMIT;
COPY invoice (id) FROM stdin;
4
\.
COMMENT ON TABLE invoice IS 'not closed;
CREATE TABLE never_read ();
