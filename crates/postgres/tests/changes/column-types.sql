-- Columns of another type, and what rests on them.

==== int to bigint under a view, an index, a default, a check, a foreign key from elsewhere
CREATE TABLE a (id integer PRIMARY KEY, n integer DEFAULT 7 CHECK (n > 0));
CREATE INDEX a_n ON a (n) WHERE n > 10;
CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES a);
CREATE VIEW v AS SELECT id, n FROM a WHERE n > 5;
CREATE VIEW w AS SELECT v.id, count(*) AS c FROM v JOIN b ON b.a_id = v.id GROUP BY v.id;
---- new
CREATE TABLE a (id bigint PRIMARY KEY, n bigint DEFAULT 7 CHECK (n > 0));
CREATE INDEX a_n ON a (n) WHERE n > 10;
CREATE TABLE b (id integer PRIMARY KEY, a_id bigint REFERENCES a);
CREATE VIEW v AS SELECT id, n FROM a WHERE n > 5;
CREATE VIEW w AS SELECT v.id, count(*) AS c FROM v JOIN b ON b.a_id = v.id GROUP BY v.id;
---- rows
INSERT INTO a VALUES (1, 11), (2, 22); INSERT INTO b VALUES (1, 1), (2, 2), (3, NULL);
---- rows of new
INSERT INTO a VALUES (1, 11), (2, 22); INSERT INTO b VALUES (1, 1), (2, 2), (3, NULL);

==== text to uuid under a generated column, a policy and a trigger on the column
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE a (id integer PRIMARY KEY, u text NOT NULL, h text GENERATED ALWAYS AS (lower(u)) STORED);
CREATE TRIGGER t BEFORE UPDATE OF u ON a FOR EACH ROW WHEN (OLD.u IS DISTINCT FROM NEW.u) EXECUTE FUNCTION tf();
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON a USING (u IS NOT NULL);
CREATE INDEX a_h ON a (h);
---- new
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE a (id integer PRIMARY KEY, u uuid NOT NULL, h text GENERATED ALWAYS AS (lower(u::text)) STORED);
CREATE TRIGGER t BEFORE UPDATE OF u ON a FOR EACH ROW WHEN (OLD.u IS DISTINCT FROM NEW.u) EXECUTE FUNCTION tf();
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON a USING (u IS NOT NULL);
CREATE INDEX a_h ON a (h);
---- rows
INSERT INTO a (id, u) VALUES (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (2, 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
---- rows of new
INSERT INTO a (id, u) VALUES (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (2, 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');

==== varchar to text and length changes, with expression and pattern indexes
CREATE TABLE a (id serial PRIMARY KEY, n varchar(50), m varchar(10) NOT NULL DEFAULT 'x', o char(3));
CREATE INDEX a_n ON a (n varchar_pattern_ops);
CREATE INDEX a_l ON a (lower(n));
CREATE UNIQUE INDEX a_m ON a (m, n) WHERE m <> 'x';
---- new
CREATE TABLE a (id serial PRIMARY KEY, n text, m varchar(20) NOT NULL DEFAULT 'x', o text);
CREATE INDEX a_n ON a (n text_pattern_ops);
CREATE INDEX a_l ON a (lower(n));
CREATE UNIQUE INDEX a_m ON a (m, n) WHERE m <> 'x';
---- rows
INSERT INTO a (n, m) VALUES ('Hello', 'a'), (NULL, 'b'), ('ü', 'x');
---- rows of new
INSERT INTO a (n, m, o) VALUES ('Hello', 'a', 'abc'), (NULL, 'b', 'd'), ('ü', 'x', NULL);

==== timestamp to timestamptz with an index, a default and a materialized view
CREATE TABLE e (id bigserial PRIMARY KEY, at timestamp DEFAULT now() NOT NULL, d date);
CREATE INDEX e_at ON e (at DESC);
CREATE INDEX e_day ON e (date_trunc('day', at));
CREATE MATERIALIZED VIEW m AS SELECT at::date AS d, count(*) AS n FROM e GROUP BY 1;
CREATE UNIQUE INDEX m_d ON m (d);
---- new
CREATE TABLE e (id bigserial PRIMARY KEY, at timestamptz DEFAULT now() NOT NULL, d timestamp);
CREATE INDEX e_at ON e (at DESC);
CREATE INDEX e_day ON e (date_trunc('day', at AT TIME ZONE 'UTC'));
CREATE MATERIALIZED VIEW m AS SELECT at::date AS d, count(*) AS n FROM e GROUP BY 1;
CREATE UNIQUE INDEX m_d ON m (d);
---- rows
INSERT INTO e (at, d) VALUES ('2024-01-01 10:00', '2024-01-01'), ('2024-02-01 10:00', NULL);

==== text to enum and back with default and check
CREATE TABLE a (id integer, s text NOT NULL DEFAULT 'new', CONSTRAINT s_ok CHECK (s IN ('new', 'old')));
CREATE INDEX a_s ON a (s) WHERE s = 'new';
---- new
CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE a (id integer, s state NOT NULL DEFAULT 'new');
CREATE INDEX a_s ON a (s) WHERE s = 'new';
---- rows
INSERT INTO a VALUES (1, 'new'), (2, 'old');
---- rows of new
INSERT INTO a VALUES (1, 'new'), (2, 'old');

==== text array to enum array and varchar array
CREATE TABLE a (id integer, s text[] NOT NULL DEFAULT '{}', t text[]);
---- new
CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE a (id integer, s state[] NOT NULL DEFAULT '{}', t varchar(20)[]);
---- rows
INSERT INTO a VALUES (1, '{new,old}', '{a,b}'), (2, '{}', NULL);
---- rows of new
INSERT INTO a VALUES (1, '{new,old}', '{a,b}'), (2, '{}', NULL);

==== json to jsonb with gin index and a function over it
CREATE TABLE a (id integer, j json NOT NULL DEFAULT '{}');
CREATE FUNCTION g(a) RETURNS text LANGUAGE sql AS $$ SELECT $1.j ->> 'x' $$;
CREATE INDEX a_j ON a ((j ->> 'x'));
---- new
CREATE TABLE a (id integer, j jsonb NOT NULL DEFAULT '{}');
CREATE FUNCTION g(a) RETURNS text LANGUAGE sql AS $$ SELECT $1.j ->> 'x' $$;
CREATE INDEX a_j ON a ((j ->> 'x'));
CREATE INDEX a_g ON a USING gin (j jsonb_path_ops);
---- rows
INSERT INTO a VALUES (1, '{"x": "y"}');
---- rows of new
INSERT INTO a VALUES (1, '{"x": "y"}');

==== both ends of a foreign key change type, composite key, self reference
CREATE TABLE p (a integer, b varchar(10), up integer, PRIMARY KEY (a, b), UNIQUE (a));
ALTER TABLE p ADD FOREIGN KEY (up) REFERENCES p (a);
CREATE TABLE c (id integer, a integer, b varchar(10), FOREIGN KEY (a, b) REFERENCES p ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED);
---- new
CREATE TABLE p (a bigint, b text, up bigint, PRIMARY KEY (a, b), UNIQUE (a));
ALTER TABLE p ADD FOREIGN KEY (up) REFERENCES p (a);
CREATE TABLE c (id integer, a bigint, b text, FOREIGN KEY (a, b) REFERENCES p ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED);
---- rows
INSERT INTO p VALUES (1, 'x', NULL), (2, 'y', 1); INSERT INTO c VALUES (1, 1, 'x');
---- rows of new
INSERT INTO p VALUES (1, 'x', NULL), (2, 'y', 1); INSERT INTO c VALUES (1, 1, 'x');

==== boolean and integer, with default and partial index
CREATE TABLE a (id integer, f boolean DEFAULT false NOT NULL);
CREATE INDEX a_f ON a (id) WHERE f;
---- new
CREATE TABLE a (id integer, f integer DEFAULT 0 NOT NULL);
CREATE INDEX a_f ON a (id) WHERE f > 0;
---- rows
INSERT INTO a VALUES (1, true), (2, false);
---- rows of new
INSERT INTO a VALUES (1, 1), (2, 0);

==== statistics, comment, column grant, storage and a not valid check outlive a type change
CREATE TABLE a (id integer, n integer, t varchar(10));
ALTER TABLE a ALTER COLUMN n SET STATISTICS 500;
ALTER TABLE a ALTER COLUMN t SET STORAGE EXTERNAL;
ALTER TABLE a ADD CONSTRAINT nn CHECK (n > 3) NOT VALID;
COMMENT ON COLUMN a.n IS 'n';
GRANT SELECT (n), UPDATE (t) ON a TO app;
CREATE STATISTICS st (dependencies) ON id, n FROM a;
COMMENT ON CONSTRAINT nn ON a IS 'check';
---- new
CREATE TABLE a (id integer, n numeric(12,2), t text);
ALTER TABLE a ALTER COLUMN n SET STATISTICS 500;
ALTER TABLE a ALTER COLUMN t SET STORAGE EXTERNAL;
ALTER TABLE a ADD CONSTRAINT nn CHECK (n > 3) NOT VALID;
COMMENT ON COLUMN a.n IS 'n';
GRANT SELECT (n), UPDATE (t) ON a TO app;
CREATE STATISTICS st (dependencies) ON id, n FROM a;
COMMENT ON CONSTRAINT nn ON a IS 'check';
---- rows
INSERT INTO a VALUES (1, 5, 'x');

==== a row type in a function, a view of whole rows, and an array of rows, when a column changes
CREATE TABLE a (id integer, n integer);
CREATE FUNCTION f(x a) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT x.n $$;
CREATE FUNCTION s() RETURNS SETOF a LANGUAGE sql AS $$ SELECT * FROM a $$;
CREATE VIEW v AS SELECT a AS whole, f(a.*) AS g FROM a;
---- new
CREATE TABLE a (id integer, n bigint);
CREATE FUNCTION f(x a) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT x.n $$;
CREATE FUNCTION s() RETURNS SETOF a LANGUAGE sql AS $$ SELECT * FROM a $$;
CREATE VIEW v AS SELECT a AS whole, f(a.*) AS g FROM a;
---- rows
INSERT INTO a VALUES (1, 5);

==== a table's row type in a column of another table, when it changes (refused)
CREATE TABLE a (id integer, n integer);
CREATE TABLE b (id integer, r a);
---- new
CREATE TABLE a (id integer, n bigint);
CREATE TABLE b (id integer, r a);

==== citext and text
CREATE TABLE a (id integer, m text NOT NULL UNIQUE);
CREATE INDEX a_m ON a (lower(m));
CREATE VIEW v AS SELECT m FROM a WHERE m = 'X';
---- new
CREATE TABLE a (id integer, m citext NOT NULL UNIQUE);
CREATE INDEX a_m ON a (lower(m));
CREATE VIEW v AS SELECT m FROM a WHERE m = 'X';
---- rows
INSERT INTO a VALUES (1, 'X'), (2, 'Y');
---- rows of new
INSERT INTO a VALUES (1, 'X'), (2, 'Y');

==== hstore and jsonb (refused in reverse)
CREATE TABLE a (id integer, h hstore DEFAULT ''::hstore NOT NULL);
CREATE INDEX a_h ON a USING gin (h);
---- new
CREATE TABLE a (id integer, h jsonb DEFAULT '{}'::jsonb NOT NULL);
CREATE INDEX a_h ON a USING gin (h);
---- rows
INSERT INTO a VALUES (1, 'a=>1');

==== interval and numeric modifiers, bit, time
CREATE TABLE a (id integer, i interval, n numeric(6,2), b bit(3), t time, v bit varying(5), f real);
---- new
CREATE TABLE a (id integer, i interval day to second(3), n numeric(10,4), b bit varying(5), t time(3), v bit varying(9), f double precision);
---- rows
INSERT INTO a VALUES (1, '3 days 04:05:06', 12.34, B'101', '10:11:12', B'1', 1.5);

==== a primary key from integer to uuid which nothing can convert
CREATE TABLE a (id integer PRIMARY KEY, x text);
CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a);
CREATE VIEW v AS SELECT a.id, b.id AS b FROM a JOIN b ON b.a = a.id;
---- new
CREATE TABLE a (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, x text);
CREATE TABLE b (id integer PRIMARY KEY, a uuid REFERENCES a);
CREATE VIEW v AS SELECT a.id, b.id AS b FROM a JOIN b ON b.a = a.id;

==== a column's collation with an index of its own
CREATE TABLE a (id integer, t text COLLATE "C", u text);
CREATE INDEX a_t ON a (t);
CREATE INDEX a_u ON a (u COLLATE "C" text_pattern_ops DESC NULLS LAST);
CREATE VIEW v AS SELECT t FROM a ORDER BY t;
---- new
CREATE TABLE a (id integer, t text, u text COLLATE "POSIX");
CREATE INDEX a_t ON a (t);
CREATE INDEX a_u ON a (u COLLATE "C" text_pattern_ops DESC NULLS LAST);
CREATE VIEW v AS SELECT t FROM a ORDER BY t;
---- rows
INSERT INTO a VALUES (1, 'b', 'c'), (2, 'a', 'd');

==== unique constraint, exclusion, cluster and replica identity on a retyped column
CREATE TABLE a (id integer NOT NULL, n integer NOT NULL, r int4range, CONSTRAINT u UNIQUE (n) INCLUDE (id), EXCLUDE USING gist (r WITH &&));
CREATE UNIQUE INDEX i ON a (id);
ALTER TABLE a CLUSTER ON u;
ALTER TABLE a REPLICA IDENTITY USING INDEX i;
---- new
CREATE TABLE a (id bigint NOT NULL, n bigint NOT NULL, r int4range, CONSTRAINT u UNIQUE (n) INCLUDE (id), EXCLUDE USING gist (r WITH &&));
CREATE UNIQUE INDEX i ON a (id);
ALTER TABLE a CLUSTER ON u;
ALTER TABLE a REPLICA IDENTITY USING INDEX i;
---- rows
INSERT INTO a VALUES (1, 1, '[1,3)'), (2, 2, '[4,5)');

==== a rule, a view's trigger and grants on a view come back
CREATE TABLE a (id integer, n integer);
CREATE TABLE log (t text);
CREATE VIEW v AS SELECT id, n FROM a;
CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO a VALUES (NEW.id, NEW.n);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION tf();
GRANT SELECT ON v TO app; GRANT INSERT (id) ON v TO auditor;
COMMENT ON VIEW v IS 'the view'; COMMENT ON COLUMN v.n IS 'n of v';
ALTER VIEW v ALTER COLUMN n SET DEFAULT 5;
CREATE RULE l AS ON DELETE TO a DO ALSO INSERT INTO log VALUES (OLD.n::text);
---- new
CREATE TABLE a (id integer, n bigint);
CREATE TABLE log (t text);
CREATE VIEW v AS SELECT id, n FROM a;
CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO a VALUES (NEW.id, NEW.n);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION tf();
GRANT SELECT ON v TO app; GRANT INSERT (id) ON v TO auditor;
COMMENT ON VIEW v IS 'the view'; COMMENT ON COLUMN v.n IS 'n of v';
ALTER VIEW v ALTER COLUMN n SET DEFAULT 5;
CREATE RULE l AS ON DELETE TO a DO ALSO INSERT INTO log VALUES (OLD.n::text);

==== generated columns: another expression, another type, made ordinary, made generated
CREATE TABLE a (id integer, n integer, g integer GENERATED ALWAYS AS (n + 1) STORED, h integer GENERATED ALWAYS AS (n * 2) STORED, i integer, j text GENERATED ALWAYS AS (n::text) STORED);
CREATE INDEX a_g ON a (g); CREATE VIEW v AS SELECT g, h FROM a;
ALTER TABLE a ADD CONSTRAINT gc CHECK (g > 0);
---- new
CREATE TABLE a (id integer, n integer, g integer GENERATED ALWAYS AS (n + 2) STORED, h integer, i integer GENERATED ALWAYS AS (n * 3) STORED, j varchar(20) GENERATED ALWAYS AS (n::text) STORED);
CREATE INDEX a_g ON a (g); CREATE VIEW v AS SELECT g, h FROM a;
ALTER TABLE a ADD CONSTRAINT gc CHECK (g > 0);
---- rows
INSERT INTO a (id, n) VALUES (1, 1), (2, 2);
---- rows of new
INSERT INTO a (id, n) VALUES (1, 1), (2, 2);

==== a generated column whose source changes type, with a foreign key and a unique index on the generated one
CREATE TABLE p (k text PRIMARY KEY);
CREATE TABLE a (id integer, n integer, k text GENERATED ALWAYS AS (n::text) STORED REFERENCES p);
CREATE UNIQUE INDEX a_k ON a (k);
---- new
CREATE TABLE p (k text PRIMARY KEY);
CREATE TABLE a (id integer, n bigint, k text GENERATED ALWAYS AS (n::text) STORED REFERENCES p);
CREATE UNIQUE INDEX a_k ON a (k);
---- rows
INSERT INTO p VALUES ('1'); INSERT INTO a (id, n) VALUES (1, 1);

==== virtual and stored generated columns (from 18)
CREATE TABLE a (id integer, n integer, g integer GENERATED ALWAYS AS (n + 1) VIRTUAL, h integer GENERATED ALWAYS AS (n + 1) STORED, i integer GENERATED ALWAYS AS (n) VIRTUAL);
---- new
CREATE TABLE a (id integer, n integer, g integer GENERATED ALWAYS AS (n + 2) VIRTUAL, h integer GENERATED ALWAYS AS (n + 1) VIRTUAL, i integer GENERATED ALWAYS AS (n) STORED);
---- rows
INSERT INTO a (id, n) VALUES (1, 1);

==== ranges and arrays between whose types there is no cast are made anew, with an exclusion constraint over one of them
CREATE TABLE t (id integer, r int4range, a integer[], v tsvector, EXCLUDE USING gist (r WITH &&)); CREATE INDEX i ON t USING gin (a);
---- new
CREATE TABLE t (id integer, r int8range, a uuid[], v jsonpath, EXCLUDE USING gist (r WITH &&)); CREATE INDEX i ON t USING gin (a);

==== a column stops being computed, keeps its values, and what it was computed of goes or gets another type, while the table changes
CREATE TABLE t (id integer PRIMARY KEY, gone text NOT NULL, n text, g text GENERATED ALWAYS AS (gone || n) STORED NOT NULL, h text GENERATED ALWAYS AS (lower(n)) STORED UNIQUE);
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE INDEX i ON t (g); CREATE VIEW v AS SELECT g, h FROM t; CREATE TABLE r (h text REFERENCES t (h));
---- new
CREATE TABLE t (id integer PRIMARY KEY, n varchar(40), g text NOT NULL, h text UNIQUE) WITH (fillfactor = 50);
CREATE INDEX i ON t (g); CREATE VIEW v AS SELECT g, h FROM t; CREATE TABLE r (h text REFERENCES t (h));
---- rows
INSERT INTO t (id, gone, n) VALUES (1, 'x', 'Y'); INSERT INTO r VALUES ('y');
