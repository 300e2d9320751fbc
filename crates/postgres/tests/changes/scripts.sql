-- Definitions as people have them: before, a script of many steps; after, what it comes to. A plan between them is empty.

==== a history of migrations in order
CREATE TABLE IF NOT EXISTS users (id serial PRIMARY KEY, name varchar(100), email text);
CREATE TABLE IF NOT EXISTS users (id integer);
CREATE UNIQUE INDEX IF NOT EXISTS users_email ON users (email);
CREATE TABLE posts (id serial PRIMARY KEY, user_id integer REFERENCES users (id), body text, tmp integer);
ALTER TABLE posts ADD COLUMN created_at timestamp DEFAULT now() NOT NULL, ADD COLUMN IF NOT EXISTS title text;
ALTER TABLE posts DROP COLUMN tmp;
ALTER TABLE posts ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';
ALTER TABLE posts RENAME COLUMN body TO content;
ALTER TABLE posts RENAME TO articles;
ALTER INDEX posts_pkey RENAME TO articles_pkey;
ALTER SEQUENCE posts_id_seq RENAME TO articles_id_seq;
ALTER TABLE articles RENAME CONSTRAINT posts_user_id_fkey TO articles_user_id_fkey;
CREATE TYPE state AS ENUM ('draft');
ALTER TYPE state ADD VALUE 'live';
ALTER TYPE state ADD VALUE IF NOT EXISTS 'gone' AFTER 'draft';
ALTER TYPE state RENAME VALUE 'live' TO 'published';
ALTER TABLE articles ADD COLUMN state state;
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.created_at := now(); RETURN NEW; END $f$;
CREATE TRIGGER touch BEFORE UPDATE ON articles FOR EACH ROW EXECUTE PROCEDURE touch();
DROP TRIGGER IF EXISTS touch ON articles;
CREATE TRIGGER touch BEFORE INSERT ON articles FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW live AS SELECT id FROM articles;
CREATE OR REPLACE VIEW live AS SELECT id, title FROM articles;
DROP VIEW live;
CREATE VIEW live AS SELECT title, id FROM articles WHERE state IS NOT NULL;
CREATE TABLE gone (id integer); DROP TABLE gone; CREATE TABLE gone (id integer PRIMARY KEY); DROP TABLE IF EXISTS gone CASCADE;
ALTER TABLE users ALTER COLUMN name SET NOT NULL; ALTER TABLE users ALTER COLUMN name DROP NOT NULL;
ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '') NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT named;
ALTER TABLE users ALTER id TYPE bigint; ALTER SEQUENCE users_id_seq AS bigint;
ALTER TABLE articles ALTER user_id TYPE bigint;
COMMENT ON TABLE users IS 'first'; COMMENT ON TABLE users IS 'second'; COMMENT ON COLUMN users.name IS 'x'; COMMENT ON COLUMN users.name IS NULL;
GRANT ALL ON users TO app; REVOKE ALL ON users FROM app; GRANT SELECT, UPDATE ON users TO app; GRANT DELETE ON users TO app; REVOKE DELETE ON users FROM app;
CREATE TABLE schema_migrations (version varchar NOT NULL);
INSERT INTO schema_migrations (version) VALUES ('20240101'), ('20240102');
---- new
CREATE TYPE state AS ENUM ('draft', 'gone', 'published');
CREATE TABLE users (id bigserial PRIMARY KEY, name varchar(100) CONSTRAINT named CHECK (name <> ''), email text);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE TABLE articles (id serial PRIMARY KEY, user_id bigint REFERENCES users (id), content text, created_at timestamptz DEFAULT now() NOT NULL, title text, state state);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created_at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT ON articles FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW live AS SELECT title, id FROM articles WHERE state IS NOT NULL;
COMMENT ON TABLE users IS 'second';
CREATE TABLE schema_migrations (version varchar NOT NULL);
GRANT UPDATE, SELECT ON users TO app;

==== what Rails writes, with its settings and its tables
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE __TENANT__.ar_internal_metadata (key character varying NOT NULL, value character varying, created_at timestamp(6) without time zone NOT NULL);
CREATE TABLE __TENANT__.schema_migrations (version character varying NOT NULL);
CREATE TABLE __TENANT__.orders (id bigint NOT NULL, number character varying(20) DEFAULT ''::character varying NOT NULL, total numeric(10,2));
CREATE SEQUENCE __TENANT__.orders_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE __TENANT__.orders_id_seq OWNED BY __TENANT__.orders.id;
ALTER TABLE ONLY __TENANT__.orders ALTER COLUMN id SET DEFAULT nextval('__TENANT__.orders_id_seq'::regclass);
ALTER TABLE ONLY __TENANT__.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY __TENANT__.schema_migrations ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);
CREATE INDEX index_orders_on_number ON __TENANT__.orders USING btree (number);
SET search_path TO __TENANT__;
INSERT INTO "schema_migrations" (version) VALUES
('20240102'),
('20240101');
---- new
CREATE TABLE ar_internal_metadata (key varchar NOT NULL, value varchar, created_at timestamp(6) NOT NULL);
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
CREATE TABLE orders (id bigserial PRIMARY KEY, number varchar(20) NOT NULL DEFAULT '', total numeric(10, 2));
CREATE INDEX index_orders_on_number ON orders (number);

==== what Prisma writes
-- CreateEnum
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');

-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateTable
CREATE TABLE "_Friends" ("A" TEXT NOT NULL, "B" TEXT NOT NULL);
CREATE UNIQUE INDEX "_Friends_AB_unique" ON "_Friends"("A", "B");
-- AddForeignKey
ALTER TABLE "_Friends" ADD CONSTRAINT "_Friends_A_fkey" FOREIGN KEY ("A") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

/*
  Warnings:

  - You are about to drop the column `role` on the `User` table. All the data in the column will be lost.

*/
-- AlterEnum
CREATE TYPE "Role_new" AS ENUM ('USER', 'OWNER');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';
-- AlterTable
ALTER TABLE "_Friends" ADD CONSTRAINT "_Friends_AB_pkey" PRIMARY KEY ("A", "B");
-- DropIndex
DROP INDEX "_Friends_AB_unique";
---- new
CREATE TYPE "Role" AS ENUM ('USER', 'OWNER');
CREATE TABLE "User" (id text CONSTRAINT "User_pkey" PRIMARY KEY, email text NOT NULL, role "Role" NOT NULL DEFAULT 'USER', "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, tags text[] DEFAULT ARRAY[]::text[]);
CREATE UNIQUE INDEX "User_email_key" ON "User" (email);
CREATE TABLE "_Friends" ("A" text NOT NULL CONSTRAINT "_Friends_A_fkey" REFERENCES "User" ON DELETE CASCADE ON UPDATE CASCADE, "B" text NOT NULL, CONSTRAINT "_Friends_AB_pkey" PRIMARY KEY ("A", "B"));

==== what Django writes, deferred keys and like indexes
CREATE TABLE "auth_user" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "username" varchar(150) NOT NULL UNIQUE, "is_active" boolean NOT NULL);
CREATE TABLE "auth_user_groups" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "user_id" integer NOT NULL);
CREATE INDEX "auth_user_username_6821ab7c_like" ON "auth_user" ("username" varchar_pattern_ops);
ALTER TABLE "auth_user_groups" ADD CONSTRAINT "auth_user_groups_user_id_6a12ed8b_fk_auth_user_id" FOREIGN KEY ("user_id") REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "auth_user" ADD COLUMN "last_name" varchar(30) DEFAULT '' NOT NULL;
ALTER TABLE "auth_user" ALTER COLUMN "last_name" DROP DEFAULT;
ALTER TABLE "auth_user" ALTER COLUMN "last_name" TYPE varchar(150);
ALTER TABLE "auth_user_groups" DROP CONSTRAINT "auth_user_groups_user_id_6a12ed8b_fk_auth_user_id";
ALTER TABLE "auth_user" ALTER COLUMN "id" TYPE bigint;
ALTER TABLE "auth_user_groups" ALTER COLUMN "user_id" TYPE bigint USING "user_id"::bigint;
ALTER TABLE "auth_user_groups" ADD CONSTRAINT "auth_user_groups_user_id_6a12ed8b_fk" FOREIGN KEY ("user_id") REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED;
---- new
CREATE TABLE auth_user (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, username varchar(150) NOT NULL UNIQUE, is_active boolean NOT NULL, last_name varchar(150) NOT NULL);
CREATE TABLE auth_user_groups (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, user_id bigint NOT NULL CONSTRAINT auth_user_groups_user_id_6a12ed8b_fk REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX auth_user_username_6821ab7c_like ON auth_user (username varchar_pattern_ops);

==== hostile comments and quoting
/* a /* nested; comment */ with a ; and 'quotes' and $$ */
CREATE TABLE t (a text DEFAULT 'it''s; --', b text DEFAULT E'\\\'', c text DEFAULT $q$;$q$, d text DEFAULT U&'\0041', "e;""f" integer /* ; */ -- ; '
);
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $a$ BEGIN RETURN $b$ it's ; $b$ || '$a'; /* $$ ; */ END; $a$; -- the end
COMMENT ON FUNCTION f() IS 'a;b'; ;;
CREATE RULE r AS ON DELETE TO t DO ALSO (INSERT INTO t (a) VALUES ('x'); INSERT INTO t (a) VALUES ('y'););
CREATE FUNCTION g(x integer) RETURNS integer LANGUAGE sql AS 'SELECT 1; SELECT $1;';
---- new
CREATE TABLE t (a text DEFAULT 'it''s; --', b text DEFAULT E'\\''', c text DEFAULT ';', d text DEFAULT 'A', "e;""f" integer);
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $a$ BEGIN RETURN $b$ it's ; $b$ || '$a'; /* $$ ; */ END; $a$;
COMMENT ON FUNCTION f() IS 'a;b';
CREATE RULE r AS ON DELETE TO t DO ALSO (INSERT INTO t (a) VALUES ('x'); INSERT INTO t (a) VALUES ('y'));
CREATE FUNCTION g(x integer) RETURNS integer LANGUAGE sql AS 'SELECT 1; SELECT $1;';
