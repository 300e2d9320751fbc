--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET client_min_messages = warning;
SET row_security = off;

SET search_path = acme, pg_catalog;

ALTER TABLE ONLY acme.child DROP CONSTRAINT child_fk;
DROP TABLE acme.child;
DROP TABLE acme.parent;
DROP SCHEMA acme;
--
-- Name: acme; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA acme;

SET search_path = acme, pg_catalog;

SET default_tablespace = '';

SET default_with_oids = false;

CREATE TABLE parent (
    id integer NOT NULL,
    at timestamp with time zone DEFAULT now()
);


ALTER TABLE parent OWNER TO owner;

CREATE TABLE child (
    parent integer DEFAULT nextval('parent_seq'::regclass)
);

ALTER TABLE ONLY child
    ADD CONSTRAINT child_fk FOREIGN KEY (parent) REFERENCES parent(id);

REVOKE ALL ON SCHEMA acme FROM PUBLIC;
GRANT ALL ON TABLE parent TO app;
