-- Views and materialized views.

==== a column in the middle under views on views, and a matview with indexes between
CREATE TABLE t (id integer PRIMARY KEY, a text, b text);
CREATE VIEW v1 AS SELECT * FROM t;
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM v1;
CREATE UNIQUE INDEX m_id ON m (id); CREATE INDEX m_a ON m (lower(a));
CREATE VIEW v2 AS SELECT m.id, v1.b FROM m JOIN v1 USING (id);
GRANT SELECT ON m, v2 TO app; COMMENT ON INDEX m_a IS 'x'; COMMENT ON MATERIALIZED VIEW m IS 'm';
---- new
CREATE TABLE t (id integer PRIMARY KEY, c integer, a text, b text);
CREATE VIEW v1 AS SELECT * FROM t;
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM v1;
CREATE UNIQUE INDEX m_id ON m (id); CREATE INDEX m_a ON m (lower(a));
CREATE VIEW v2 AS SELECT m.id, v1.b FROM m JOIN v1 USING (id);
GRANT SELECT ON m, v2 TO app; COMMENT ON INDEX m_a IS 'x'; COMMENT ON MATERIALIZED VIEW m IS 'm';
---- rows
INSERT INTO t VALUES (1, 'a', 'b');

==== a view becomes a materialized view, a table, and the other way round
CREATE TABLE t (id integer);
CREATE VIEW v AS SELECT id FROM t;
CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
CREATE TABLE x (id integer);
---- new
CREATE TABLE t (id integer);
CREATE MATERIALIZED VIEW v AS SELECT id FROM t;
CREATE TABLE m (id integer);
CREATE VIEW x AS SELECT id FROM t;

==== columns of a view: renamed, other order, other type, fewer, with dependents
CREATE TABLE t (a integer, b text, c date);
CREATE VIEW v AS SELECT a, b, c FROM t;
CREATE VIEW w AS SELECT a, c FROM v;
CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS $$ SELECT * FROM v $$;
---- new
CREATE TABLE t (a integer, b text, c date);
CREATE VIEW v AS SELECT c, a AS aa, b::varchar(5) AS b FROM t;
CREATE VIEW w AS SELECT aa AS a, c FROM v;
CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS $$ SELECT * FROM v $$;

==== security and check options, recursive views, CTEs, window functions, lateral, set operations
CREATE TABLE t (id integer, up integer, n numeric);
CREATE VIEW a WITH (security_barrier) AS SELECT * FROM t WHERE id > 0 WITH CASCADED CHECK OPTION;
CREATE RECURSIVE VIEW r (id, depth) AS SELECT id, 1 FROM t WHERE up IS NULL UNION ALL SELECT t.id, r.depth + 1 FROM t JOIN r ON t.up = r.id;
CREATE VIEW w AS WITH x AS MATERIALIZED (SELECT * FROM t) SELECT id, rank() OVER (PARTITION BY up ORDER BY n DESC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS r FROM x;
---- new
CREATE TABLE t (id bigint, up bigint, n numeric, z text);
CREATE VIEW a AS SELECT * FROM t WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE RECURSIVE VIEW r (id, depth) AS SELECT id, 1 FROM t WHERE up IS NULL UNION ALL SELECT t.id, r.depth + 2 FROM t JOIN r ON t.up = r.id;
CREATE VIEW w AS WITH x AS NOT MATERIALIZED (SELECT * FROM t) SELECT x.id, rank() OVER win AS r, l.s FROM x CROSS JOIN LATERAL (SELECT sum(n) FILTER (WHERE n > 0) AS s FROM t WHERE t.up = x.id) l WINDOW win AS (PARTITION BY up ORDER BY n);
---- rows
INSERT INTO t VALUES (1, NULL, 2);

==== a primary key that a GROUP BY view rests on is changed
CREATE TABLE t (id integer PRIMARY KEY, a text, b text);
CREATE TABLE i (t integer REFERENCES t, n numeric);
CREATE VIEW v AS SELECT t.id, t.a, t.b, sum(i.n) AS n FROM t JOIN i ON i.t = t.id GROUP BY t.id;
---- new
CREATE TABLE t (id integer, a text, b text, CONSTRAINT t_key PRIMARY KEY (id) INCLUDE (a));
CREATE TABLE i (t integer REFERENCES t, n numeric);
CREATE VIEW v AS SELECT t.id, t.a, t.b, sum(i.n) AS n FROM t JOIN i ON i.t = t.id GROUP BY t.id;
---- rows
INSERT INTO t VALUES (1, 'a', 'b'); INSERT INTO i VALUES (1, 5);

==== views with names of the server's own catalogs, and a table called pg_class
CREATE TABLE pg_class (oid integer, relname text, n integer);
CREATE VIEW pg_depend AS SELECT oid AS objid FROM __TENANT__.pg_class;
CREATE TABLE pg_attribute (id integer); CREATE TABLE pg_namespace (nspname text);
CREATE FUNCTION format_type(oid, integer) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
CREATE FUNCTION quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
CREATE FUNCTION pg_get_indexdef(oid, integer, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
---- new
CREATE TABLE pg_class (oid bigint, relname text);
CREATE VIEW pg_depend AS SELECT oid AS objid FROM __TENANT__.pg_class;
CREATE TABLE pg_attribute (id bigint); CREATE TABLE pg_namespace (nspname text);
CREATE INDEX ON __TENANT__.pg_class (relname);
CREATE FUNCTION format_type(oid, integer) RETURNS text LANGUAGE sql AS $$ SELECT 'y' $$;
CREATE FUNCTION quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'y' $$;
CREATE FUNCTION pg_get_indexdef(oid, integer, boolean) RETURNS text LANGUAGE sql AS $$ SELECT 'y' $$;

==== a table and functions called like the server's types and functions, used in expressions (refused)
CREATE TYPE date AS ENUM ('today');
CREATE DOMAIN text AS pg_catalog.text CHECK (VALUE <> '');
CREATE FUNCTION now() RETURNS integer LANGUAGE sql STABLE AS $$ SELECT 1 $$;
CREATE FUNCTION lower(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
CREATE TABLE t (d __TENANT__.date, p pg_catalog.date, x __TENANT__.text, y pg_catalog.text, n integer DEFAULT __TENANT__.now(), o timestamptz DEFAULT pg_catalog.now());
CREATE INDEX i ON t (__TENANT__.lower(y)); CREATE INDEX j ON t (pg_catalog.lower(y));
---- new
CREATE TYPE date AS ENUM ('today', 'tomorrow');
CREATE DOMAIN text AS pg_catalog.text CHECK (VALUE <> 'x');
CREATE FUNCTION now() RETURNS integer LANGUAGE sql STABLE AS $$ SELECT 1 $$;
CREATE FUNCTION lower(pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
CREATE TABLE t (d pg_catalog.date, p __TENANT__.date, x __TENANT__.text, y pg_catalog.text, n integer DEFAULT __TENANT__.now(), o timestamptz DEFAULT pg_catalog.now());
CREATE INDEX i ON t (pg_catalog.lower(y)); CREATE INDEX j ON t (__TENANT__.lower(y));

==== views over renamed columns of the table below
CREATE TABLE t (id integer, name text); CREATE VIEW v AS SELECT id, name FROM t;
---- new
CREATE TABLE t (id integer, title text); CREATE VIEW v AS SELECT id, title AS name FROM t;

==== a matview on a matview, with no data, other options and cluster
CREATE TABLE t (id integer);
CREATE MATERIALIZED VIEW a AS SELECT id FROM t WITH NO DATA;
CREATE MATERIALIZED VIEW b WITH (fillfactor = 50) AS SELECT id FROM a WITH NO DATA;
CREATE INDEX bi ON b (id); ALTER MATERIALIZED VIEW b CLUSTER ON bi;
---- new
CREATE TABLE t (id integer);
CREATE MATERIALIZED VIEW a AS SELECT id + 1 AS id FROM t WITH NO DATA;
CREATE MATERIALIZED VIEW b WITH (autovacuum_enabled = off) AS SELECT id FROM a WITH NO DATA;
CREATE INDEX bi ON b (id DESC);
ALTER MATERIALIZED VIEW b ALTER COLUMN id SET STATISTICS 10;

==== instead-of triggers and rules on replaced views, view defaults
CREATE TABLE t (id integer, n integer);
CREATE VIEW v AS SELECT id FROM t;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER tr INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION tf();
CREATE RULE up AS ON UPDATE TO v WHERE NEW.id > 5 DO INSTEAD NOTHING;
---- new
CREATE TABLE t (id integer, n integer);
CREATE VIEW v AS SELECT n, id FROM t;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER tr INSTEAD OF INSERT OR DELETE ON v FOR EACH ROW EXECUTE FUNCTION tf();
CREATE RULE up AS ON UPDATE TO v WHERE NEW.id > 6 DO INSTEAD NOTHING;
ALTER VIEW v ALTER COLUMN id SET DEFAULT 7;

==== a materialized view that is made anew over one that was never filled
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m1 AS SELECT a FROM t WITH NO DATA;
CREATE VIEW v AS SELECT a FROM m1;
CREATE MATERIALIZED VIEW m2 AS SELECT a FROM v WITH NO DATA;
---- new
CREATE TABLE t (a integer);
CREATE MATERIALIZED VIEW m1 AS SELECT a FROM t;
CREATE VIEW v AS SELECT a FROM m1;
CREATE VIEW w AS SELECT a + 1 AS a FROM v;
CREATE MATERIALIZED VIEW m2 AS SELECT a FROM v WHERE a > 0;
CREATE MATERIALIZED VIEW m3 AS SELECT a FROM w;

==== a query that has an expression of a table's name in WITH, for which the server prints the table's schema
CREATE TABLE t (id integer, n integer);
---- new
CREATE TABLE t (id integer, n integer); CREATE TABLE u (id integer);
CREATE VIEW v AS WITH t AS (SELECT t.id, t.n FROM t), u AS (SELECT x.id FROM (t y JOIN __TENANT__.u x USING (id))) SELECT t.id, u.id AS k FROM __TENANT__.t, u;
CREATE MATERIALIZED VIEW m AS WITH v AS (SELECT v.id FROM v) SELECT v.id FROM v;
CREATE RULE r AS ON INSERT TO u DO ALSO WITH t AS (SELECT t.id FROM t) UPDATE __TENANT__.t SET n = 1 WHERE t.id IN (SELECT t.id FROM t);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (EXISTS (WITH u AS (SELECT u.id FROM u WHERE u.id > 0) SELECT FROM u WHERE u.id = t.id));
---- rows
INSERT INTO t VALUES (1, 2);
---- rows of new
INSERT INTO t VALUES (1, 2);

==== a body that the server parses, with an expression of a table's name in WITH (from 14)
CREATE TABLE t (id integer);
---- new
CREATE TABLE t (id integer);
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC WITH t AS (SELECT t.id FROM t WHERE t.id > a) SELECT t.id FROM t; END;

==== a view reads from another table, of which one is made anew, and from another materialized view over a type that is made anew
CREATE TYPE x AS ENUM ('a', 'b'); CREATE TABLE t (i integer, j integer, e x) PARTITION BY LIST (i);
CREATE VIEW v AS SELECT i FROM t; CREATE TABLE u (j integer, e x);
CREATE MATERIALIZED VIEW m AS SELECT j, e FROM u; CREATE VIEW w AS SELECT j FROM m; CREATE VIEW z AS SELECT j FROM w;
---- new
CREATE TYPE x AS ENUM ('b', 'c', 'a'); CREATE TABLE t (k integer, j integer, e x) PARTITION BY LIST (k);
CREATE VIEW v AS SELECT k AS i FROM t; CREATE TABLE u (j integer, e x);
CREATE MATERIALIZED VIEW n AS SELECT j, e FROM u; CREATE VIEW w AS SELECT j FROM n; CREATE VIEW z AS SELECT j FROM w;

==== a materialized view whose query calls a function which finds another one by its name
CREATE TABLE t (id integer);
---- new
CREATE TABLE t (id integer); CREATE MATERIALIZED VIEW read AS SELECT id FROM t;
CREATE FUNCTION z() RETURNS SETOF read LANGUAGE sql STABLE AS $$ SELECT * FROM __TENANT__.read $$;
CREATE FUNCTION y() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM __TENANT__.z() $$;
CREATE VIEW between AS SELECT y() AS n; CREATE MATERIALIZED VIEW a AS SELECT n FROM between; CREATE MATERIALIZED VIEW b AS SELECT y() AS n, id FROM read;
---- rows
INSERT INTO t VALUES (1);
---- rows of new
INSERT INTO t VALUES (1);
