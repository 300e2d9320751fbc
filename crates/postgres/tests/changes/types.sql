-- Domains, composite types, ranges and collations, and what rests on them.

==== a domain gets another base type under columns, arrays, indexes, functions, views and a domain over it
CREATE DOMAIN code AS varchar(5) NOT NULL DEFAULT 'x' CONSTRAINT short CHECK (length(VALUE) < 5);
CREATE DOMAIN sub AS code CHECK (VALUE <> 'zz');
CREATE TABLE t (id integer PRIMARY KEY, c code, d sub, e code[]);
CREATE INDEX t_c ON t (c); CREATE UNIQUE INDEX t_l ON t (lower(c::text));
CREATE FUNCTION f(x code) RETURNS code LANGUAGE sql IMMUTABLE AS $$ SELECT x $$;
CREATE VIEW v AS SELECT c, f(c) AS g FROM t; COMMENT ON DOMAIN code IS 'code'; GRANT USAGE ON TYPE code TO app;
---- new
CREATE DOMAIN code AS text NOT NULL DEFAULT 'y' CONSTRAINT short CHECK (length(VALUE) < 6);
CREATE DOMAIN sub AS code CHECK (VALUE <> 'zz');
CREATE TABLE t (id integer PRIMARY KEY, c code, d sub, e code[]);
CREATE INDEX t_c ON t (c); CREATE UNIQUE INDEX t_l ON t (lower(c::text));
CREATE FUNCTION f(x code) RETURNS code LANGUAGE sql IMMUTABLE AS $$ SELECT x $$;
CREATE VIEW v AS SELECT c, f(c) AS g FROM t; COMMENT ON DOMAIN code IS 'code'; GRANT USAGE ON TYPE code TO app;
---- rows
INSERT INTO t VALUES (1, 'a', 'b', '{c,d}'), (2, 'bb', 'c', '{}');
---- rows of new
INSERT INTO t VALUES (1, 'a', 'b', '{c,d}'), (2, 'bb', 'c', '{}');

==== a domain's checks and NOT NULL change where arrays hold it, with a default, a view, an index, a check and a partition
CREATE DOMAIN pos AS integer CHECK (VALUE > 0);
CREATE DOMAIN sub AS pos CHECK (VALUE < 100);
CREATE TABLE t (a pos[] DEFAULT '{1}', b sub[], c pos, g integer GENERATED ALWAYS AS (a[1] + 1) STORED, CHECK (a[1] > 0)) PARTITION BY RANGE (c);
CREATE TABLE t1 PARTITION OF t DEFAULT; ALTER TABLE t1 ALTER a SET STORAGE EXTERNAL; ALTER TABLE t ALTER b SET STORAGE MAIN;
CREATE INDEX t_a ON t (a); CREATE VIEW v AS SELECT a, a[1] + 1 AS n FROM t; COMMENT ON COLUMN t.a IS 'a';
---- new
CREATE FUNCTION ok(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 1 $$;
CREATE DOMAIN pos AS integer NOT NULL CHECK (VALUE > 1) CONSTRAINT more CHECK (ok(VALUE));
CREATE DOMAIN sub AS pos CHECK (VALUE < 200);
CREATE TABLE t (a pos[] DEFAULT '{2}', b sub[], c pos, g integer GENERATED ALWAYS AS (a[1] + 1) STORED, CHECK (a[1] > 0)) PARTITION BY RANGE (c);
CREATE TABLE t1 PARTITION OF t DEFAULT; ALTER TABLE t1 ALTER a SET STORAGE EXTERNAL; ALTER TABLE t ALTER b SET STORAGE MAIN;
CREATE INDEX t_a ON t (a); CREATE VIEW v AS SELECT a, a[1] + 1 AS n FROM t; COMMENT ON COLUMN t.a IS 'a';
---- rows
INSERT INTO t VALUES ('{2,3}', '{{4,5},{6,7}}', 8);
---- rows of new
INSERT INTO t VALUES ('{2,3}', '{{4,5},{6,7}}', 8);

==== a composite type in arrays: attributes go, get other types, and come, with values (refused in reverse)
CREATE TYPE part AS (a integer, gone text, b numeric(6,2), c text);
CREATE TABLE t (id integer, p part[] DEFAULT '{}', q part); CREATE VIEW v AS SELECT p, q FROM t;
---- new
CREATE TYPE part AS (a bigint, b numeric(8,2), c varchar(9), d date);
CREATE TABLE t (id integer, p part[] DEFAULT '{}', q part); CREATE VIEW v AS SELECT p, q FROM t;
---- rows
INSERT INTO t VALUES (1, ARRAY[ROW(1, 'g', 2.5, '''"q,(x)')::part, NULL, ROW(NULL, NULL, NULL, '')::part], ROW(1, 'g', 3, 'c'));
---- rows of new
INSERT INTO t VALUES (1, ARRAY[ROW(1, 2.5, 'c', '2024-01-01')::part, NULL], ROW(1, 3, 'c', NULL));

==== how values are stored outlives another type of the column and of its type, also in a partition
CREATE TYPE s AS ENUM ('a', 'b'); CREATE DOMAIN d AS text;
CREATE TABLE t (id integer, e s[], x d, y varchar(9)) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t DEFAULT;
ALTER TABLE t ALTER e SET STORAGE EXTERNAL, ALTER x SET STORAGE MAIN, ALTER y SET STORAGE EXTERNAL; ALTER TABLE t1 ALTER x SET STORAGE EXTERNAL;
---- new
CREATE TYPE s AS ENUM ('b', 'a'); CREATE DOMAIN d AS varchar(50);
CREATE TABLE t (id integer, e s[], x d, y text) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t DEFAULT;
ALTER TABLE t ALTER e SET STORAGE EXTERNAL, ALTER x SET STORAGE MAIN, ALTER y SET STORAGE EXTERNAL; ALTER TABLE t1 ALTER x SET STORAGE EXTERNAL;
---- rows
INSERT INTO t VALUES (1, '{a}', 'x', 'y');

==== a domain's checks, default and NOT NULL where columns hold it
CREATE DOMAIN pos AS integer DEFAULT 5 CONSTRAINT a CHECK (VALUE > 0) CONSTRAINT b CHECK (VALUE < 100);
CREATE TABLE t (a pos, g integer GENERATED ALWAYS AS (a + 1) STORED); CREATE VIEW v AS SELECT a FROM t;
---- new
CREATE FUNCTION ok(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1 > 0 $$;
CREATE DOMAIN pos AS integer NOT NULL CONSTRAINT a CHECK (ok(VALUE)) CONSTRAINT c CHECK (VALUE < 1000);
CREATE TABLE t (a pos, g integer GENERATED ALWAYS AS (a + 1) STORED); CREATE VIEW v AS SELECT a FROM t;
---- rows
INSERT INTO t VALUES (1), (7);
---- rows of new
INSERT INTO t VALUES (1), (7);

==== a domain replaces a plain type and the other way round
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE t (a text NOT NULL DEFAULT 'x@y', b mail, c text[]); CREATE INDEX i ON t (a) WHERE a <> '';
---- new
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE t (a mail NOT NULL DEFAULT 'x@y', b text, c mail[]); CREATE INDEX i ON t (a) WHERE a <> '';
---- rows
INSERT INTO t VALUES ('a@b', 'c@d', '{e@f}');
---- rows of new
INSERT INTO t VALUES ('a@b', 'c@d', '{e@f}');

==== a composite type: attributes come, go, get other types, with and without values, in functions and arrays
CREATE TYPE addr AS (street text, zip integer, gone text);
CREATE TYPE free AS (a integer, b text);
CREATE TABLE t (id integer, a addr, f free[]);
CREATE FUNCTION f(addr) RETURNS text LANGUAGE sql AS $$ SELECT ($1).street $$;
CREATE VIEW v AS SELECT (a).street AS s, f(a) AS g FROM t;
CREATE TYPE nested AS (x addr, y free);
---- new
CREATE TYPE addr AS (street text, zip text, city text);
CREATE TYPE free AS (a integer, b text, c date);
CREATE TABLE t (id integer, a addr, f free[]);
CREATE FUNCTION f(addr) RETURNS text LANGUAGE sql AS $$ SELECT ($1).street $$;
CREATE VIEW v AS SELECT (a).street AS s, f(a) AS g FROM t;
CREATE TYPE nested AS (x addr, y free);
---- rows
INSERT INTO t VALUES (1, ROW('s', 5, 'g')::addr, NULL);

==== a table of a type, which is cut off from it, and comes under it
CREATE TYPE ty AS (id integer, n text);
CREATE TABLE a OF ty (id PRIMARY KEY, n DEFAULT 'n');
CREATE TABLE b (id integer NOT NULL, n text);
---- new
CREATE TYPE ty AS (id integer, n text);
CREATE TABLE a (id integer PRIMARY KEY, n text DEFAULT 'n');
CREATE TABLE b OF ty (id NOT NULL);
---- rows
INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (1, 'a');
---- rows of new
INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (1, 'a');

==== a range type under a column with an exclusion constraint, another subtype and name of its multirange (from 14)
CREATE TYPE r AS RANGE (subtype = integer);
CREATE TABLE t (a r, EXCLUDE USING gist (a WITH &&)); CREATE FUNCTION f(r) RETURNS integer LANGUAGE sql AS $$ SELECT lower($1) $$;
---- new
CREATE TYPE r AS RANGE (subtype = bigint, multirange_type_name = mr);
CREATE TABLE t (a r, EXCLUDE USING gist (a WITH &&)); CREATE FUNCTION f(r) RETURNS bigint LANGUAGE sql AS $$ SELECT lower($1) $$;
---- rows
INSERT INTO t VALUES ('[1,5)');

==== a collation of its own, changed, under columns, indexes and domains (refused)
CREATE COLLATION co (provider = libc, locale = 'C');
CREATE DOMAIN dt AS text COLLATE co;
CREATE TABLE t (a text COLLATE co, b dt); CREATE INDEX i ON t (a); CREATE INDEX j ON t (lower(a) COLLATE co); CREATE VIEW v AS SELECT a FROM t ORDER BY a;
---- new
CREATE COLLATION co (provider = libc, locale = 'POSIX');
CREATE DOMAIN dt AS text COLLATE co;
CREATE TABLE t (a text COLLATE co, b dt); CREATE INDEX i ON t (a); CREATE INDEX j ON t (lower(a) COLLATE co); CREATE VIEW v AS SELECT a FROM t ORDER BY a;
---- rows
INSERT INTO t VALUES ('a', 'b');

==== a type becomes a domain, a table, and an enum of the same name
CREATE TYPE a AS (x integer); CREATE TYPE b AS ENUM ('x'); CREATE DOMAIN c AS integer;
CREATE FUNCTION f(a, b, c) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
---- new
CREATE DOMAIN a AS integer; CREATE TABLE b (x integer); CREATE TYPE c AS ENUM ('c');
CREATE FUNCTION f(a, b, c) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;

==== extended statistics on columns and expressions that change (from 14)
CREATE TABLE t (a integer, b integer, c text); CREATE STATISTICS s (ndistinct, mcv) ON a, b FROM t; CREATE STATISTICS e ON (a + b), c FROM t; ALTER STATISTICS s SET STATISTICS 50;
---- new
CREATE TABLE t (a bigint, b integer, c varchar(9)); CREATE STATISTICS s (dependencies) ON a, b, c FROM t; CREATE STATISTICS e ON (a * b), c FROM t; ALTER STATISTICS e SET STATISTICS 70;
---- rows
INSERT INTO t VALUES (1, 2, 'c');

==== text search configurations, dictionaries, and indexes on them
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH d;
CREATE TABLE t (x text); CREATE INDEX i ON t USING gin (to_tsvector('c', x));
---- new
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH d, english_stem;
CREATE TABLE t (x text); CREATE INDEX i ON t USING gin (to_tsvector('c', x)) WITH (fastupdate = off);

==== a domain gets another base type under columns, indexes, functions, views and a domain over it
CREATE DOMAIN code AS varchar(5) NOT NULL DEFAULT 'x' CONSTRAINT short CHECK (length(VALUE) < 5);
CREATE DOMAIN sub AS code CHECK (VALUE <> 'zz');
CREATE TABLE t (id integer PRIMARY KEY, c code, d sub);
CREATE INDEX t_c ON t (c); CREATE UNIQUE INDEX t_l ON t (lower(c::text));
CREATE FUNCTION f(x code) RETURNS code LANGUAGE sql IMMUTABLE AS $$ SELECT x $$;
CREATE VIEW v AS SELECT c, f(c) AS g FROM t; COMMENT ON DOMAIN code IS 'code'; GRANT USAGE ON TYPE code TO app;
---- new
CREATE DOMAIN code AS text NOT NULL DEFAULT 'y' CONSTRAINT short CHECK (length(VALUE) < 6);
CREATE DOMAIN sub AS code CHECK (VALUE <> 'zz');
CREATE TABLE t (id integer PRIMARY KEY, c code, d sub);
CREATE INDEX t_c ON t (c); CREATE UNIQUE INDEX t_l ON t (lower(c::text));
CREATE FUNCTION f(x code) RETURNS code LANGUAGE sql IMMUTABLE AS $$ SELECT x $$;
CREATE VIEW v AS SELECT c, f(c) AS g FROM t; COMMENT ON DOMAIN code IS 'code'; GRANT USAGE ON TYPE code TO app;
---- rows
INSERT INTO t VALUES (1, 'a', 'b'), (2, 'bb', 'c');
---- rows of new
INSERT INTO t VALUES (1, 'a', 'b'), (2, 'bb', 'c');

==== an attribute gets a type of which no value of the old one can be made
CREATE TYPE part AS (a bigint, b text); CREATE TABLE t (id integer, p part);
---- new
CREATE TYPE part AS (a integer[], b text); CREATE TABLE t (id integer, p part);
---- rows
INSERT INTO t VALUES (1, ROW(1, 'b'));

==== a range type where functions are granted by default
CREATE TABLE t (id integer);
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT EXECUTE ON FUNCTIONS TO app;
---- new
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT EXECUTE ON FUNCTIONS TO app;
CREATE TYPE r AS RANGE (subtype = numeric); CREATE TABLE t (id integer, r r);
