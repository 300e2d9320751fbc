-- A column between others, under a view.
---- old
CREATE TABLE "Ab C" (a integer, b text);
CREATE VIEW v AS SELECT a FROM "Ab C";
---- new
CREATE TABLE "Ab C" (a integer, "we""ird" date, b text);
CREATE VIEW v AS SELECT a FROM "Ab C";
