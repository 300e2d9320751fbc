-- A type is made anew while a partition with a column of it is detached.
---- old
CREATE TYPE state AS ENUM ('a', 'b', 'c');
CREATE TABLE t (id integer NOT NULL, s state) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF t FOR VALUES FROM (30) TO (40);
---- new
CREATE TYPE state AS ENUM ('b', 'c');
CREATE TABLE t (id integer NOT NULL, s state) PARTITION BY RANGE (id);
CREATE TABLE part (id integer NOT NULL, s state);
