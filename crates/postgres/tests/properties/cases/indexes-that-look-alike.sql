-- Two indexes of a partitioned table that the server takes for alike, made in another order than that of their names.
---- old
CREATE TABLE t (id integer NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE item PARTITION OF t FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (id);
CREATE TABLE leaf PARTITION OF item FOR VALUES FROM (20) TO (25);
CREATE INDEX later ON t (id);
CREATE INDEX earlier ON t (id DESC NULLS LAST);
---- new
CREATE TABLE t (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE item PARTITION OF t FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (id);
CREATE TABLE leaf PARTITION OF item FOR VALUES FROM (20) TO (25);
CREATE INDEX n_later ON t (n);
CREATE INDEX n_earlier ON t (n DESC NULLS LAST);
