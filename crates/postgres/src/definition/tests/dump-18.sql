--
-- PostgreSQL database dump
--

\restrict aYz3'Q"k

-- Dumped from database version 18.1
-- Dumped by pg_dump version 18.1

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: acme; Type: SCHEMA; Schema: -; Owner: owner
--

CREATE SCHEMA acme;


ALTER SCHEMA acme OWNER TO owner;

CREATE TYPE acme.mood AS ENUM (
    'sad',
    'ok'
);


ALTER TYPE acme.mood OWNER TO owner;

CREATE FUNCTION acme.touch() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'acme', 'pg_temp'
    AS $$
BEGIN
  UPDATE acme.inv SET m = 'ok'::acme.mood WHERE inv.id = NEW.id;
  RETURN NEW;
END $$;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE acme.inv (
    id bigint NOT NULL,
    m acme.mood DEFAULT 'sad'::acme.mood NOT NULL,
    email public.citext,
    customer bigint,
    CONSTRAINT inv_check CHECK ((acme.positive(id) AND (m <> 'ok'::acme.mood)))
)
PARTITION BY HASH (id);


ALTER TABLE acme.inv ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME acme.inv_id_seq
    START WITH 1
    CACHE 1
);

CREATE TABLE acme.inv_0 (
    id bigint NOT NULL
);

CREATE SEQUENCE acme.legacy_seq
    AS integer
    START WITH 1;

ALTER SEQUENCE acme.legacy_seq OWNED BY acme.inv_0.id;

ALTER TABLE ONLY acme.inv ATTACH PARTITION acme.inv_0 FOR VALUES WITH (modulus 1, remainder 0);

ALTER TABLE ONLY acme.inv_0 ALTER COLUMN id SET DEFAULT nextval('acme.legacy_seq'::regclass);

CREATE VIEW acme.v AS
 SELECT inv.id,
    acme.positive(inv.id) AS p
   FROM (acme.inv
     JOIN public.customer ON ((customer.id = inv.customer)));

ALTER TABLE ONLY acme.inv
    ADD CONSTRAINT inv_pkey PRIMARY KEY (id);

CREATE INDEX inv_idx ON ONLY acme.inv USING btree (m);

ALTER INDEX acme.inv_idx ATTACH PARTITION acme.inv_0_m_idx;

CREATE TRIGGER touch AFTER INSERT ON acme.inv FOR EACH ROW EXECUTE FUNCTION acme.touch();

ALTER TABLE ONLY acme.inv
    ADD CONSTRAINT inv_fk FOREIGN KEY (customer) REFERENCES public.customer(id) ON DELETE CASCADE;

CREATE POLICY p ON acme.inv USING ((m = 'ok'::acme.mood));

ALTER TABLE acme.inv ENABLE ROW LEVEL SECURITY;

COMMENT ON COLUMN acme.inv.m IS 'acme.inv is not named here';

GRANT USAGE ON SCHEMA acme TO app;

GRANT SELECT ON TABLE acme.inv TO app;

ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA acme GRANT SELECT ON TABLES TO app;

--
-- PostgreSQL database dump complete
--

\unrestrict aYz3'Q"k

