-- A partitioned table with partitions gets a primary key, whose parts are named by the server.
---- old
CREATE TABLE semi (c integer NOT NULL, d integer) PARTITION BY LIST (c);
CREATE TABLE "open" PARTITION OF semi FOR VALUES IN (3, 13);
CREATE TABLE a_2 PARTITION OF semi FOR VALUES IN (1, 11);
---- new
CREATE TABLE semi (c integer NOT NULL, d integer) PARTITION BY LIST (c);
CREATE TABLE "open" PARTITION OF semi FOR VALUES IN (3, 13);
CREATE TABLE a_2 PARTITION OF semi FOR VALUES IN (1, 11);
ALTER TABLE semi ADD PRIMARY KEY (c);
ALTER TABLE semi ADD UNIQUE (c, d);
CREATE INDEX zz ON semi (d);
CREATE VIEW item_2 AS SELECT s.c FROM semi s;
