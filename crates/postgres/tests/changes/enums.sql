-- Enumerated types, and what rests on them.

==== a value added and used at once by default, check, index, view and function
CREATE TYPE s AS ENUM ('a', 'b');
CREATE TABLE t (id integer, s s NOT NULL DEFAULT 'a');
---- new
CREATE TYPE s AS ENUM ('a', 'between', 'b', 'c');
CREATE TABLE t (id integer, s s NOT NULL DEFAULT 'c', CHECK (s <> 'between'));
CREATE INDEX t_s ON t (id) WHERE s = 'c';
CREATE VIEW v AS SELECT * FROM t WHERE s IN ('a', 'between');
CREATE FUNCTION f() RETURNS s LANGUAGE sql AS $$ SELECT 'c'::s $$;
---- rows
INSERT INTO t VALUES (1, 'a'), (2, 'b');
---- rows of new
INSERT INTO t VALUES (1, 'a'), (2, 'b');

==== values renamed, removed and reordered with everything on them
CREATE TYPE s AS ENUM ('draft', 'sent', 'paid', 'void');
COMMENT ON TYPE s IS 'state';
GRANT USAGE ON TYPE s TO app; REVOKE USAGE ON TYPE s FROM PUBLIC;
CREATE DOMAIN ds AS s DEFAULT 'draft' CHECK (VALUE <> 'void');
CREATE TABLE t (id integer PRIMARY KEY, s s NOT NULL DEFAULT 'draft', a s[] DEFAULT '{draft}', d ds);
CREATE INDEX t_s ON t (s); CREATE INDEX t_p ON t (id) WHERE s = 'sent'; CREATE UNIQUE INDEX t_u ON t (s, id);
ALTER TABLE t ADD CONSTRAINT c CHECK (s <> 'void' OR id > 5);
CREATE VIEW v AS SELECT id, s FROM t WHERE s = 'sent';
CREATE MATERIALIZED VIEW m AS SELECT s, count(*) AS n FROM t GROUP BY s;
CREATE INDEX m_s ON m (s);
CREATE FUNCTION f(x s) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT x::text $$;
CREATE FUNCTION g() RETURNS s LANGUAGE sql AS $$ SELECT 'sent'::s $$;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr BEFORE UPDATE OF s ON t FOR EACH ROW WHEN (NEW.s = 'paid') EXECUTE FUNCTION tf();
CREATE POLICY p ON t USING (s <> 'void');
CREATE TYPE comp AS (x s, y integer);
---- new
CREATE TYPE s AS ENUM ('sent', 'draft', 'paid', 'late');
COMMENT ON TYPE s IS 'state';
GRANT USAGE ON TYPE s TO app; REVOKE USAGE ON TYPE s FROM PUBLIC;
CREATE DOMAIN ds AS s DEFAULT 'draft' CHECK (VALUE <> 'late');
CREATE TABLE t (id integer PRIMARY KEY, s s NOT NULL DEFAULT 'draft', a s[] DEFAULT '{draft}', d ds);
CREATE INDEX t_s ON t (s); CREATE INDEX t_p ON t (id) WHERE s = 'sent'; CREATE UNIQUE INDEX t_u ON t (s, id);
ALTER TABLE t ADD CONSTRAINT c CHECK (s <> 'late' OR id > 5);
CREATE VIEW v AS SELECT id, s FROM t WHERE s = 'sent';
CREATE MATERIALIZED VIEW m AS SELECT s, count(*) AS n FROM t GROUP BY s;
CREATE INDEX m_s ON m (s);
CREATE FUNCTION f(x s) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT x::text $$;
CREATE FUNCTION g() RETURNS s LANGUAGE sql AS $$ SELECT 'sent'::s $$;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER tr BEFORE UPDATE OF s ON t FOR EACH ROW WHEN (NEW.s = 'paid') EXECUTE FUNCTION tf();
CREATE POLICY p ON t USING (s <> 'late');
CREATE TYPE comp AS (x s, y integer);
---- rows
INSERT INTO t VALUES (1, 'draft', '{sent,paid}', 'paid'), (2, 'paid', NULL, NULL);
---- rows of new
INSERT INTO t VALUES (1, 'draft', '{sent,paid}', 'paid'), (2, 'paid', NULL, NULL);

==== a value removed under a list partition key (refused in reverse)
CREATE TYPE s AS ENUM ('a', 'b');
CREATE TABLE t (id integer, s s) PARTITION BY LIST (s);
CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a');
---- new
CREATE TYPE s AS ENUM ('a', 'b', 'c');
CREATE TABLE t (id integer, s s) PARTITION BY LIST (s);
CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a');
CREATE TABLE t_c PARTITION OF t FOR VALUES IN ('c');
---- rows
INSERT INTO t VALUES (1, 'a');

==== an enum replaced by a text column with a check, and dropped
CREATE TYPE s AS ENUM ('a', 'b');
CREATE TABLE t (id integer, s s NOT NULL DEFAULT 'a');
CREATE VIEW v AS SELECT s FROM t;
---- new
CREATE TABLE t (id integer, s text NOT NULL DEFAULT 'a', CHECK (s IN ('a', 'b')));
CREATE VIEW v AS SELECT s FROM t;
---- rows
INSERT INTO t VALUES (1, 'a');
---- rows of new
INSERT INTO t VALUES (1, 'a');

==== an enum that becomes another one of another name
CREATE TYPE s AS ENUM ('a', 'b');
CREATE TABLE t (id integer, s s NOT NULL DEFAULT 'a', b s[]);
CREATE FUNCTION f(x s) RETURNS s LANGUAGE sql AS $$ SELECT x $$;
---- new
CREATE TYPE state AS ENUM ('a', 'b', 'c');
CREATE TABLE t (id integer, s state NOT NULL DEFAULT 'c', b state[]);
CREATE FUNCTION f(x state) RETURNS state LANGUAGE sql AS $$ SELECT x $$;
---- rows
INSERT INTO t VALUES (1, 'a', '{a}');
---- rows of new
INSERT INTO t VALUES (1, 'a', '{a}');

==== labels that must be quoted, an empty one, and one that looks like SQL
CREATE TYPE s AS ENUM ('it''s', '', 'a AFTER ''b', 'x\y');
CREATE TABLE t (s s DEFAULT '');
---- new
CREATE TYPE s AS ENUM ('first', 'it''s', 'BEFORE ''', '', 'a AFTER ''b', 'x\y', 'last"');
CREATE TABLE t (s s DEFAULT 'last"', u s DEFAULT 'BEFORE ''');
---- rows
INSERT INTO t VALUES ('it''s');

==== an enum in a range, a composite and an aggregate
CREATE TYPE s AS ENUM ('a', 'b');
CREATE TYPE r AS RANGE (subtype = s);
CREATE TYPE c AS (s s, n integer);
CREATE FUNCTION sf(s, s) RETURNS s LANGUAGE sql IMMUTABLE AS $$ SELECT greatest($1, $2) $$;
CREATE AGGREGATE top(s) (SFUNC = sf, STYPE = s);
---- new
CREATE TYPE s AS ENUM ('b', 'a');
CREATE TYPE r AS RANGE (subtype = s);
CREATE TYPE c AS (s s, n integer);
CREATE FUNCTION sf(s, s) RETURNS s LANGUAGE sql IMMUTABLE AS $$ SELECT greatest($1, $2) $$;
CREATE AGGREGATE top(s) (SFUNC = sf, STYPE = s);

==== an enum column in a partitioned tree, a child table and a table of a type
CREATE TYPE s AS ENUM ('a', 'b', 'gone');
CREATE TABLE t (id integer, s s DEFAULT 'a') PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t2 PARTITION OF t DEFAULT PARTITION BY LIST (id);
CREATE TABLE t3 PARTITION OF t2 DEFAULT;
CREATE INDEX t_s ON t (s);
CREATE TABLE base (id integer, s s);
CREATE TABLE heir (x integer) INHERITS (base);
---- new
CREATE TYPE s AS ENUM ('b', 'a');
CREATE TABLE t (id integer, s s DEFAULT 'a') PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE t2 PARTITION OF t DEFAULT PARTITION BY LIST (id);
CREATE TABLE t3 PARTITION OF t2 DEFAULT;
CREATE INDEX t_s ON t (s);
CREATE TABLE base (id integer, s s);
CREATE TABLE heir (x integer) INHERITS (base);
---- rows
INSERT INTO t VALUES (1, 'a'), (11, 'b'); INSERT INTO heir VALUES (1, 'b', 2); INSERT INTO base VALUES (1, 'a');

==== a value goes together with the only table that holds the type, and the table comes back in another form
CREATE TYPE s AS ENUM ('a', 'b'); CREATE TABLE t (i integer, s s) PARTITION BY LIST (i); CREATE FUNCTION f(s) RETURNS integer LANGUAGE sql AS 'SELECT 1';
---- new
CREATE TYPE s AS ENUM ('b'); CREATE TABLE t (s s); CREATE FUNCTION f(s) RETURNS integer LANGUAGE sql AS 'SELECT 1';
