-- Pairs of definitions for tests/kinds.rs: tables and what is in them.
-- case: partitions with names of their own
CREATE TABLE event (id bigint NOT NULL, at date NOT NULL, kind text, CONSTRAINT event_key PRIMARY KEY (id, at), CONSTRAINT kind_ok CHECK (kind <> '')) PARTITION BY RANGE (at);
CREATE TABLE event_old (id bigint NOT NULL, at date NOT NULL, kind text, CONSTRAINT old_key PRIMARY KEY (id, at), CONSTRAINT kind_ok CHECK (kind <> ''), CONSTRAINT own_check CHECK (id > 0));
CREATE INDEX old_kind ON event_old (kind);
CREATE INDEX event_kind ON event (kind);
ALTER TABLE event ATTACH PARTITION event_old FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
-- becomes
CREATE TABLE event (id bigint NOT NULL, at date NOT NULL, kind text NOT NULL, note text DEFAULT 'n', CONSTRAINT event_key PRIMARY KEY (at, id), CONSTRAINT kind_ok CHECK (kind <> 'x')) PARTITION BY RANGE (at);
CREATE TABLE event_old (id bigint NOT NULL, at date NOT NULL, kind text NOT NULL, note text DEFAULT 'old', CONSTRAINT renamed_key PRIMARY KEY (at, id), CONSTRAINT kind_ok CHECK (kind <> 'x'));
CREATE INDEX old_kind_renamed ON event_old (kind);
CREATE INDEX event_kind ON event (kind);
CREATE INDEX event_note ON event (note);
ALTER TABLE event ATTACH PARTITION event_old FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2021-01-01') TO ('2023-01-01');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
-- case: a partition is detached and stays
CREATE TABLE p (id int PRIMARY KEY, v text CHECK (v <> ''), w text) PARTITION BY LIST (id);
CREATE INDEX p_v ON p (v);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
-- becomes
CREATE TABLE p (id int PRIMARY KEY, v text CHECK (v <> ''), x text) PARTITION BY LIST (id);
CREATE INDEX p_v ON p (v);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 (id int PRIMARY KEY, v text CONSTRAINT p_v_check CHECK (v <> ''), w text);
CREATE INDEX p2_v_idx ON p2 (v);
-- case: foreign keys from and to partitioned tables
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE orders (id int, customer int, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE orders_0 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE item (id int PRIMARY KEY, of int);
-- becomes
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE orders (id int, customer int REFERENCES customer ON DELETE CASCADE, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE orders_0 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE item (id int PRIMARY KEY, of int REFERENCES orders);
-- case: partitions of partitions
CREATE TABLE m (a int, b int, c text) PARTITION BY LIST (a);
CREATE TABLE m_1 PARTITION OF m FOR VALUES IN (1) PARTITION BY LIST (b);
CREATE TABLE m_1_1 PARTITION OF m_1 FOR VALUES IN (1);
-- becomes
CREATE TABLE m (a int, b int, c text NOT NULL, d int DEFAULT 7, UNIQUE (a, b)) PARTITION BY LIST (a);
CREATE INDEX m_c ON m (c) WHERE c <> '';
CREATE TABLE m_1 PARTITION OF m FOR VALUES IN (1) PARTITION BY LIST (b);
CREATE TABLE m_1_1 PARTITION OF m_1 FOR VALUES IN (1);
CREATE TABLE m_1_2 PARTITION OF m_1 FOR VALUES IN (2);
CREATE TABLE m_2 PARTITION OF m FOR VALUES IN (2);
-- case: a partitioned column changes its type
CREATE TABLE t (id int, v int DEFAULT 3, w varchar(10)) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE VIEW seen AS SELECT v, w FROM t1;
-- becomes
CREATE TABLE t (id int, v bigint DEFAULT 4, w text) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);
ALTER TABLE t1 ALTER v SET DEFAULT 9;
CREATE VIEW seen AS SELECT v, w FROM t1;
-- case: inheritance
CREATE TABLE base (id int NOT NULL, name text DEFAULT 'a', CHECK (id > 0));
CREATE TABLE leaf (extra text) INHERITS (base);
CREATE TABLE other (name text);
-- becomes
CREATE TABLE base (id int NOT NULL, name text DEFAULT 'b', added date DEFAULT now(), CHECK (id > 1));
CREATE TABLE leaf (extra text) INHERITS (base);
ALTER TABLE leaf ALTER name SET DEFAULT 'c';
ALTER TABLE leaf ALTER added DROP DEFAULT;
CREATE TABLE second (name text) INHERITS (base);
CREATE TABLE other (name text);
-- case: inheritance that is added and removed
CREATE TABLE base (id int, name text);
CREATE TABLE leaf (id int, name text, more int);
CREATE TABLE was (id int, name text) INHERITS (base);
-- becomes
CREATE TABLE base (id int, name text, CONSTRAINT c CHECK (id > 0));
CREATE TABLE leaf (id int, name text, more int, CONSTRAINT c CHECK (id > 0)) INHERITS (base);
CREATE TABLE was (id int, name text);
-- case: a column that two tables share
CREATE TABLE base (id int);
CREATE TABLE leaf (own int) INHERITS (base);
-- becomes
CREATE TABLE base (id int, both_have text);
CREATE TABLE leaf (own int, both_have text) INHERITS (base);
-- case: serial to identity and back
CREATE TABLE a (id serial PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT 5));
CREATE TABLE b (id bigint GENERATED ALWAYS AS IDENTITY);
-- becomes
CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 1 MAXVALUE 100 CYCLE));
CREATE TABLE b (id bigserial NOT NULL);
-- case: identity becomes wider
CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE b (id int REFERENCES a);
-- becomes
CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE b (id bigint REFERENCES a);
-- case: sequences change owners and bounds
CREATE SEQUENCE s;
CREATE SEQUENCE u START 5;
CREATE TABLE t (id int, v int DEFAULT nextval('s'));
ALTER SEQUENCE u OWNED BY t.id;
-- becomes
CREATE SEQUENCE s AS int MINVALUE 100 INCREMENT 10 CACHE 4;
CREATE SEQUENCE u START 5 MAXVALUE 1000 CYCLE;
CREATE TABLE t (id int, v int DEFAULT nextval('u'));
ALTER SEQUENCE s OWNED BY t.id;
-- case: constraints of all sorts
CREATE TABLE x (id int PRIMARY KEY, a int, b int, r int4range, UNIQUE (a) WITH (fillfactor = 50));
CREATE TABLE y (id int, x int CONSTRAINT y_x REFERENCES x (id), a int);
ALTER TABLE y ADD CONSTRAINT y_a FOREIGN KEY (a) REFERENCES x (a) NOT VALID;
ALTER TABLE y ADD CONSTRAINT pos CHECK (id > 0) NOT VALID;
-- becomes
CREATE TABLE x (id int, a int, b int, r int4range, CONSTRAINT x_pkey PRIMARY KEY (id) DEFERRABLE, CONSTRAINT x_a_key UNIQUE (a) INCLUDE (b) WITH (fillfactor = 60), EXCLUDE USING gist (r WITH &&) WHERE (a > 0));
CREATE TABLE y (id int, x int, a int CONSTRAINT y_a REFERENCES x (a) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, CONSTRAINT pos CHECK (id > 0), CONSTRAINT quiet CHECK (id < 99) NO INHERIT);
-- case: foreign keys that are deferred, validated and mutual
CREATE TABLE l (id int PRIMARY KEY, r int);
CREATE TABLE r (id int PRIMARY KEY, l int);
ALTER TABLE r ADD CONSTRAINT fk FOREIGN KEY (l) REFERENCES l NOT VALID;
-- becomes
CREATE TABLE l (id int PRIMARY KEY, r int);
CREATE TABLE r (id int PRIMARY KEY, l int CONSTRAINT fk REFERENCES l DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE l ADD CONSTRAINT fk FOREIGN KEY (r) REFERENCES r MATCH FULL ON UPDATE CASCADE;
ALTER TABLE l ADD CONSTRAINT self FOREIGN KEY (r) REFERENCES l (id);
-- case: names that change hands
CREATE TABLE t (id int, a int, b int);
CREATE INDEX one ON t (a);
CREATE INDEX two ON t (b);
CREATE UNIQUE INDEX slot ON t (id);
CREATE SEQUENCE taken;
-- becomes
CREATE TABLE t (id int, a int, b int, CONSTRAINT slot UNIQUE (id));
CREATE INDEX one ON t (b);
CREATE INDEX two ON t (a);
CREATE VIEW taken AS SELECT 1 AS x;
-- case: columns of all sorts
CREATE TABLE t (id int, name text COLLATE "C", body text, g int GENERATED ALWAYS AS (id + 1) STORED, n int NOT NULL DEFAULT 1);
ALTER TABLE t ALTER body SET STORAGE EXTERNAL, ALTER name SET STATISTICS 500, ALTER n SET (n_distinct = 5);
-- becomes
CREATE TABLE t (id bigint, name varchar(20), body text, g bigint GENERATED ALWAYS AS (id + 2) STORED, n int, h text GENERATED ALWAYS AS (lower(name)) STORED);
ALTER TABLE t ALTER body SET STORAGE MAIN, ALTER name SET STATISTICS 100, ALTER n SET (n_distinct = 6, n_distinct_inherited = 2);
-- case: a type that changes below everything
CREATE TABLE t (id int PRIMARY KEY, v varchar(10) DEFAULT 'x' CHECK (v IN ('x', 'y')), n text DEFAULT '0', amount numeric(10,2));
CREATE INDEX t_v ON t (lower(v)) WHERE v <> '';
CREATE TABLE d (t int REFERENCES t, v varchar(10));
CREATE VIEW w AS SELECT v, n FROM t;
CREATE VIEW ww AS SELECT * FROM w;
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tt BEFORE UPDATE OF v ON t FOR EACH ROW WHEN (NEW.v IS DISTINCT FROM OLD.v) EXECUTE FUNCTION tr();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY pp ON t USING (v = 'x');
CREATE RULE rr AS ON DELETE TO d WHERE OLD.v = 'x' DO INSTEAD NOTHING;
-- becomes
CREATE TABLE t (id bigint PRIMARY KEY, v text DEFAULT 'x' CHECK (v IN ('x', 'y')), n int DEFAULT 0, amount numeric(8,1));
CREATE INDEX t_v ON t (lower(v)) WHERE v <> '';
CREATE TABLE d (t bigint REFERENCES t, v text);
CREATE VIEW w AS SELECT v, n FROM t;
CREATE VIEW ww AS SELECT * FROM w;
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tt BEFORE UPDATE OF v ON t FOR EACH ROW WHEN (NEW.v IS DISTINCT FROM OLD.v) EXECUTE FUNCTION tr();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY pp ON t USING (v = 'x');
CREATE RULE rr AS ON DELETE TO d WHERE OLD.v = 'x' DO INSTEAD NOTHING;
-- case: types without a cast
CREATE TABLE t (id int, u uuid, j jsonb, b boolean, d date, e text[]);
-- becomes
CREATE TABLE t (id int, u int, j text, b int, d timestamptz, e int[]);
-- case: replica identity and cluster
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL);
CREATE UNIQUE INDEX ta ON t (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX ta;
ALTER TABLE t CLUSTER ON ta;
CREATE TABLE f (id int PRIMARY KEY);
ALTER TABLE f REPLICA IDENTITY FULL;
-- becomes
CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL);
CREATE UNIQUE INDEX ta ON t (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
ALTER TABLE t CLUSTER ON t_pkey;
CREATE TABLE f (id int PRIMARY KEY);
ALTER TABLE f REPLICA IDENTITY NOTHING;
-- case: settings of tables
CREATE TABLE t (id int, b text) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
CREATE UNLOGGED TABLE u (id int);
CREATE TYPE row AS (a int, b text);
CREATE TABLE v OF row (PRIMARY KEY (a));
ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- becomes
CREATE TABLE t (id int, b text) WITH (autovacuum_enabled = off);
CREATE TABLE u (id int);
CREATE TYPE row AS (a int, b text);
CREATE TABLE v (a int NOT NULL, b text, PRIMARY KEY (a));
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- case: indexes of all sorts
CREATE TABLE t (id int, a text, b int);
CREATE INDEX i ON t (a) WITH (fillfactor = 50);
CREATE INDEX e ON t ((lower(a) || 'x'));
ALTER INDEX e ALTER COLUMN 1 SET STATISTICS 300;
CREATE INDEX same ON t USING hash (a);
-- becomes
CREATE TABLE t (id int, a text, b int);
CREATE INDEX i ON t (a) WITH (fillfactor = 60);
CREATE INDEX e ON t ((lower(a) || 'x'));
ALTER INDEX e ALTER COLUMN 1 SET STATISTICS 200;
CREATE UNIQUE INDEX same ON t (a text_pattern_ops DESC NULLS LAST, b) INCLUDE (id) WHERE b > 0;
-- case: a column gets a sequence that is there
CREATE SEQUENCE s;
CREATE TABLE t (id int);
-- becomes
CREATE SEQUENCE s;
CREATE TABLE t (id int, n bigint NOT NULL DEFAULT nextval('s'), k serial);
ALTER SEQUENCE s OWNED BY t.n;
-- case: tables in a circle
CREATE TABLE a (id int PRIMARY KEY);
-- becomes
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a, c int);
CREATE TABLE c (id int PRIMARY KEY, b int REFERENCES b);
ALTER TABLE b ADD FOREIGN KEY (c) REFERENCES c;
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
-- case: partitioned or not
CREATE TABLE t (id int, v text);
CREATE TABLE p (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
-- becomes
CREATE TABLE t (id int, v text) PARTITION BY LIST (id);
CREATE TABLE p (id int, v text);
