-- Pairs of definitions for tests/kinds.rs that only 18 and newer servers know.
-- case: named not nulls
CREATE TABLE a (id int CONSTRAINT must NOT NULL, b int NOT NULL, c int NOT NULL NO INHERIT, d int, e int CONSTRAINT old NOT NULL);
ALTER TABLE a ADD CONSTRAINT lax NOT NULL d NOT VALID;
-- becomes
CREATE TABLE a (id int NOT NULL, b int CONSTRAINT named NOT NULL, c int NOT NULL, d int CONSTRAINT lax NOT NULL, e int);
ALTER TABLE a ADD CONSTRAINT e_later NOT NULL e NOT VALID;
-- case: not nulls of heirs
CREATE TABLE p (a int NOT NULL, b int, c int CONSTRAINT c_named NOT NULL);
CREATE TABLE q () INHERITS (p);
CREATE TABLE r (a int NOT NULL, b int NOT NULL) INHERITS (p);
-- becomes
CREATE TABLE p (a int, b int NOT NULL, c int CONSTRAINT c_other NOT NULL);
CREATE TABLE q () INHERITS (p);
CREATE TABLE r (a int NOT NULL, b int NOT NULL) INHERITS (p);
CREATE TABLE s (d int) INHERITS (p);
-- case: not nulls of partitions
CREATE TABLE p (id int NOT NULL, a int, b int CONSTRAINT bb NOT NULL) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 (id int NOT NULL, a int NOT NULL, b int NOT NULL);
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
-- becomes
CREATE TABLE p (id int NOT NULL, a int NOT NULL, b int, n int NOT NULL DEFAULT 1) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 (id int NOT NULL, a int NOT NULL, b int NOT NULL, n int NOT NULL DEFAULT 1);
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
-- case: virtual columns
CREATE TABLE v (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL, c int GENERATED ALWAYS AS (a + 2) STORED, d int GENERATED ALWAYS AS (a * 2));
-- becomes
CREATE TABLE v (a int, b int GENERATED ALWAYS AS (a + 3) VIRTUAL, c int GENERATED ALWAYS AS (a + 2) VIRTUAL, d int GENERATED ALWAYS AS (a * 2) STORED);
-- case: constraints that are not enforced
CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0) NOT ENFORCED, r int);
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (r) REFERENCES t NOT ENFORCED;
ALTER TABLE t ADD CONSTRAINT g FOREIGN KEY (r) REFERENCES t;
-- becomes
CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0), r int);
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (r) REFERENCES t;
ALTER TABLE t ADD CONSTRAINT g FOREIGN KEY (r) REFERENCES t NOT ENFORCED;
-- case: keys over time
CREATE TABLE room (id int4range NOT NULL, at daterange NOT NULL);
CREATE TABLE booking (id int4range, room int4range, at daterange);
-- becomes
CREATE TABLE room (id int4range NOT NULL, at daterange NOT NULL, CONSTRAINT room_key PRIMARY KEY (id, at WITHOUT OVERLAPS));
CREATE TABLE booking (id int4range, room int4range, at daterange, CONSTRAINT u UNIQUE (id, at WITHOUT OVERLAPS), FOREIGN KEY (room, PERIOD at) REFERENCES room (id, PERIOD at));
-- case: foreign keys of partitions that are not enforced
CREATE TABLE o (id int PRIMARY KEY);
CREATE TABLE p (id int, o int REFERENCES o NOT ENFORCED) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
-- becomes
CREATE TABLE o (id int PRIMARY KEY);
CREATE TABLE p (id int, o int REFERENCES o) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
