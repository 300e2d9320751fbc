-- Inheritance.

==== several parents, one more, one fewer, other order
CREATE TABLE a (x integer); CREATE TABLE b (y integer); CREATE TABLE c (z integer);
CREATE TABLE d (w integer) INHERITS (a, b);
---- new
CREATE TABLE a (x integer); CREATE TABLE b (y integer); CREATE TABLE c (z integer);
CREATE TABLE d (w integer, x integer, y integer, z integer); ALTER TABLE d INHERIT b; ALTER TABLE d INHERIT c; ALTER TABLE d INHERIT a;
---- rows
INSERT INTO d VALUES (1, 2, 3);
---- rows of new
INSERT INTO d VALUES (1, 2, 3, 4);

==== an inherited column that the table declares too, and the way back
CREATE TABLE a (x integer, y text);
CREATE TABLE d (x integer, w integer) INHERITS (a);
---- new
CREATE TABLE a (x integer, y text);
CREATE TABLE d (w integer) INHERITS (a);
---- rows
INSERT INTO d (x, w, y) VALUES (1, 2, 'y');
---- rows of new
INSERT INTO d (x, w, y) VALUES (1, 2, 'y');

==== a table leaves its parent, and keeps columns
CREATE TABLE a (x integer DEFAULT 5 NOT NULL, y text CHECK (y <> ''));
CREATE TABLE d (w integer) INHERITS (a);
---- new
CREATE TABLE a (x integer DEFAULT 5 NOT NULL, y text CHECK (y <> ''));
CREATE TABLE d (w integer, x integer DEFAULT 5 NOT NULL, y text CONSTRAINT a_y_check CHECK (y <> ''));
---- rows
INSERT INTO d (w, y) VALUES (1, 'y');
---- rows of new
INSERT INTO d (w, y) VALUES (1, 'y');

==== a table enters under a parent with columns that are only inherited, at birth
CREATE TABLE a (x integer, y text);
CREATE TABLE d (w integer, x integer, y text);
---- new
CREATE TABLE a (x integer, y text);
CREATE TABLE d (w integer) INHERITS (a);
---- rows
INSERT INTO d VALUES (1, 2, 'y');
---- rows of new
INSERT INTO d (w, x, y) VALUES (1, 2, 'y');

==== a parent's column goes, which an heir declared too, and which another one only inherits
CREATE TABLE a (x integer, y text);
CREATE TABLE d (y text, w integer) INHERITS (a);
CREATE TABLE e () INHERITS (a);
CREATE TABLE f () INHERITS (d);
---- new
CREATE TABLE a (x integer);
CREATE TABLE d (y text, w integer) INHERITS (a);
CREATE TABLE e () INHERITS (a);
CREATE TABLE f () INHERITS (d);
---- rows
INSERT INTO d (x, y, w) VALUES (1, 'y', 3); INSERT INTO f VALUES (1, 'z', 4); INSERT INTO e VALUES (1);
---- rows of new
INSERT INTO d (x, y, w) VALUES (1, 'y', 3); INSERT INTO f VALUES (1, 'z', 4); INSERT INTO e VALUES (1);

==== diamonds
CREATE TABLE a (x integer); CREATE TABLE b () INHERITS (a); CREATE TABLE c () INHERITS (a); CREATE TABLE d () INHERITS (b, c);
---- new
CREATE TABLE a (x bigint, n text DEFAULT 'n' NOT NULL); CREATE TABLE b () INHERITS (a); CREATE TABLE c (o integer) INHERITS (a); CREATE TABLE d () INHERITS (b, c);
---- rows
INSERT INTO d VALUES (1); INSERT INTO b VALUES (2);
---- rows of new
INSERT INTO d VALUES (1); INSERT INTO b VALUES (2);

==== checks with and without NO INHERIT, own and inherited, one of the same name below
CREATE TABLE a (x integer, CONSTRAINT c CHECK (x > 0), CONSTRAINT n CHECK (x > -1) NO INHERIT);
CREATE TABLE d (CONSTRAINT c CHECK (x > 0)) INHERITS (a);
---- new
CREATE TABLE a (x integer, CONSTRAINT c CHECK (x > 0) NO INHERIT, CONSTRAINT n CHECK (x > -1));
CREATE TABLE d () INHERITS (a);
---- rows
INSERT INTO d VALUES (1);
---- rows of new
INSERT INTO d VALUES (1);

==== a new root above, a middle one goes (refused)
CREATE TABLE a (x integer); CREATE TABLE b (y integer) INHERITS (a); CREATE TABLE c (z integer) INHERITS (b);
---- new
CREATE TABLE r (q integer); CREATE TABLE a (x integer) INHERITS (r); CREATE TABLE c (z integer, y integer) INHERITS (a);
---- rows
INSERT INTO c VALUES (1, 2, 3);

==== other defaults and NOT NULL in an heir
CREATE TABLE a (x integer DEFAULT 1, y integer);
CREATE TABLE d () INHERITS (a); ALTER TABLE d ALTER COLUMN x SET DEFAULT 2; ALTER TABLE d ALTER COLUMN y SET NOT NULL;
---- new
CREATE TABLE a (x integer DEFAULT 1 NOT NULL, y integer DEFAULT 7);
CREATE TABLE d () INHERITS (a); ALTER TABLE d ALTER COLUMN x SET DEFAULT 3;
---- rows
INSERT INTO d VALUES (1, 2);
---- rows of new
INSERT INTO d VALUES (1, 2);

==== the only parent goes with its table, the heir stays as it is
CREATE TABLE a (x integer NOT NULL, y text); CREATE TABLE d (w integer) INHERITS (a);
CREATE INDEX d_x ON d (x); CREATE VIEW v AS SELECT x, w FROM d;
---- new
CREATE TABLE d (x integer NOT NULL, y text, w integer);
CREATE INDEX d_x ON d (x); CREATE VIEW v AS SELECT x, w FROM d;
---- rows
INSERT INTO d VALUES (1, 'y', 2);
---- rows of new
INSERT INTO d VALUES (1, 'y', 2);

==== an heir gains own declaration of an inherited column while another column is added above (refused)
CREATE TABLE a (x integer); CREATE TABLE d () INHERITS (a); CREATE TABLE e () INHERITS (d);
---- new
CREATE TABLE a (x integer, y integer); CREATE TABLE d (x integer) INHERITS (a); CREATE TABLE e (y integer) INHERITS (d);
---- rows
INSERT INTO d VALUES (1); INSERT INTO e VALUES (2);
---- rows of new
INSERT INTO d VALUES (1); INSERT INTO e VALUES (2);

==== a column comes up above which an heir has already, and shall only inherit (refused forward)
CREATE TABLE a (x integer); CREATE TABLE d (y integer) INHERITS (a);
---- new
CREATE TABLE a (x integer, y integer); CREATE TABLE d () INHERITS (a);
---- rows
INSERT INTO d VALUES (1, 2);
---- rows of new
INSERT INTO d VALUES (1, 2);

==== an heir has its own, indexed, referred to, with trigger, rule, comment, grant, default and view, and shall only inherit
CREATE TABLE a (x integer, y text DEFAULT 'y'); CREATE TABLE d (x integer NOT NULL, y text DEFAULT 'z', w integer);
ALTER TABLE d ADD CONSTRAINT u UNIQUE (x); CREATE INDEX d_y ON d (lower(y)); CREATE TABLE r (x integer REFERENCES d (x));
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER t BEFORE UPDATE ON d FOR EACH ROW EXECUTE FUNCTION tf(); ALTER TABLE d ENABLE ALWAYS TRIGGER t;
CREATE RULE ru AS ON UPDATE TO d DO INSTEAD NOTHING;
CREATE VIEW v AS SELECT x, y FROM d; COMMENT ON COLUMN d.y IS 'y'; GRANT SELECT (y) ON d TO app; ALTER TABLE d ALTER y SET STORAGE EXTERNAL;
---- new
CREATE TABLE a (x integer, y text DEFAULT 'y'); CREATE TABLE d (w integer) INHERITS (a); ALTER TABLE d ALTER x SET NOT NULL; ALTER TABLE d ALTER y SET DEFAULT 'z';
ALTER TABLE d ADD CONSTRAINT u UNIQUE (x); CREATE INDEX d_y ON d (lower(y)); CREATE TABLE r (x integer REFERENCES d (x));
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER t BEFORE UPDATE ON d FOR EACH ROW EXECUTE FUNCTION tf(); ALTER TABLE d ENABLE ALWAYS TRIGGER t;
CREATE RULE ru AS ON UPDATE TO d DO INSTEAD NOTHING;
CREATE VIEW v AS SELECT x, y FROM d; COMMENT ON COLUMN d.y IS 'y'; GRANT SELECT (y) ON d TO app; ALTER TABLE d ALTER y SET STORAGE EXTERNAL;
---- rows
INSERT INTO d VALUES (1, 'a', 2), (2, NULL, 3); INSERT INTO r VALUES (1);
---- rows of new
INSERT INTO d VALUES (1, 'a', 2), (2, NULL, 3); INSERT INTO r VALUES (1);

==== a column is put aside that heirs inherit, at two levels (put aside)
CREATE TABLE a (x integer, y text DEFAULT 'y' NOT NULL);
CREATE TABLE b (z integer) INHERITS (a); CREATE TABLE c () INHERITS (b); CREATE INDEX c_y ON c (y);
ALTER TABLE b ALTER COLUMN x SET NOT NULL; ALTER TABLE c ALTER COLUMN y SET DEFAULT 'c';
---- new
CREATE TABLE a (x integer); CREATE TABLE b (z integer) INHERITS (a); CREATE TABLE c () INHERITS (b);
ALTER TABLE b ALTER COLUMN x SET NOT NULL;
---- rows
INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (2, 'b', 3); INSERT INTO c VALUES (4, 'd', 5);

==== a table comes under two others, with columns that it only inherits from then on, with values, defaults, checks and an heir of its own
CREATE TABLE a (x integer NOT NULL, y text DEFAULT 'y' NOT NULL, z numeric(6,2) CHECK (z > 0)); CREATE TABLE b (v varchar(9) COLLATE "C", u integer DEFAULT 3);
CREATE TABLE d (w integer); CREATE TABLE e (k integer) INHERITS (d); CREATE VIEW s AS SELECT w FROM d;
---- new
CREATE TABLE a (x integer NOT NULL, y text DEFAULT 'y' NOT NULL, z numeric(6,2) CHECK (z > 0)); CREATE TABLE b (v varchar(9) COLLATE "C", u integer DEFAULT 3);
CREATE TABLE d (w integer) INHERITS (a, b); CREATE TABLE e (k integer) INHERITS (d); CREATE VIEW s AS SELECT w, y FROM d;
ALTER TABLE d ALTER y SET STORAGE EXTERNAL, ALTER u SET NOT NULL, ALTER z SET DEFAULT 5; CREATE INDEX d_y ON d (y); COMMENT ON COLUMN d.y IS 'y';
---- rows of new
INSERT INTO d (w, x) VALUES (1, 2); INSERT INTO e (k, x) VALUES (2, 3);

==== a table with rows comes under another one, and one of its columns shall only be inherited, another one comes
CREATE TABLE a (x integer NOT NULL, y text DEFAULT 'y' NOT NULL, g integer); CREATE TABLE d (x integer NOT NULL, w integer);
---- new
CREATE TABLE a (x integer NOT NULL, y text DEFAULT 'y' NOT NULL, g integer); CREATE TABLE d (w integer) INHERITS (a);
---- rows
INSERT INTO d VALUES (1, 2), (3, 4);
---- rows of new
INSERT INTO d (x, w) VALUES (1, 2), (3, 4);

==== a column that is computed comes with the table above
CREATE TABLE a (x integer, g integer GENERATED ALWAYS AS (x * 2) STORED); CREATE TABLE d (x integer, w integer);
---- new
CREATE TABLE a (x integer, g integer GENERATED ALWAYS AS (x * 2) STORED); CREATE TABLE d (x integer, w integer) INHERITS (a);
---- rows
INSERT INTO d VALUES (1, 2);

==== a NOT NULL comes to be inherited, and is the table's alone again (from 18)
CREATE TABLE a (x integer CONSTRAINT n NOT NULL NO INHERIT, y integer); CREATE TABLE d () INHERITS (a); CREATE TABLE e (x integer CONSTRAINT own NOT NULL) INHERITS (a);
---- new
CREATE TABLE a (x integer CONSTRAINT n NOT NULL, y integer); CREATE TABLE d () INHERITS (a); CREATE TABLE e (x integer CONSTRAINT own NOT NULL) INHERITS (a);
---- rows
INSERT INTO d VALUES (1, 2); INSERT INTO e VALUES (1, 2);
---- rows of new
INSERT INTO d VALUES (1, 2); INSERT INTO e VALUES (1, 2);
