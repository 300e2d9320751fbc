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

-- case: parsed bodies, from 14
CREATE VIEW v AS SELECT 1 AS x, 2 AS y;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x FROM v WHERE y = a; END;
CREATE FUNCTION g(a int DEFAULT 7) RETURNS int LANGUAGE sql RETURN f(a);
CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
-- becomes
CREATE VIEW v AS SELECT 2 AS y, 1 AS x;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x FROM v WHERE y = a; END;
CREATE FUNCTION g(a int DEFAULT 7) RETURNS int LANGUAGE sql STRICT COST 5 SET work_mem = '1MB' RETURN f(a) + 1;
CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 3; END;

-- case: an enum in columns loses a value
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN feeling AS mood DEFAULT 'ok' CHECK (VALUE <> 'sad');
CREATE TABLE parent (m mood PRIMARY KEY);
CREATE TABLE t (
    id int PRIMARY KEY,
    m mood NOT NULL DEFAULT 'sad' REFERENCES parent,
    ms mood[] DEFAULT '{sad}',
    f feeling,
    g text GENERATED ALWAYS AS (CASE m WHEN 'sad' THEN 'a' ELSE 'b' END) STORED,
    CHECK (m <> 'happy'), CHECK (m <> ms[1])
);
CREATE INDEX by_mood ON t (m); CREATE INDEX only_sad ON t (id) WHERE m = 'sad';
CREATE INDEX computed ON t ((m = 'ok'));
CREATE VIEW v AS SELECT id, m FROM t WHERE m = 'ok'; CREATE VIEW w AS SELECT f FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT m, count(*) AS n FROM v GROUP BY m;
CREATE UNIQUE INDEX ON mv (m);
CREATE FUNCTION f(mood) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t WHERE m = $1';
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE UPDATE OF m ON t FOR EACH ROW WHEN (NEW.m = 'ok') EXECUTE FUNCTION trg();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (m = 'ok');
CREATE RULE r AS ON DELETE TO t WHERE OLD.m = 'ok' DO INSTEAD NOTHING;
CREATE STATISTICS st ON id, m FROM t;
COMMENT ON TYPE mood IS 'mood'; COMMENT ON COLUMN t.m IS 'm'; COMMENT ON DOMAIN feeling IS 'd';
REVOKE USAGE ON TYPE mood FROM PUBLIC;
-- becomes
CREATE TYPE mood AS ENUM ('happy', 'ok', 'great');
CREATE DOMAIN feeling AS mood DEFAULT 'ok' CHECK (VALUE <> 'great');
CREATE TABLE parent (m mood PRIMARY KEY);
CREATE TABLE t (
    id int PRIMARY KEY,
    m mood NOT NULL DEFAULT 'ok' REFERENCES parent,
    ms mood[] DEFAULT '{great}',
    f feeling,
    g text GENERATED ALWAYS AS (CASE m WHEN 'great' THEN 'a' ELSE 'b' END) STORED,
    CHECK (m <> 'happy'), CHECK (m <> ms[1])
);
CREATE INDEX by_mood ON t (m); CREATE INDEX only_sad ON t (id) WHERE m = 'great';
CREATE INDEX computed ON t ((m = 'ok'));
CREATE VIEW v AS SELECT id, m FROM t WHERE m = 'ok'; CREATE VIEW w AS SELECT f FROM t;
CREATE MATERIALIZED VIEW mv AS SELECT m, count(*) AS n FROM v GROUP BY m;
CREATE UNIQUE INDEX ON mv (m);
CREATE FUNCTION f(mood) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t WHERE m = $1';
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE UPDATE OF m ON t FOR EACH ROW WHEN (NEW.m = 'ok') EXECUTE FUNCTION trg();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (m = 'ok');
CREATE RULE r AS ON DELETE TO t WHERE OLD.m = 'ok' DO INSTEAD NOTHING;
CREATE STATISTICS st ON id, m FROM t;
COMMENT ON TYPE mood IS 'moods'; COMMENT ON COLUMN t.m IS 'm'; COMMENT ON DOMAIN feeling IS 'd';
REVOKE USAGE ON TYPE mood FROM PUBLIC; GRANT USAGE ON TYPE mood TO app;

-- case: columns leave an enum that changes
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE other AS ENUM ('ok', 'fine');
CREATE TABLE t (a mood DEFAULT 'ok', b mood, c text, d mood, e text);
CREATE VIEW v AS SELECT a, d FROM t;
-- becomes
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TYPE other AS ENUM ('fine');
CREATE TABLE t (a text DEFAULT 'ok', b other, c mood, d mood NOT NULL, e mood);
CREATE VIEW v AS SELECT a, d, e FROM t;

-- case: values are added and used at once
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a mood DEFAULT 'ok');
-- becomes
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (a mood DEFAULT 'happy', b mood DEFAULT 'happy', CHECK (a <> 'happy' OR b = 'sad'));
CREATE VIEW v AS SELECT a FROM t WHERE a = 'happy';

-- case: a value is added that nothing uses yet
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a mood DEFAULT 'ok');
-- becomes
CREATE TYPE mood AS ENUM ('sad', 'ok', 'so happy');
CREATE TABLE t (a mood DEFAULT 'sad', b mood DEFAULT 'ok', c mood[] DEFAULT '{ok}');

-- case: a value is used in an array
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (a mood[] DEFAULT '{ok}');
-- becomes
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "so" \ happy', 'glad');
CREATE TABLE t (a mood[] DEFAULT '{glad}', b mood DEFAULT 'it''s "so" \ happy', c mood[] DEFAULT ARRAY['it''s "so" \ happy'::mood]);

-- case: a domain in columns gets another base
CREATE DOMAIN amount AS int DEFAULT 1 CHECK (VALUE > 0);
CREATE DOMAIN big AS amount CHECK (VALUE > 10);
CREATE TABLE t (id int PRIMARY KEY, a amount, c big NOT NULL DEFAULT 12, CHECK (a < 100));
CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a, c FROM t;
CREATE TABLE part (a amount, id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (2);
CREATE TABLE base (a amount); CREATE TABLE heir (b int) INHERITS (base);
COMMENT ON DOMAIN amount IS 'a';
-- becomes
CREATE DOMAIN amount AS numeric(10,2) DEFAULT 1.5 CHECK (VALUE > 0) CONSTRAINT low CHECK (VALUE < 1000);
CREATE DOMAIN big AS amount CHECK (VALUE > 10);
CREATE TABLE t (id int PRIMARY KEY, a amount, c big NOT NULL DEFAULT 12, CHECK (a < 100));
CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a, c FROM t;
CREATE TABLE part (a amount, id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (2);
CREATE TABLE base (a amount); CREATE TABLE heir (b int) INHERITS (base);
COMMENT ON DOMAIN amount IS 'a';

-- case: a composite type in columns
CREATE TYPE pair AS (a int, b text);
CREATE TABLE t (p pair, ps pair[]);
CREATE VIEW v AS SELECT (p).a AS a FROM t;
CREATE INDEX i ON t (((p).a));
-- becomes
CREATE TYPE pair AS (a int, c int);
CREATE TABLE t (p pair, ps pair[]);
CREATE VIEW v AS SELECT (p).c AS a FROM t;
CREATE INDEX i ON t (((p).c));

-- case: a composite type that turns, in columns
CREATE TYPE pair AS (a int, "B" text);
CREATE DOMAIN duo AS pair CHECK ((VALUE).a > 0);
CREATE TABLE t (id int, p pair DEFAULT '(1,x)', q duo NOT NULL); CREATE VIEW v AS SELECT (p).a AS a, q FROM t;
CREATE FUNCTION f(pair) RETURNS pair LANGUAGE sql AS 'SELECT $1';
COMMENT ON COLUMN pair.a IS 'a';
-- becomes
CREATE TYPE pair AS ("B" varchar(9), c int, a bigint);
CREATE DOMAIN duo AS pair CHECK ((VALUE).a > 0);
CREATE TABLE t (id int, p pair DEFAULT '(x,1,1)', q duo NOT NULL); CREATE VIEW v AS SELECT (p).a AS a, q FROM t;
CREATE FUNCTION f(pair) RETURNS pair LANGUAGE sql AS 'SELECT $1';
COMMENT ON COLUMN pair.a IS 'a';

-- case: a range type in columns
CREATE TYPE span AS RANGE (subtype = int);
CREATE TABLE t (id int, s span DEFAULT '[1,2)', ss span[], EXCLUDE USING gist (s WITH &&));
-- becomes
CREATE TYPE span AS RANGE (subtype = numeric);
CREATE TABLE t (id int, s span DEFAULT '[1,2)', ss span[], EXCLUDE USING gist (s WITH &&));

-- case: triggers, rules, policies
CREATE TABLE t (id int PRIMARY KEY, a text); CREATE VIEW v AS SELECT * FROM t;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER one AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION trg('x');
CREATE TRIGGER state AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION trg();
CREATE TRIGGER gone AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION trg();
CREATE RULE ins AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (NEW.id, NEW.a);
CREATE POLICY all_rows ON t USING (true); CREATE POLICY few ON t FOR SELECT TO app USING (id > 1);
COMMENT ON TRIGGER one ON t IS 'one'; COMMENT ON RULE ins ON v IS 'ins'; COMMENT ON POLICY few ON t IS 'some';
CREATE STATISTICS s1 ON id, a FROM t;
-- becomes
CREATE TABLE t (id int PRIMARY KEY, a text); CREATE VIEW v AS SELECT * FROM t;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE CONSTRAINT TRIGGER one AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trg('x', 'it''s');
CREATE TRIGGER state AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION trg(); ALTER TABLE t ENABLE ALWAYS TRIGGER state;
CREATE TRIGGER many AFTER UPDATE ON t REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION trg();
CREATE TRIGGER on_view INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION trg();
CREATE RULE ins AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (NEW.id, upper(NEW.a)); 
CREATE RULE off AS ON DELETE TO t DO INSTEAD NOTHING; ALTER TABLE t DISABLE RULE off;
CREATE POLICY all_rows ON t TO app, auditor USING (id > 0) WITH CHECK (id > 2); CREATE POLICY few ON t AS RESTRICTIVE FOR SELECT TO app USING (id > 1);
COMMENT ON TRIGGER one ON t IS 'uno'; COMMENT ON RULE ins ON v IS 'ins'; COMMENT ON POLICY few ON t IS 'some';
CREATE STATISTICS s1 (ndistinct) ON id, a FROM t; ALTER STATISTICS s1 SET STATISTICS 7; COMMENT ON STATISTICS s1 IS 's';

-- case: triggers on partitions
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE p (id int, a int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TRIGGER tr BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION trg();
-- becomes
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE p (id int, a int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
CREATE TRIGGER tr AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION trg();
CREATE TRIGGER own BEFORE INSERT ON p1 FOR EACH ROW EXECUTE FUNCTION trg();

-- case: privileges of tables, columns, sequences
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, a int, b int); CREATE SEQUENCE s; CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT, INSERT ON t TO app; GRANT UPDATE (a) ON t TO app; GRANT SELECT (b) ON t TO auditor WITH GRANT OPTION;
GRANT ALL ON s TO app; GRANT ALL ON v TO app;
-- becomes
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, a int, b int); CREATE SEQUENCE s; CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT (a, b), UPDATE (b), INSERT (a) ON t TO app; GRANT SELECT ON t TO auditor WITH GRANT OPTION; REVOKE TRIGGER ON t FROM CURRENT_USER;
GRANT USAGE ON s TO app; GRANT USAGE ON SEQUENCE t_id_seq TO app; GRANT SELECT (a) ON v TO app; GRANT SELECT ON v TO PUBLIC;
COMMENT ON SEQUENCE s IS 's'; COMMENT ON SEQUENCE t_id_seq IS 'id';

-- case: default privileges stay in force
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT SELECT, UPDATE ON TABLES TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT USAGE ON SEQUENCES TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT EXECUTE ON FUNCTIONS TO app;
-- becomes
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT SELECT, UPDATE ON TABLES TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT USAGE ON SEQUENCES TO app;
ALTER DEFAULT PRIVILEGES IN SCHEMA __TENANT__ GRANT EXECUTE ON FUNCTIONS TO app;
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, n serial); CREATE VIEW v AS SELECT id FROM t; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE UPDATE ON t FROM app; REVOKE ALL ON v FROM app; REVOKE EXECUTE ON FUNCTION f() FROM app;
REVOKE USAGE ON SEQUENCE t_id_seq, t_n_seq FROM app; GRANT SELECT ON t TO app WITH GRANT OPTION;

-- case: functions under indexes and checks
CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a * 2';
CREATE FUNCTION valid(a int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN twice(a) > 2; END';
CREATE TABLE t (a int CHECK (valid(a)), b int GENERATED ALWAYS AS (twice(a)) STORED, c int DEFAULT twice(1));
CREATE INDEX i ON t (twice(a)); CREATE VIEW v AS SELECT twice(a) AS x FROM t;
-- becomes
CREATE FUNCTION twice(b int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT b * 2::bigint';
CREATE FUNCTION valid(a int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN twice(a) > 4; END';
CREATE TABLE t (a int CHECK (valid(a)), b int GENERATED ALWAYS AS (twice(a)) STORED, c int DEFAULT twice(1));
CREATE INDEX i ON t (twice(a)); CREATE VIEW v AS SELECT twice(a) AS x FROM t;

-- case: kinds that change under one name
CREATE VIEW a AS SELECT 1 AS x; CREATE TABLE b (x int); CREATE FUNCTION c() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE d AS ENUM ('x'); CREATE DOMAIN e AS int; CREATE TYPE f AS (a int); CREATE MATERIALIZED VIEW g AS SELECT 1 AS x;
-- becomes
CREATE TABLE a (x int); CREATE VIEW b AS SELECT 1 AS x; CREATE PROCEDURE c() LANGUAGE sql AS 'SELECT 1';
CREATE DOMAIN d AS int; CREATE TYPE e AS (a int); CREATE TABLE f (a int); CREATE SEQUENCE g;

-- case: text search
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple, stopwords = 'english');
CREATE TEXT SEARCH DICTIONARY gone (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION conf (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR asciiword, word WITH plain, simple;
CREATE TABLE t (a text); CREATE INDEX i ON t USING gin (to_tsvector('conf', a));
COMMENT ON TEXT SEARCH CONFIGURATION conf IS 'c';
-- becomes
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple, accept = false);
CREATE TEXT SEARCH DICTIONARY stem (TEMPLATE = snowball, language = 'german', stopwords = german);
CREATE TEXT SEARCH CONFIGURATION conf (PARSER = "default");
ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR asciiword WITH stem; ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR int WITH plain, simple;
CREATE TABLE t (a text); CREATE INDEX i ON t USING gin (to_tsvector('conf', a));
COMMENT ON TEXT SEARCH CONFIGURATION conf IS 'cc'; COMMENT ON TEXT SEARCH DICTIONARY stem IS 's';

-- case: operator classes and families
CREATE FUNCTION below(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > $2';
CREATE FUNCTION compared(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($2, $1)';
CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR FAMILY loose USING btree;
CREATE OPERATOR CLASS turned FOR TYPE int USING btree AS
    OPERATOR 1 <<<, OPERATOR 3 =, FUNCTION 1 compared(int, int);
CREATE TABLE t (a int); CREATE INDEX i ON t (a turned);
COMMENT ON OPERATOR CLASS turned USING btree IS 'c'; COMMENT ON OPERATOR FAMILY loose USING btree IS 'f';
-- becomes
CREATE FUNCTION below(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > $2';
CREATE FUNCTION compared(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp($2, $1)';
CREATE OPERATOR <<< (FUNCTION = below, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR FAMILY loose USING btree;
ALTER OPERATOR FAMILY loose USING btree ADD OPERATOR 1 <(int4, int8), FUNCTION 1 (int4, int8) btint48cmp(int4, int8);
CREATE OPERATOR CLASS turned FOR TYPE int USING btree FAMILY loose AS
    OPERATOR 1 <<<, OPERATOR 3 =, OPERATOR 5 >, FUNCTION 1 compared(int, int);
CREATE OPERATOR CLASS hashed FOR TYPE int USING hash AS OPERATOR 1 =;
CREATE TABLE t (a int); CREATE INDEX i ON t (a turned);
COMMENT ON OPERATOR CLASS turned USING btree IS 'cc';

-- case: what came with 14, from 14
CREATE PROCEDURE p(a int, OUT b int) LANGUAGE plpgsql AS 'BEGIN b := a; END';
CREATE PROCEDURE p(a int, b text) LANGUAGE plpgsql AS 'BEGIN END';
CREATE TABLE t (a int, b text); CREATE STATISTICS s ON (a % 2), lower(b) FROM t;
-- becomes
CREATE PROCEDURE p(a int, OUT b int) LANGUAGE plpgsql AS 'BEGIN b := a + 1; END'; COMMENT ON PROCEDURE p(int, OUT int) IS 'p';
CREATE PROCEDURE p(a int, b text) LANGUAGE plpgsql AS 'BEGIN NULL; END'; GRANT EXECUTE ON PROCEDURE p(int, text) TO app;
CREATE TABLE t (a int, b text); CREATE STATISTICS s ON (a % 3), lower(b) FROM t;

-- case: what came with 15, from 15
CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a FROM t;
CREATE UNIQUE INDEX i ON t (a);
-- becomes
CREATE TABLE t (a int, b text); CREATE VIEW v WITH (security_invoker = true) AS SELECT a FROM t;
CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;

-- case: what came with 16, from 16
CREATE COLLATION c (provider = icu, locale = 'und');
-- becomes
CREATE COLLATION c (provider = icu, locale = 'und', rules = '&a < g');

-- case: what came with 17, from 17
CREATE TABLE t (a int); GRANT MAINTAIN ON t TO app; CREATE COLLATION c (provider = builtin, locale = 'C');
-- becomes
CREATE TABLE t (a int); GRANT SELECT ON t TO app; CREATE COLLATION c (provider = builtin, locale = 'C.UTF-8');

-- case: what came with 18, from 18
CREATE DOMAIN d AS int NOT NULL; CREATE DOMAIN e AS int CONSTRAINT ee NOT NULL; CREATE DOMAIN f AS int; CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c int CONSTRAINT cc NOT NULL);
COMMENT ON CONSTRAINT cc ON t IS 'cc';
-- becomes
CREATE DOMAIN d AS int CONSTRAINT named NOT NULL; CREATE DOMAIN e AS int; CREATE DOMAIN f AS int CONSTRAINT ff NOT NULL; CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 3) VIRTUAL, c int CONSTRAINT dd NOT NULL);
COMMENT ON CONSTRAINT dd ON t IS 'dd'; COMMENT ON CONSTRAINT named ON DOMAIN d IS 'named';
