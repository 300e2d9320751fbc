-- Partitioned tables.

==== sub-partitions and a default come, an index and a key on top
CREATE TABLE m (id integer NOT NULL, at date NOT NULL, r text) PARTITION BY RANGE (at);
CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
---- new
CREATE TABLE m (id integer NOT NULL, at date NOT NULL, r text, PRIMARY KEY (id, at, r)) PARTITION BY RANGE (at);
CREATE INDEX m_r ON m (r);
CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE m_2 PARTITION OF m FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY LIST (r);
CREATE TABLE m_2_a PARTITION OF m_2 FOR VALUES IN ('a');
CREATE TABLE m_2_d PARTITION OF m_2 DEFAULT;
CREATE TABLE m_d PARTITION OF m DEFAULT;
---- rows
INSERT INTO m VALUES (1, '2024-01-05', 'a');
---- rows of new
INSERT INTO m VALUES (1, '2024-01-05', 'a'), (2, '2024-02-05', 'a'), (3, '2025-01-01', 'x');

==== a partition is detached and stays, another table is attached
CREATE TABLE m (id integer NOT NULL, k integer NOT NULL, CHECK (id > 0)) PARTITION BY LIST (k);
CREATE INDEX m_i ON m (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1);
CREATE TABLE m2 (id integer NOT NULL, k integer NOT NULL, CONSTRAINT m_id_check CHECK (id > 0));
CREATE INDEX m2_own ON m2 (id);
---- new
CREATE TABLE m (id integer NOT NULL, k integer NOT NULL, CHECK (id > 0)) PARTITION BY LIST (k);
CREATE INDEX m_i ON m (id);
CREATE TABLE m1 (id integer NOT NULL, k integer NOT NULL, CONSTRAINT m_id_check CHECK (id > 0));
CREATE TABLE m2 (id integer NOT NULL, k integer NOT NULL, CONSTRAINT m_id_check CHECK (id > 0));
CREATE INDEX m2_own ON m2 (id);
ALTER TABLE m ATTACH PARTITION m2 FOR VALUES IN (2);
---- rows
INSERT INTO m1 VALUES (1, 1); INSERT INTO m2 VALUES (1, 2);
---- rows of new
INSERT INTO m1 VALUES (1, 1); INSERT INTO m2 VALUES (1, 2);

==== other bounds for a partition
CREATE TABLE m (id integer) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
---- new
CREATE TABLE m (id integer) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (15);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (15) TO (30);
---- rows
INSERT INTO m VALUES (1), (16);
---- rows of new
INSERT INTO m VALUES (1), (16);

==== columns of a partitioned tree: added, dropped, retyped, with defaults of their own below
CREATE TABLE m (id integer NOT NULL, a integer, b text DEFAULT 'x', gone text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE m21 PARTITION OF m2 FOR VALUES FROM (10) TO (15);
ALTER TABLE m1 ALTER COLUMN b SET DEFAULT 'own'; ALTER TABLE m21 ALTER COLUMN b DROP DEFAULT;
ALTER TABLE m21 ALTER COLUMN a SET NOT NULL;
CREATE VIEW v AS SELECT id, a FROM m;
---- new
CREATE TABLE m (id integer NOT NULL, a bigint, b text DEFAULT 'y', n integer DEFAULT 5 NOT NULL, g integer GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE m21 PARTITION OF m2 FOR VALUES FROM (10) TO (15);
ALTER TABLE m1 ALTER COLUMN b SET DEFAULT 'own'; ALTER TABLE m21 ALTER COLUMN b DROP DEFAULT;
ALTER TABLE m21 ALTER COLUMN a SET NOT NULL; ALTER TABLE m1 ALTER COLUMN n SET DEFAULT 6;
CREATE VIEW v AS SELECT id, a FROM m;
---- rows
INSERT INTO m (id, a) VALUES (1, 1), (11, 2);

==== constraints on partitions of their own, foreign keys from and to a partitioned table
CREATE TABLE k (id integer PRIMARY KEY);
CREATE TABLE m (id integer NOT NULL, k integer, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE r (id integer, m integer);
---- new
CREATE TABLE k (id integer PRIMARY KEY);
CREATE TABLE m (id integer NOT NULL, k integer REFERENCES k, PRIMARY KEY (id), CONSTRAINT c CHECK (k > 0)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m1 ADD CONSTRAINT own CHECK (k < 100), ADD CONSTRAINT u UNIQUE (k);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
CREATE TABLE r (id integer, m integer REFERENCES m ON DELETE CASCADE);
---- rows
INSERT INTO k VALUES (1); INSERT INTO m VALUES (1, 1); INSERT INTO r VALUES (1, 1);
---- rows of new
INSERT INTO k VALUES (1); INSERT INTO m VALUES (1, 1); INSERT INTO r VALUES (1, 1);

==== triggers on a parent, cloned to partitions, disabled on one
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE m (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TRIGGER t AFTER INSERT ON m FOR EACH ROW EXECUTE FUNCTION tf();
CREATE TRIGGER own BEFORE INSERT ON m1 FOR EACH ROW EXECUTE FUNCTION tf();
---- new
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE m (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
CREATE TRIGGER t AFTER INSERT OR UPDATE ON m FOR EACH ROW EXECUTE FUNCTION tf();
CREATE TRIGGER own BEFORE INSERT ON m1 FOR EACH ROW EXECUTE FUNCTION tf();
ALTER TABLE m1 DISABLE TRIGGER t;

==== a plain table becomes partitioned, hash partitions, expression keys
CREATE TABLE a (id integer, t text);
CREATE TABLE h (id integer) PARTITION BY HASH (id);
CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE e (t text) PARTITION BY LIST (lower(t));
CREATE TABLE e1 PARTITION OF e FOR VALUES IN ('a');
---- new
CREATE TABLE a (id integer, t text) PARTITION BY RANGE (id);
CREATE TABLE a1 PARTITION OF a DEFAULT;
CREATE TABLE h (id integer) PARTITION BY HASH (id);
CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE h2 PARTITION OF h FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE h3 PARTITION OF h FOR VALUES WITH (MODULUS 4, REMAINDER 3);
CREATE TABLE e (t text) PARTITION BY LIST (lower(t));
CREATE TABLE e1 PARTITION OF e FOR VALUES IN ('a', 'b', NULL);

==== a parent's unique index and its attached ones get other names, one is only on a partition, one parent's index is invalid
CREATE TABLE m (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
CREATE UNIQUE INDEX m_u ON m (id);
CREATE INDEX m1_n ON m1 (n);
---- new
CREATE TABLE m (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
CREATE UNIQUE INDEX m_unique ON m (id);
CREATE INDEX m1_n ON m1 (n);
CREATE INDEX m_n ON ONLY m (n);
ALTER INDEX m_n ATTACH PARTITION m1_n;

==== partition moves to another parent
CREATE TABLE m (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE o (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF m FOR VALUES FROM (0) TO (10);
---- new
CREATE TABLE m (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE o (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF o FOR VALUES FROM (5) TO (10);
---- rows
INSERT INTO m VALUES (6);

==== partitions with columns in another order, a dropped column, their own storage and fillfactor
CREATE TABLE m (a integer, b text, c integer) PARTITION BY RANGE (a);
CREATE TABLE p (x integer, c integer, b text, a integer) WITH (fillfactor = 70);
ALTER TABLE p DROP COLUMN x; ALTER TABLE m ATTACH PARTITION p FOR VALUES FROM (0) TO (10);
---- new
CREATE TABLE m (a integer, b text, c integer, d date) PARTITION BY RANGE (a);
CREATE TABLE p (c integer, b text, a integer, d date) WITH (fillfactor = 80, autovacuum_enabled = off);
ALTER TABLE p ALTER COLUMN b SET STORAGE EXTERNAL; ALTER TABLE m ATTACH PARTITION p FOR VALUES FROM (0) TO (10);
---- rows
INSERT INTO m VALUES (1, 'b', 3);

==== identity on a partitioned table (from 17)
CREATE TABLE m (id bigint GENERATED ALWAYS AS IDENTITY, at date) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
---- new
CREATE TABLE m (id bigint GENERATED BY DEFAULT AS IDENTITY (START 100), at date) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE m2 PARTITION OF m DEFAULT;
---- rows
INSERT INTO m (at) VALUES ('2024-05-05'), ('2024-05-06');

==== serial on a partitioned table becomes a plain column and back
CREATE TABLE m (id bigserial, at date) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m DEFAULT;
---- new
CREATE TABLE m (id bigint NOT NULL, at date) PARTITION BY RANGE (at);
CREATE TABLE m1 PARTITION OF m DEFAULT;
---- rows
INSERT INTO m (at) VALUES ('2024-05-05');

==== row security, grants, comments and triggers of a partition alone
CREATE TABLE m (id integer) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m DEFAULT;
---- new
CREATE TABLE m (id integer) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m DEFAULT;
ALTER TABLE m1 ENABLE ROW LEVEL SECURITY; ALTER TABLE m1 FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON m1 FOR SELECT TO app USING (id > 0);
GRANT SELECT ON m1 TO app; COMMENT ON TABLE m1 IS 'one'; COMMENT ON COLUMN m1.id IS 'id';
ALTER TABLE m1 REPLICA IDENTITY FULL;

==== a check above that is there below already, not valid, and a primary key of its own below
CREATE TABLE m (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m1 ADD CONSTRAINT pk PRIMARY KEY (id); ALTER TABLE m1 ADD CONSTRAINT c CHECK (n > 0);
---- new
CREATE TABLE m (id integer NOT NULL, n integer, CONSTRAINT c CHECK (n > 0)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
ALTER TABLE m ADD CONSTRAINT mpk PRIMARY KEY (id);
---- rows
INSERT INTO m VALUES (1, 1);

==== the whole tree goes and comes
CREATE TABLE x (id integer);
---- new
CREATE TABLE x (id integer);
CREATE TABLE m (id integer NOT NULL, k text COLLATE "C", PRIMARY KEY (id, k)) PARTITION BY LIST (k);
CREATE TABLE m_a PARTITION OF m FOR VALUES IN ('a') PARTITION BY RANGE (id);
CREATE TABLE m_a1 PARTITION OF m_a FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE m_a2 PARTITION OF m_a FOR VALUES FROM (10) TO (MAXVALUE);
CREATE INDEX ON m (k, id); CREATE STATISTICS s ON id, k FROM m_a1;
COMMENT ON INDEX m_k_id_idx IS 'x';
CREATE VIEW v AS SELECT tableoid::regclass AS t, id FROM m;

==== a foreign key between two partitioned trees that changes its action (from 15)
CREATE TABLE a (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE a1 PARTITION OF a DEFAULT;
CREATE TABLE b (id integer PRIMARY KEY, a integer CONSTRAINT fk REFERENCES a) PARTITION BY RANGE (id);
CREATE TABLE b1 PARTITION OF b DEFAULT;
---- new
CREATE TABLE a (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE a1 PARTITION OF a DEFAULT;
CREATE TABLE b (id integer PRIMARY KEY, a integer CONSTRAINT fk REFERENCES a ON DELETE CASCADE DEFERRABLE) PARTITION BY RANGE (id);
CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (0) TO (5);
CREATE TABLE b2 PARTITION OF b DEFAULT;
---- rows
INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1);

==== a partition that is partitioned itself becomes a plain one, while the type of its key changes
CREATE TABLE p (t int, id int, v text, PRIMARY KEY (t, id)) PARTITION BY LIST (t); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY RANGE (id); CREATE TABLE p1a PARTITION OF p1 FOR VALUES FROM (0) TO (10); CREATE TABLE r (t int, id int, FOREIGN KEY (t, id) REFERENCES p);
---- new
CREATE TABLE p (t int, id bigint, v varchar(99), n int DEFAULT 0, PRIMARY KEY (t, id, n)) PARTITION BY LIST (t); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2); CREATE TABLE r (t int, id int, n int, FOREIGN KEY (t, id, n) REFERENCES p);

==== an index is only on the parent, and the partition has another one
CREATE TABLE p (a int, b int) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (9); CREATE INDEX pi ON ONLY p (b);
---- new
CREATE TABLE p (a int, b int) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p FOR VALUES FROM (0) TO (9); CREATE INDEX pi ON p (b); CREATE INDEX extra ON c (a, b);

==== columns of a partitioned tree are put aside, with defaults, NOT NULL, checks, indexes, keys and comments above and below (put aside)
CREATE SEQUENCE q;
CREATE DOMAIN must AS integer CHECK (VALUE > 0) NOT NULL;
CREATE TABLE k (id integer PRIMARY KEY);
CREATE TABLE m (id integer NOT NULL, a integer DEFAULT 1 NOT NULL, b text CHECK (b <> ''), c integer REFERENCES k, d must DEFAULT 4, e serial, CONSTRAINT u UNIQUE (id, a)) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE m21 PARTITION OF m2 FOR VALUES FROM (10) TO (15);
ALTER TABLE m1 ALTER COLUMN a SET DEFAULT 7; ALTER TABLE m1 ALTER COLUMN b SET DEFAULT 'own', ALTER COLUMN b SET NOT NULL, ALTER COLUMN c SET DEFAULT nextval('q');
ALTER TABLE m21 ALTER COLUMN b SET NOT NULL; ALTER TABLE m21 ADD CONSTRAINT own CHECK (c < 100);
CREATE INDEX mb ON m (b); CREATE INDEX m1c ON m1 (c); COMMENT ON COLUMN m.b IS 'b'; COMMENT ON COLUMN m21.b IS 'below';
CREATE VIEW v AS SELECT id, a, b FROM m;
---- new
CREATE TABLE m (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE m21 PARTITION OF m2 FOR VALUES FROM (10) TO (15);
---- rows
INSERT INTO k VALUES (3); INSERT INTO m (id, a, b, c) VALUES (1, 1, 'x', 3), (11, 2, 'y', NULL);

==== a column of a partitioned table is put aside, and a partition comes (put aside)
CREATE TABLE m (id integer NOT NULL, a text COLLATE "C" DEFAULT 'a' NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
---- new
CREATE TABLE m (id integer NOT NULL, b text) PARTITION BY RANGE (id);
CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (10);
CREATE TABLE m2 PARTITION OF m FOR VALUES FROM (10) TO (20);
---- rows
INSERT INTO m VALUES (1, 'x'), (2, 'y');

==== an index goes, and that of the next one in a partition has its name from then on, a key too
CREATE TABLE m (id integer NOT NULL) PARTITION BY RANGE (id); CREATE TABLE m1 PARTITION OF m DEFAULT;
CREATE INDEX a ON m (id); CREATE INDEX b ON m (id) WHERE id > 5; CREATE UNIQUE INDEX c ON m (id); ALTER TABLE m ADD UNIQUE (id);
---- new
CREATE TABLE m (id integer NOT NULL) PARTITION BY RANGE (id); CREATE TABLE m1 PARTITION OF m DEFAULT;
CREATE INDEX b ON m (id) WHERE id > 5; CREATE UNIQUE INDEX c ON m (id); ALTER TABLE m ADD UNIQUE (id);
---- rows
INSERT INTO m VALUES (1);
---- rows of new
INSERT INTO m VALUES (1);

==== a check of a partitioned table that is made anew, and of its partition, which loses a column
CREATE TABLE item (i integer, o numeric) PARTITION BY HASH (i);
CREATE TABLE p PARTITION OF item FOR VALUES WITH (MODULUS 4, REMAINDER 2);
ALTER TABLE item ADD CONSTRAINT w CHECK (i > 0 OR i < -49);
---- new
CREATE TABLE item (k integer, o numeric) PARTITION BY HASH (k);
CREATE TABLE p PARTITION OF item FOR VALUES WITH (MODULUS 4, REMAINDER 2);
ALTER TABLE item ADD CONSTRAINT w CHECK (k > 0 OR k < -49);

==== a table with an index of its own, like one of the partitioned table, is attached without it
CREATE TABLE m (a integer, b text) PARTITION BY LIST (b); CREATE TABLE m1 (a integer, b text);
CREATE INDEX i ON m (b, a); CREATE INDEX own ON m1 (b, a); CREATE INDEX other ON m1 (b DESC, a); COMMENT ON INDEX own IS 'own';
---- new
CREATE TABLE m (a integer, b text) PARTITION BY LIST (b); CREATE TABLE m1 (a integer, b text);
ALTER TABLE m ATTACH PARTITION m1 FOR VALUES IN ('x');
CREATE INDEX i ON m (b, a); CREATE INDEX own ON m1 (b, a); CREATE INDEX other ON m1 (b DESC, a); COMMENT ON INDEX own IS 'own';
---- rows
INSERT INTO m1 VALUES (1, 'x');
---- rows of new
INSERT INTO m1 VALUES (1, 'x');

==== a key that some partitions lack, and that becomes whole
CREATE TABLE m (a integer NOT NULL, b text NOT NULL) PARTITION BY LIST (b);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('x'); CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('y');
ALTER TABLE ONLY m ADD CONSTRAINT k PRIMARY KEY (b, a); ALTER TABLE ONLY m ADD CONSTRAINT u UNIQUE (b);
ALTER TABLE m1 ADD CONSTRAINT k1 PRIMARY KEY (b, a); ALTER INDEX k ATTACH PARTITION k1; CREATE UNIQUE INDEX m2_own ON m2 (b, a);
---- new
CREATE TABLE m (a integer NOT NULL, b text NOT NULL) PARTITION BY LIST (b);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('x'); CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('y');
ALTER TABLE ONLY m ADD CONSTRAINT k PRIMARY KEY (b, a);
ALTER TABLE m1 ADD CONSTRAINT k1 PRIMARY KEY (b, a); ALTER INDEX k ATTACH PARTITION k1;
ALTER TABLE m2 ADD CONSTRAINT k2 PRIMARY KEY (b, a); ALTER INDEX k ATTACH PARTITION k2;
---- rows
INSERT INTO m VALUES (1, 'x'), (1, 'y');
---- rows of new
INSERT INTO m VALUES (1, 'x'), (1, 'y');

==== a check of a partitioned table is made anew and not validated, and those of its partitions are valid
CREATE TABLE m (a integer, b text) PARTITION BY LIST (b); ALTER TABLE m ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('x'); CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('y') PARTITION BY LIST (a); CREATE TABLE m21 PARTITION OF m2 DEFAULT;
---- new
CREATE TABLE m (a integer, b text) PARTITION BY LIST (b); ALTER TABLE m ADD CONSTRAINT c CHECK (a > 1) NOT VALID;
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('x'); CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('y') PARTITION BY LIST (a); CREATE TABLE m21 PARTITION OF m2 DEFAULT;
---- rows
INSERT INTO m VALUES (2, 'x'), (3, 'y');
---- rows of new
INSERT INTO m VALUES (2, 'x'), (3, 'y');

==== a partition goes from a partitioned table that goes to another one, and loses columns of its keys
CREATE TABLE r (a integer, b text, PRIMARY KEY (a, b));
CREATE TABLE m (id integer, a integer, b text, c integer, PRIMARY KEY (id, b), UNIQUE (b, a) INCLUDE (c), FOREIGN KEY (a, b) REFERENCES r) PARTITION BY LIST (b);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('x');
---- new
CREATE TABLE r (a integer, b text, PRIMARY KEY (a, b));
CREATE TABLE n (id integer, b text, PRIMARY KEY (id, b)) PARTITION BY LIST (b);
CREATE TABLE m1 PARTITION OF n FOR VALUES IN ('x');
---- rows
INSERT INTO r VALUES (1, 'x'); INSERT INTO m VALUES (1, 1, 'x', 3);
---- rows of new
INSERT INTO n VALUES (1, 'x');

==== a foreign key to a key that all partitions of the other table get first, one of which comes
CREATE TABLE p (id integer PRIMARY KEY, r integer) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id);
CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (0) TO (5); CREATE TABLE c (p integer REFERENCES p ON DELETE CASCADE);
---- new
CREATE TABLE p (id integer, r integer NOT NULL, PRIMARY KEY (id, r), UNIQUE (id)) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id);
CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (0) TO (5); CREATE TABLE p2 PARTITION OF p DEFAULT;
CREATE TABLE c (p integer REFERENCES p (id) ON DELETE SET NULL, q integer, r integer, FOREIGN KEY (q, r) REFERENCES p);
CREATE UNIQUE INDEX pr ON p (r, id); ALTER TABLE c ADD FOREIGN KEY (r, q) REFERENCES p (r, id);
---- rows
INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1);
---- rows of new
INSERT INTO p VALUES (1, 2); INSERT INTO c VALUES (1, 1, 2);

==== a key and an index of the same columns come, also to partitions that come and that move
CREATE TABLE m (a integer NOT NULL, b text NOT NULL) PARTITION BY LIST (b); CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('x'); CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('y');
---- new
CREATE TABLE m (a integer NOT NULL, b text NOT NULL, UNIQUE (b, a)) PARTITION BY LIST (b); CREATE UNIQUE INDEX i ON m (b, a);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('x', 'z'); CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('y'); CREATE TABLE m3 PARTITION OF m DEFAULT;
---- rows
INSERT INTO m VALUES (1, 'x'), (2, 'y');
---- rows of new
INSERT INTO m VALUES (1, 'x'), (2, 'y');
