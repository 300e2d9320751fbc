-- case: enum values at their place
CREATE TYPE mood AS ENUM ('sad', 'ok');
-- becomes
CREATE TYPE mood AS ENUM ('awful', 'sad', 'so so', 'ok', 'it''s great');
COMMENT ON TYPE mood IS 'how it is';
REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT USAGE ON TYPE mood TO app WITH GRANT OPTION;

-- case: functions
CREATE FUNCTION plain(a int, b text DEFAULT 'x') RETURNS text LANGUAGE sql AS 'SELECT b';
CREATE FUNCTION hard() RETURNS text LANGUAGE plpgsql AS $x$ BEGIN RETURN '$$' || 'a' ; END $x$;
CREATE FUNCTION renamed(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a';
CREATE PROCEDURE work(a int, INOUT b int) LANGUAGE plpgsql AS 'BEGIN b := a; END';
CREATE FUNCTION going() RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION plain(int, text) IS 'plain';
-- becomes
CREATE FUNCTION plain(a int, b text DEFAULT 'y', OUT c text) LANGUAGE sql STRICT AS 'SELECT b';
CREATE FUNCTION hard() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE LEAKPROOF COST 7
    SET search_path = __TENANT__, "$user", '', "A b", pg_temp SET work_mem = '2MB' SET datestyle = 'ISO, DMY'
    SET app.tenant = 'x y' AS $$ BEGIN RETURN '' || $x$a$x$ ; END $$;
CREATE FUNCTION renamed(b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT b';
CREATE FUNCTION many(VARIADIC a text[] DEFAULT '{}') RETURNS SETOF text ROWS 5 LANGUAGE sql AS 'SELECT unnest(a)';
CREATE FUNCTION rows(a int DEFAULT 1) RETURNS TABLE (b int, "C" text) LANGUAGE sql AS 'SELECT a, ''c''';
CREATE PROCEDURE work(a int, INOUT b int) LANGUAGE plpgsql AS 'BEGIN b := a + 1; END';
COMMENT ON FUNCTION plain(int, text) IS 'plainer';
COMMENT ON PROCEDURE work(int, int) IS 'works';
REVOKE EXECUTE ON FUNCTION plain(int, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plain(int, text) TO app;
GRANT EXECUTE ON PROCEDURE work(int, int) TO app;

-- case: views on views
CREATE VIEW a AS SELECT 1 AS x, 'y'::text AS y;
CREATE VIEW b AS SELECT x FROM a;
COMMENT ON VIEW a IS 'a'; COMMENT ON COLUMN a.x IS 'x';
-- becomes
CREATE VIEW a WITH (security_barrier) AS SELECT 'y'::text AS y, 1 AS x, 2 AS z;
CREATE VIEW b AS SELECT x, z FROM a;
COMMENT ON VIEW a IS 'aa'; COMMENT ON COLUMN a.x IS 'x';
GRANT SELECT ON a TO app, auditor; GRANT SELECT (x) ON b TO app;
ALTER VIEW a ALTER COLUMN y SET DEFAULT 'q';

-- case: a view that grows
CREATE VIEW a AS SELECT 1 AS x;
CREATE VIEW b AS SELECT x FROM a;
-- becomes
CREATE VIEW a AS SELECT 1 AS x, 2 AS y;
CREATE VIEW b AS SELECT x FROM a;

-- case: the schema itself
COMMENT ON SCHEMA __TENANT__ IS 'one';
GRANT USAGE ON SCHEMA __TENANT__ TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT EXECUTE ON FUNCTIONS TO auditor;
-- becomes
COMMENT ON SCHEMA __TENANT__ IS 'two';
GRANT CREATE, USAGE ON SCHEMA __TENANT__ TO app, auditor;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT EXECUTE ON FUNCTIONS TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT SELECT, UPDATE ON TABLES TO app;

-- case: domains
CREATE DOMAIN email AS text CHECK (VALUE ~ '@');
CREATE DOMAIN small AS int DEFAULT 1 CONSTRAINT positive CHECK (VALUE > 0);
CREATE DOMAIN gone AS int;
CREATE DOMAIN sorted AS text COLLATE "C";
CREATE DOMAIN later AS int CONSTRAINT checked CHECK (VALUE <> 1) NOT NULL;
-- becomes
CREATE FUNCTION is_mail(a text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a ~ ''@''';
CREATE DOMAIN email AS text CONSTRAINT mail CHECK (is_mail(VALUE)) NOT NULL;
CREATE DOMAIN small AS bigint DEFAULT 2 + 2 CONSTRAINT positive CHECK (VALUE >= 0) CONSTRAINT low CHECK (VALUE < 10);
CREATE DOMAIN sorted AS varchar(10) COLLATE "POSIX";
CREATE DOMAIN later AS int;
ALTER DOMAIN later ADD CONSTRAINT checked CHECK (VALUE <> 1) NOT VALID;
COMMENT ON DOMAIN later IS 'l'; COMMENT ON CONSTRAINT checked ON DOMAIN later IS 'c';
GRANT USAGE ON DOMAIN later TO app; REVOKE USAGE ON DOMAIN sorted FROM PUBLIC;

-- case: composite and range types
CREATE TYPE pair AS (a int, b text COLLATE "C");
CREATE TYPE turned AS (a int, b text);
CREATE TYPE floats AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE TYPE words AS RANGE (subtype = text, collation = "C");
CREATE FUNCTION f(pair, turned) RETURNS floats LANGUAGE sql AS 'SELECT NULL::floats';
-- becomes
CREATE TYPE pair AS (b varchar(3), c int[]);
CREATE TYPE turned AS (b text, a int);
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE TYPE words AS RANGE (subtype = text, collation = "POSIX", subtype_opclass = text_pattern_ops);
CREATE FUNCTION f(pair, turned) RETURNS floats LANGUAGE sql AS 'SELECT NULL::floats';
COMMENT ON TYPE pair IS 'p'; COMMENT ON COLUMN pair.b IS 'b'; COMMENT ON TYPE words IS 'w';
GRANT USAGE ON TYPE words TO app;

-- case: an enum that loses and turns values
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE felt AS (mood mood, at date);
CREATE DOMAIN never_sad AS mood CHECK (VALUE <> 'sad');
CREATE FUNCTION worse(mood, mood[]) RETURNS mood LANGUAGE sql AS 'SELECT $1';
CREATE VIEW moods AS SELECT worse('ok', '{sad}') AS m, ROW('ok', NULL)::felt AS f;
COMMENT ON TYPE mood IS 'm';
-- becomes
CREATE TYPE mood AS ENUM ('happy', 'ok');
CREATE TYPE felt AS (mood mood, at date);
CREATE DOMAIN never_sad AS mood CHECK (VALUE <> 'ok');
CREATE FUNCTION worse(mood, mood[]) RETURNS mood LANGUAGE sql AS 'SELECT $1';
CREATE VIEW moods AS SELECT worse('ok', '{happy}') AS m, ROW('ok', NULL)::felt AS f;
COMMENT ON TYPE mood IS 'm';

-- case: aggregates and operators
CREATE FUNCTION same(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION differs(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> $2';
CREATE FUNCTION negated(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT -$1';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int, COMMUTATOR = ===, NEGATOR = !==, HASHES, RESTRICT = eqsel);
CREATE OPERATOR !== (FUNCTION = differs, LEFTARG = int, RIGHTARG = int, NEGATOR = ===);
CREATE OPERATOR !!! (FUNCTION = negated, RIGHTARG = int);
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE AGGREGATE rows(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
COMMENT ON OPERATOR === (int, int) IS 'eq'; COMMENT ON AGGREGATE rows(*) IS 'r';
-- becomes
CREATE FUNCTION same(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE FUNCTION differs(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> $2';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = int, RIGHTARG = int, COMMUTATOR = ===, NEGATOR = !==, RESTRICT = neqsel, JOIN = eqjoinsel);
CREATE OPERATOR !== (FUNCTION = differs, LEFTARG = int, RIGHTARG = int, NEGATOR = ===);
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '1', COMBINEFUNC = int4pl, PARALLEL = SAFE,
    MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int);
CREATE AGGREGATE middle(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
    FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
COMMENT ON OPERATOR === (int, int) IS 'equal'; COMMENT ON AGGREGATE middle(float8 ORDER BY anyelement) IS 'm';
GRANT EXECUTE ON FUNCTION total(int) TO app; REVOKE EXECUTE ON FUNCTION middle(float8, anyelement) FROM PUBLIC;

-- case: collations
CREATE COLLATION german (provider = icu, locale = 'de');
CREATE COLLATION plain (provider = libc, locale = 'C');
-- becomes
CREATE COLLATION german (provider = icu, locale = 'de', deterministic = false);
CREATE COLLATION plain (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX');
COMMENT ON COLLATION plain IS 'c';

-- case: materialized views
CREATE VIEW base AS SELECT 1 AS x;
CREATE MATERIALIZED VIEW kept WITH (fillfactor = 70) AS SELECT x FROM base;
CREATE MATERIALIZED VIEW changed AS SELECT x FROM base;
COMMENT ON MATERIALIZED VIEW changed IS 'c';
-- becomes
CREATE VIEW base AS SELECT 1 AS x, 2 AS y;
CREATE MATERIALIZED VIEW kept WITH (fillfactor = 80, autovacuum_enabled = false) AS SELECT x FROM base;
CREATE MATERIALIZED VIEW changed AS SELECT x, y FROM base;
COMMENT ON MATERIALIZED VIEW changed IS 'c'; COMMENT ON COLUMN changed.y IS 'y';
GRANT SELECT ON changed TO app;

-- case: bodies that name their own schema
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN count(*) FROM __TENANT__.x; END';
-- becomes
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN count(*) FROM __TENANT__.y; END';
CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = __TENANT__ AS 'SELECT a FROM __TENANT__.y a';

-- case: parsed bodies
CREATE VIEW v AS SELECT 1 AS x, 2 AS y;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x FROM v WHERE y = a; END;
CREATE FUNCTION g(a int DEFAULT 7) RETURNS int LANGUAGE sql RETURN f(a);
CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
-- becomes
CREATE VIEW v AS SELECT 2 AS y, 1 AS x;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x FROM v WHERE y = a; END;
CREATE FUNCTION g(a int DEFAULT 7) RETURNS int LANGUAGE sql STRICT COST 5 SET work_mem = '1MB' RETURN f(a) + 1;
CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 3; END;
