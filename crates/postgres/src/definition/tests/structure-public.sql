SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE TABLE public.users (
    id bigint DEFAULT nextval('public.users_id_seq'::regclass) NOT NULL,
    email public.citext NOT NULL,
    search text DEFAULT public.make_search('a'::public.citext)
);

CREATE SEQUENCE public.users_id_seq;
ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;

CREATE FUNCTION public.make_search(x public.citext) RETURNS text LANGUAGE sql
    AS $$ SELECT max(u.email::public.citext) FROM public.users u $$;

CREATE INDEX users_email ON public.users USING gin (email public.gin_trgm_ops);

CREATE TABLE public.schema_migrations (version character varying NOT NULL);

SELECT pg_catalog.setval('public.users_id_seq', 1, false);

SET search_path TO "$user", public;

INSERT INTO "schema_migrations" (version) VALUES
('20240101000000'),
('20240102000000');
INSERT INTO "schema_migrations" (version) VALUES ('20240103000000');
