-- A table comes to inherit from one that has checks, which it lacks.
---- old
CREATE TABLE top (a integer, CONSTRAINT small CHECK (a < 100));
CREATE TABLE above (CONSTRAINT positive CHECK (a > 0), CONSTRAINT alone CHECK (a < 10) NO INHERIT) INHERITS (top);
CREATE TABLE below (a integer, b integer);
CREATE TABLE at_the_bottom () INHERITS (below);
COMMENT ON CONSTRAINT positive ON above IS 'kept';
---- new
CREATE TABLE top (a integer, CONSTRAINT small CHECK (a < 100));
CREATE TABLE above (CONSTRAINT positive CHECK (a > 0), CONSTRAINT alone CHECK (a < 10) NO INHERIT, CONSTRAINT fresh CHECK (a <> 7)) INHERITS (top);
CREATE TABLE below (a integer, b integer) INHERITS (above);
CREATE TABLE at_the_bottom () INHERITS (below);
COMMENT ON CONSTRAINT positive ON above IS 'kept';
