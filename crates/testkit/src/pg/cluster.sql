-- The server's descriptions of its own functions, operators and types, five thousand of them: each pg_dump reads and sorts all of
-- them, which is a fifth of what it asks of the server, and no schema has anything to do with them.
ALTER DATABASE template0 ALLOW_CONNECTIONS true;
\connect template0
SET allow_system_table_mods = on;
DELETE FROM pg_catalog.pg_description
WHERE classoid NOT IN ('pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_extension'::regclass);
VACUUM FULL pg_catalog.pg_description;
\connect postgres
ALTER DATABASE template0 ALLOW_CONNECTIONS false;
