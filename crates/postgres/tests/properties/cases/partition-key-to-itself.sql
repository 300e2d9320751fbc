-- A partitioned table that refers to itself stops being one.
---- old
CREATE TABLE t (id integer PRIMARY KEY, above integer REFERENCES t (id)) PARTITION BY LIST (id);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1, 11);
CREATE TABLE t_rest PARTITION OF t DEFAULT;
---- new
CREATE TABLE t (above integer);
CREATE TABLE t_rest (id integer NOT NULL, above integer, CONSTRAINT t_rest_pkey PRIMARY KEY (id));
