-- Functions, and what rests on them.

==== another return type under a view, a check, an index, a default, a trigger and a policy
CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT n + 1 $$;
CREATE TABLE t (id integer DEFAULT f(1), n integer CHECK (f(n) > 0));
CREATE INDEX t_f ON t (f(n)); CREATE VIEW v AS SELECT f(id) AS f FROM t;
CREATE POLICY p ON t USING (f(n) > 0);
---- new
CREATE FUNCTION f(n integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT n + 1::bigint $$;
CREATE TABLE t (id integer DEFAULT f(1), n integer CHECK (f(n) > 0));
CREATE INDEX t_f ON t (f(n)); CREATE VIEW v AS SELECT f(id) AS f FROM t;
CREATE POLICY p ON t USING (f(n) > 0);
---- rows
INSERT INTO t VALUES (1, 1);
---- rows of new
INSERT INTO t VALUES (1, 1);

==== argument names and defaults change under a view
CREATE FUNCTION f(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT a + b $$;
CREATE VIEW v AS SELECT f(1) AS x, f(a => 1, b => 5) AS y;
---- new
CREATE FUNCTION f(a integer, c integer DEFAULT 3) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT a + c $$;
CREATE VIEW v AS SELECT f(1) AS x, f(a => 1, c => 5) AS y;

==== an argument is added with a default, so that a second overload would be ambiguous
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS $$ SELECT f(1) $$;
CREATE VIEW v AS SELECT f(1) AS x;
---- new
CREATE FUNCTION f(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS $$ SELECT f(1) $$;
CREATE VIEW v AS SELECT f(1) AS x;

==== function becomes procedure, procedure becomes function, aggregate becomes function
CREATE FUNCTION f(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT a $$;
CREATE PROCEDURE p(a integer) LANGUAGE sql AS $$ SELECT a $$;
CREATE AGGREGATE ag(integer) (SFUNC = int4pl, STYPE = integer);
---- new
CREATE PROCEDURE f(a integer) LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION p(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION ag(integer) RETURNS integer LANGUAGE sql AS $$ SELECT $1 $$;

==== out parameters, RETURNS TABLE, SETOF, variadic change
CREATE FUNCTION a(x integer, OUT y integer, OUT z text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION b() RETURNS TABLE (q integer, w text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION c() RETURNS SETOF integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION d(VARIADIC x integer[]) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE VIEW v AS SELECT * FROM b();
---- new
CREATE FUNCTION a(x integer, OUT y integer, OUT z text, OUT w date) LANGUAGE sql AS $$ SELECT 1, 'x', now()::date $$;
CREATE FUNCTION b() RETURNS TABLE (q integer, w text, e date) LANGUAGE sql AS $$ SELECT 1, 'x', now()::date $$;
CREATE FUNCTION c() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION d(x integer[]) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE VIEW v AS SELECT * FROM b();

==== attributes: volatility, parallel, cost, rows, security, strict, leakproof, set, support
CREATE FUNCTION f(a integer) RETURNS SETOF integer LANGUAGE sql AS $$ SELECT a $$;
CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = __TENANT__, pg_temp SET work_mem = '1MB' AS $$ BEGIN RETURN current_user; END $$;
GRANT EXECUTE ON FUNCTION g() TO app; REVOKE EXECUTE ON FUNCTION g() FROM PUBLIC;
COMMENT ON FUNCTION f(integer) IS 'eff';
---- new
CREATE FUNCTION f(a integer) RETURNS SETOF integer LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 5 ROWS 7 AS $$ SELECT a $$;
CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, __TENANT__ SET statement_timeout = '5s' AS $$ BEGIN RETURN current_user; END $$;
GRANT EXECUTE ON FUNCTION g() TO auditor;
COMMENT ON FUNCTION f(integer) IS 'it''s f';

==== new-style bodies over tables, views and each other (from 14)
CREATE TABLE t (id integer, n integer);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;
CREATE FUNCTION g(x integer) RETURNS integer LANGUAGE sql RETURN x + 1;
CREATE FUNCTION h() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT f() + g(1); END;
CREATE VIEW v AS SELECT h() AS h;
---- new
CREATE TABLE t (id integer, n bigint);
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(t.n) FROM t; END;
CREATE FUNCTION g(x integer) RETURNS bigint LANGUAGE sql RETURN x + 2::bigint;
CREATE FUNCTION h() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT f() + g(1); END;
CREATE VIEW v AS SELECT h() AS h;
---- rows
INSERT INTO t VALUES (1, 2);

==== triggers: when, update of, transition tables, enabled states, constraint triggers, arguments
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE t (id integer, n integer, m text);
CREATE TRIGGER a AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION tf();
CREATE TRIGGER b BEFORE UPDATE OF n ON t FOR EACH ROW EXECUTE FUNCTION tf('x', 'it''s');
CREATE TRIGGER c AFTER INSERT OR DELETE ON t FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION tf();
CREATE CONSTRAINT TRIGGER d AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tf();
ALTER TABLE t DISABLE TRIGGER b; ALTER TABLE t ENABLE ALWAYS TRIGGER c;
COMMENT ON TRIGGER a ON t IS 'a';
---- new
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE t (id integer, n bigint, m text);
CREATE TRIGGER a AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS nn FOR EACH STATEMENT EXECUTE FUNCTION tf();
CREATE TRIGGER b BEFORE UPDATE OF n, m ON t FOR EACH ROW EXECUTE FUNCTION tf('y');
CREATE TRIGGER c AFTER INSERT OR DELETE OR TRUNCATE ON t FOR EACH STATEMENT EXECUTE FUNCTION tg();
CREATE CONSTRAINT TRIGGER d AFTER INSERT ON t DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION tf();
ALTER TABLE t ENABLE REPLICA TRIGGER a; ALTER TABLE t DISABLE TRIGGER d;
COMMENT ON TRIGGER a ON t IS 'b';

==== a trigger function is dropped and replaced by one of another name while the trigger stays
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE t (id integer);
CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
---- new
CREATE FUNCTION tf2() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE t (id integer);
CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf2();

==== polymorphic functions, operators, aggregates with combine functions, operator classes
CREATE FUNCTION eq(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT lower(a) = lower(b) $$;
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq, COMMUTATOR = ===);
CREATE FUNCTION st(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE AS $$ SELECT array_append($1, $2) $$;
CREATE AGGREGATE coll(anyelement) (SFUNC = st, STYPE = anyarray, INITCOND = '{}');
CREATE TABLE t (a text, CHECK (a === 'x'));
CREATE VIEW v AS SELECT coll(a) AS c FROM t;
---- new
CREATE FUNCTION eq(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT upper(a) = upper(b) $$;
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = eq, COMMUTATOR = ===, RESTRICT = eqsel, HASHES);
CREATE FUNCTION st(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT array_append($1, $2) $$;
CREATE AGGREGATE coll(anyelement) (SFUNC = st, STYPE = anyarray, INITCOND = '{}', PARALLEL = SAFE);
CREATE TABLE t (a text, CHECK (a === 'y'));
CREATE VIEW v AS SELECT coll(a) AS c FROM t;

==== overloads come, go and change at once
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION f(text) RETURNS integer LANGUAGE sql AS $$ SELECT 2 $$;
CREATE FUNCTION f(integer, text) RETURNS integer LANGUAGE sql AS $$ SELECT 3 $$;
---- new
CREATE FUNCTION f(bigint) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS $$ SELECT '2' $$;
CREATE FUNCTION f(integer, text, date DEFAULT now()::date) RETURNS integer LANGUAGE sql AS $$ SELECT 3 $$;

==== a table type argument, a rowtype return and a table that is dropped and made of another kind
CREATE TABLE t (id integer, n integer);
CREATE FUNCTION f(t) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION g() RETURNS SETOF t LANGUAGE sql AS $$ SELECT * FROM t $$;
---- new
CREATE TABLE u (id integer, n integer);
CREATE VIEW t AS SELECT id, n FROM u;
CREATE FUNCTION f(t) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION g() RETURNS SETOF t LANGUAGE sql AS $$ SELECT * FROM t $$;

==== functions of several signatures behind aggregates, operators, types and triggers
CREATE TABLE t (id int);
---- new
CREATE TABLE t (id int);
CREATE FUNCTION sf(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2'; CREATE FUNCTION sf(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $2'; CREATE FUNCTION sf(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';CREATE FUNCTION sf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION isf(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2'; CREATE FUNCTION isf(text, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE AGGREGATE ag(int) (SFUNC = sf, STYPE = int, FINALFUNC = sf, COMBINEFUNC = sf, MSFUNC = sf, MINVFUNC = isf, MSTYPE = int, MFINALFUNC = sf);
CREATE AGGREGATE ag(text) (SFUNC = sf, STYPE = text);
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = sf); CREATE OPERATOR ### (LEFTARG = text, RIGHTARG = text, FUNCTION = sf);
CREATE FUNCTION sd(date, date) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT ($1 - $2)::float8'; CREATE FUNCTION sd(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE dr AS RANGE (SUBTYPE = date, SUBTYPE_DIFF = sd);
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION sf();
CREATE VIEW v AS SELECT ag(id) AS a, ag(id::text) AS b, 1 ### 2 AS c FROM t;

==== functions and operators like the server's own behind expressions
CREATE TABLE t (id int, x varchar(10), d date);
---- new
CREATE TABLE t (id int, x varchar(10), d date);
CREATE FUNCTION upper(varchar) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''a''';
CREATE FUNCTION coalesce2(VARIADIC int[]) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION abs(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint';
CREATE FUNCTION textcat2(varchar, varchar) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE OPERATOR || (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = textcat2);
CREATE VIEW v AS SELECT upper(x) AS a, pg_catalog.upper(x::text) AS b, abs(id) AS c, abs(id::bigint) AS d, pg_catalog.abs(id::bigint) AS e, x || x AS f, x OPERATOR(pg_catalog.||) x AS g, x::text || x AS h FROM t;
CREATE INDEX i ON t (upper(x)); CREATE INDEX j ON t (pg_catalog.upper(x::text)); ALTER TABLE t ADD CHECK (pg_catalog.abs(id::bigint) > 0 AND abs(id::bigint) > 0);
